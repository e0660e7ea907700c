"""The labels that servers teach: how they are written, and how many there may be."""

import unicodedata
from collections.abc import Iterable

from bot.core.errors import BadLesson
from bot.core.i18n import later, tr

LONGEST = 40
"""Characters of a label: it stands on a line with its probability."""
MOST_LABELS = 20
"""Of one server."""
MOST_EXAMPLES = 20
"""Of one label."""

NO_SERVER = later("Taught labels belong to a server: ask me in a channel of one.")
"""Says why there are none in a direct message."""


def clean(text: str, known: Iterable[str]) -> str:
    """Return the label that `text` means: one of `known`, however it is capitalised, or a new one.

    Raises:
        BadLesson: It can't be a label; the sentence says why.
    """
    normal = unicodedata.normalize("NFC", text)
    plain = "".join(c for c in normal if unicodedata.category(c)[0] != "C" or c.isspace())
    label = " ".join(plain.split())
    if not label:
        raise BadLesson(tr("A label needs letters: write what the pictures show."))
    if len(label) > LONGEST:
        raise BadLesson(
            tr("A label may have {most} characters at most: make it shorter.", most=LONGEST)
        )
    folded = label.casefold()
    return next((one for one in known if one.casefold() == folded), label)
