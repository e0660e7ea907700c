"""Words that a person typed, made to show as they are: no markup, no mention, no link, one line.

File names, labels, models' names and searches are shown so. Discord's own escape is a backslash
before a character; only the two mentions of everybody know none.
"""

import re
import unicodedata

_MARKUP = re.compile(r"[\\*_~|`<>\[\]]|:(?=//)|^[#+-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_KEPT = "\u200d"
"""Joins an emoji of several; other invisible characters hide or turn what stands there."""


def escape(text: str) -> str:
    """Return `text` as it is to stand in a reply."""
    visible = "".join(" " if one in "\t\n\r\v\f" else one for one in text)
    visible = "".join(c for c in visible if c in _KEPT or unicodedata.category(c)[0] != "C")
    line = " ".join(visible.split())
    return _EVERYBODY.sub("@\u200b", _MARKUP.sub(r"\\\g<0>", line))
