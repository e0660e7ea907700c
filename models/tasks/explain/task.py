"""The task of showing what made a label: the picture as the network saw it, and where it looked.

Owns the way from an encoded picture to the two side by side. The map is
`models.tasks.explain.hirescam`'s. It asks a network in float32 as it was published, since the fast
form that answers people has no gradients.
"""

import io
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.catalog.records import Classification
from models.catalog.selection import Choice
from models.images.arrays import Array, softmax
from models.images.paper import BLANK, contrast
from models.images.pixel_jobs import Look, Looked
from models.jobs.answers import Explained
from models.jobs.answers import Image as Encoded
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.requests import Explain
from models.runtime.device import device_name
from models.tasks.base import Alone, ClassifierTask
from models.tasks.classify import normalized, top_five, view

GAP = 8
"""Pixels between the two pictures."""


@dataclass(frozen=True)
class Prepared:
    """A decoded picture: `seen` is what the network sees, `pixels` (3, H, W) its input."""

    choice: Choice[Classification]
    label: str | None
    seen: Image.Image
    pixels: Array
    notes: tuple[Said, ...]


class ExplainTask(ClassifierTask, Alone[Prepared, Explained]):
    """Answers `Explain`."""

    def prepare(self, job: Explain) -> Prepared:
        """See `Task`."""
        choice = self._selection.choose(job.model)
        if job.label is not None and job.label not in choice.record.labels:
            sentence = say("{model} doesn't have that label.", model=choice.record.name)
            raise JobError("model_failed", sentence)
        preset = choice.record.preset
        found = self._do(Look(picture=job.picture, views=(view(preset),)))
        assert isinstance(found, Looked)
        seen = found.images[0].image()
        if contrast(seen) < BLANK:
            raise JobError("not_a_picture", say("There is nothing to see in this picture."))
        return Prepared(choice, job.label, seen, normalized(seen, preset), found.notes)

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return item.choice.record.name

    def answer(self, item: Prepared) -> Explained:
        """See `Alone`; imports torch, which alone has gradients."""
        from models.tasks.explain.hirescam import hirescam, overlay

        record = item.choice.record
        network = self._networks.plain(record)
        begun = time.perf_counter()
        place = None if item.label is None else record.labels.index(item.label)
        logits, found = hirescam(network.module, item.pixels, place)
        took = (time.perf_counter() - begun) * 1000
        top = top_five(logits, record.labels)
        chances = softmax(logits.astype(np.float64))
        label = record.labels[int(logits.argmax()) if place is None else place]
        return Explained(
            image=_side_by_side(item.seen, overlay(item.seen, found)),
            label=label,
            probability=float(chances[record.labels.index(label)]),
            top=top,
            model=record.name,
            weights=record.checkpoint.name,
            device=device_name(self._networks.device),
            milliseconds=took,
            substitution=item.choice.substitution,
            notes=item.notes,
        )


def _side_by_side(one: Image.Image, other: Image.Image) -> Encoded:
    paper = Image.new("RGB", (one.width + GAP + other.width, one.height), "white")
    paper.paste(one, (0, 0))
    paper.paste(other, (one.width + GAP, 0))
    file = io.BytesIO()
    paper.save(file, "JPEG", quality=92, subsampling=0)
    return Encoded(data=file.getvalue(), extension="jpg", width=paper.width, height=paper.height)
