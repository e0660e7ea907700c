"""Parts of answers that are text alone, for chats and the command line."""

from bot.core.formatting import escape
from bot.core.i18n import label, tr
from models.jobs.answers import BeforeAfter, Label, Labels, PictureAnswer

BAR_CELLS = 8


def bar(probability: float, cells: int = BAR_CELLS) -> str:
    """Return `probability` in [0, 1] as a bar of `cells` characters.

    The empty part has a character of its own: Discord may drop spaces at the end of code.
    """
    full = round(min(max(probability, 0.0), 1.0) * cells)
    return "█" * full + "░" * (cells - full)


def percent(probability: float) -> str:
    """Return `probability` in [0, 1] as people read it: `96.3 %`."""
    return f"{probability * 100:.1f} %"


def receipt(answer: PictureAnswer) -> str:
    """Return the small print of an answer: model, weights, device and milliseconds.

    The precision is named where it is not float32, which alone is exact.
    """
    took = f"{answer.milliseconds:.0f} ms"
    if isinstance(answer, Labels) and answer.batch_size > 1:
        took += " " + tr("(batch of {count})", count=answer.batch_size)
    rounded = [] if answer.precision == "float32" else [answer.precision]
    return " · ".join([answer.model, tr(answer.weights), answer.device, *rounded, took])


def sentence_of(caption: str) -> str:
    """Return a model's caption as a sentence, with a capital and a full stop."""
    return caption[:1].upper() + caption[1:] + "."


def verdict(seen: BeforeAfter) -> str:
    """Return what the classifier says: `sorrel 91.0 % → zebra 88.0 %`."""
    return f"{_seen(seen.before)} → {_seen(seen.after)}"


def _seen(seen: Label) -> str:
    return f"{escape(label(seen.label))} {percent(seen.probability)}"
