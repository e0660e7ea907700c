"""The task of shaking a picture: whether its label holds when it is turned, grayed or cut.

Owns the six changes and the strip that shows them. All seven pictures go through the classifier in
one batch. The changes are those that a person would not be misled by (Hendrycks and Dietterich,
2019, arXiv:1903.12261, have a hundred more).
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from models.catalog.records import Classification
from models.catalog.selection import Choice
from models.images.arrays import Array
from models.images.pixel_jobs import AtMost, Look, Looked
from models.images.views import seen as view_of
from models.jobs.answers import Image as Encoded
from models.jobs.answers import RobustnessResult, RobustnessStep
from models.jobs.base import Said
from models.jobs.requests import Shake
from models.runtime.device import device_name
from models.tasks.base import Alone, ClassifierTask
from models.tasks.classify import normalized, prepare_input, top_five, view

LONGEST = 1024
"""Pixels of the long side before the changes: the network sees less, and they cost less."""
SIDE, GAP = 150, 6
"""Pixels of each picture in the strip, and between two."""


def _rotated(image: Image.Image) -> Image.Image:
    return image.rotate(15, Image.Resampling.BICUBIC, fillcolor=(127, 127, 127))


def _blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(0.012 * min(image.size)))


def _compressed(image: Image.Image) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=10)
    return Image.open(file).convert("RGB")


def _middle(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 8, height // 8, width - width // 8, height - height // 8))


CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "original": lambda image: image,
    "flipped": ImageOps.mirror,
    "rotated 15°": _rotated,
    "grey": lambda image: image.convert("L").convert("RGB"),
    "blurred": _blurred,
    "JPEG quality 10": _compressed,
    "center crop": _middle,
}
"""What is done to a picture, by its name; first nothing."""


@dataclass(frozen=True)
class Prepared:
    """The pictures as the network sees them, as `CHANGES` has them: `seen` and `pixels`."""

    choice: Choice[Classification]
    seen: tuple[Image.Image, ...]
    pixels: Array
    notes: tuple[Said, ...]


class RobustnessTask(ClassifierTask, Alone[Prepared, RobustnessResult]):
    """Answers `Shake`."""

    def prepare(self, job: Shake) -> Prepared:
        """See `Task`; changes the picture, too."""
        choice = self._selection.choose(job.model)
        preset = choice.record.preset
        crop = view(preset)
        found = self._do(Look(picture=job.picture, views=(crop, AtMost(longest=LONGEST))))
        assert isinstance(found, Looked)
        # As it is, it stays whole: the label and its probability are those of `Classify`.
        as_it_is, image = (pixels.image() for pixels in found.images)
        seen, inputs = [as_it_is], [normalized(as_it_is, preset)]
        _, *changes = CHANGES.values()
        for change in changes:
            changed = change(image)
            seen.append(view_of(changed, crop))
            inputs.append(prepare_input(changed, choice).pixels)
        return Prepared(choice, tuple(seen), np.stack(inputs), found.notes)

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return item.choice.record.name

    def answer(self, item: Prepared) -> RobustnessResult:
        """See `Alone`."""
        record = item.choice.record
        network = self._networks.classifier(record)
        done = network.run(item.pixels)
        best = [top_five(logits, record.labels)[0] for logits in done.output]
        return RobustnessResult(
            image=_strip(item.seen),
            changes=tuple(
                RobustnessStep(change=change, label=label.label, probability=label.probability)
                for change, label in zip(CHANGES, best, strict=True)
            ),
            model=record.name,
            weights=record.checkpoint.name,
            device=device_name(self._networks.device, network.runtime),
            milliseconds=done.milliseconds,
            substitution=item.choice.substitution,
            notes=item.notes,
            precision=network.precision,
        )


def _strip(pictures: Sequence[Image.Image]) -> Encoded:
    width = len(pictures) * (SIDE + GAP) - GAP
    paper = Image.new("RGB", (width, SIDE), "white")
    for number, picture in enumerate(pictures):
        paper.paste(picture.resize((SIDE, SIDE)), (number * (SIDE + GAP), 0))
    file = io.BytesIO()
    paper.save(file, "JPEG", quality=90)
    return Encoded(data=file.getvalue(), extension="jpg", width=width, height=SIDE)
