"""Small real answers, for tests and for the tiny worker."""

from models.jobs.answers import Label, Labels
from models.jobs.control import Ready
from models.jobs.model_info import ModelInfo

CARD = ModelInfo(
    name="echo",
    task="classify",
    parameters=0,
    weights="none",
    source="tests",
    license="MIT",
    ready=True,
)
READY = Ready(device="cpu", default="echo", models=(CARD,))


def labels(text: str, batch_size: int = 1) -> Labels:
    """Return an answer whose one label is `text`."""
    return Labels(
        top=(Label(label=text, probability=1.0),),
        crop=b"",
        model="echo",
        weights="none",
        width=1,
        height=1,
        frames=1,
        sure=True,
        device="cpu",
        milliseconds=0.0,
        batch_size=batch_size,
    )
