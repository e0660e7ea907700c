"""The task of shaking a picture: whether its label holds when it is turned, greyed or cut.

Owns the six changes and the strip that shows them. All seven pictures go through the classifier in
one batch. The changes are those that a person would not be misled by (Hendrycks and Dietterich,
2019, arXiv:1903.12261, have a hundred more).
"""

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from models.catalog.classifiers import Catalog
from models.catalog.records import Classification
from models.catalog.selection import Choice, Selection
from models.images.decode import DecodeError
from models.images.perform import Perform, perform
from models.images.pixel_jobs import AtMost, Look, Looked
from models.images.views import seen as view_of
from models.jobs.answers import Failure, Shaken, Shook
from models.jobs.answers import Image as Encoded
from models.jobs.base import say
from models.jobs.requests import Shake
from models.runtime.cache import NetworkCache
from models.tasks.classify import device_name, normalized, sight, top_five, view
from models.weights.store import Shelf

_log = logging.getLogger(__name__)

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
    "as it is": lambda image: image,
    "flipped": ImageOps.mirror,
    "turned by 15°": _rotated,
    "grey": lambda image: image.convert("L").convert("RGB"),
    "blurred": _blurred,
    "JPEG at quality 10": _compressed,
    "its middle": _middle,
}
"""What is done to a picture, by its name; first nothing."""


@dataclass(frozen=True)
class Prepared:
    """The pictures as the network sees them, as `CHANGES` has them: `seen` and `tensors`."""

    choice: Choice[Classification]
    seen: tuple[Image.Image, ...]
    tensors: Tensor


class Shaker:
    """Answers `Shake` with the classifiers of `catalog`."""

    def __init__(
        self,
        catalog: Catalog,
        shelf: Shelf,
        networks: NetworkCache,
        default: str,
        do: Perform = perform,
    ) -> None:
        self._selection = Selection(catalog, shelf, default)
        self._networks = networks
        self._do = do

    def prepare(self, job: Shake) -> Prepared | Failure:
        """Choose the model, decode the picture and change it; safe on any thread."""
        choice = self._selection.choose(job.model)
        if isinstance(choice, Failure):
            return choice
        preset = choice.record.preprocessing()
        crop = view(preset)
        try:
            found = self._do(Look(picture=job.picture, views=(crop, AtMost(longest=LONGEST))))
        except DecodeError as error:
            return error.failure
        assert isinstance(found, Looked)
        # As it is, it stays whole: the label and its probability are those of `Classify`.
        as_it_is, image = (pixels.image() for pixels in found.images)
        seen, tensors = [as_it_is], [normalized(as_it_is, preset)]
        _, *changes = CHANGES.values()
        for change in changes:
            changed = change(image)
            seen.append(view_of(changed, crop))
            tensors.append(sight(changed, choice).tensor)
        return Prepared(choice, tuple(seen), torch.stack(tensors))

    def run(self, batch: Sequence[Prepared]) -> Iterator[Shaken | Failure]:
        """Yield what the labels of each of `batch` become."""
        for item in batch:
            name = item.choice.record.name
            try:
                yield self._shaken(item)
            except torch.AcceleratorError:
                raise  # no job can be answered on this device any more
            except torch.OutOfMemoryError:
                _log.exception("%s ran out of memory", name)
                sentence = say(
                    "{model} ran out of memory: try a smaller model, or again later.", model=name
                )
                yield Failure(code="out_of_memory", sentence=sentence)
            except Exception:  # noqa: BLE001 - whatever it was, the others go on
                _log.exception("%s failed over a shaken picture", name)
                sentence = say("{model} ran into an error: try another model.", model=name)
                yield Failure(code="model_failed", sentence=sentence)

    def _shaken(self, item: Prepared) -> Shaken:
        record = item.choice.record
        network = self._networks.classifier(record)
        done = network.run(item.tensors)
        best = [top_five(logits, record.labels)[0] for logits in done.output]
        return Shaken(
            image=_strip(item.seen),
            changes=tuple(
                Shook(change=change, label=label.label, probability=label.probability)
                for change, label in zip(CHANGES, best, strict=True)
            ),
            model=record.name,
            weights=record.checkpoint.name,
            device=device_name(self._networks.device),
            milliseconds=done.milliseconds,
            substitution=item.choice.substitution,
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
