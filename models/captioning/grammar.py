"""What no good caption looks like: slips that a search makes though its words are likely.

Owns their patterns alone, on plain lower-case captions. `models.captioning.small` chooses among
captions without them where there are any.
"""

import re

_AGAIN = re.compile(r"\b([a-z]+(?: [a-z]+)*) \1\b")
"""Something said twice in a row: "a close up of a close up of"."""

_AND_AGAIN = re.compile(r"\b([a-z]+) and (?:[a-z]+ ){0,2}\1\b")
"""The same thing twice: "a hat and a hat", "a black shirt and a black shirt"."""

_UNENDED = re.compile(
    r"\b(?:a|an|the|of|in|on|with|and|at|to|from|by|for|near|his|its|their|is|are|wearing|while)$"
)
_SUBJECT = re.compile(r"^(.*?)(?: (?:in|on|at|with|near|wearing|of) .*?)? (is|are)\b")
"""The words before the first verb, up to a preposition, and the verb."""

_MANY = re.compile(r"^(?:two|three|four|five|several|many)\b")
_ONE = re.compile(r"^(?:a|an|one)\b")
_OF_MANY = re.compile(r"\b(?:group|crowd|couple|pair|herd|flock|bunch|team|lot)\b")


def flawed(text: str) -> bool:
    """Tell whether a caption says a thing twice, doesn't end, or has the wrong "is" or "are"."""
    return bool(_AGAIN.search(text) or _AND_AGAIN.search(text) or _UNENDED.search(text)) or (
        _disagrees(text)
    )


def _disagrees(text: str) -> bool:
    found = _SUBJECT.match(text)
    if not found:
        return False
    subject, verb = found.groups()
    if verb == "is":
        return bool(_MANY.match(subject))
    several = " and " in text[: found.end()] or _OF_MANY.search(subject)
    return bool(_ONE.match(subject)) and not several
