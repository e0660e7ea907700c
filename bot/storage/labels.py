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

NO_SERVER = later("Custom labels only work in a server. Try this in a server channel.")
"""Says why there are none in a direct message."""


def normalize_label(text: str, known: Iterable[str]) -> str:
    """Return the label that `text` means: one of `known`, however it is capitalised, or a new one.

    Raises:
        BadLesson: It can't be a label; the sentence says why.
    """
    normal = unicodedata.normalize("NFC", text)
    plain = "".join(c for c in normal if unicodedata.category(c)[0] != "C" or c.isspace())
    label = " ".join(plain.split())
    if not label:
        raise BadLesson(tr("What do the pictures show? Add a name, like `my cat`."))
    if len(label) > LONGEST:
        raise BadLesson(tr("That label is too long. The limit is {most} characters.", most=LONGEST))
    folded = label.casefold()
    return next((one for one in known if one.casefold() == folded), label)
