"""The task of naming what a picture shows: prepare, run, present.

Owns the way from an encoded picture to five labels, for the worker and the in-process engine
alike. Pictures for one model are one pass of its network.
"""

import io
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.catalog.records import Classification, Preset
from models.catalog.selection import Choice
from models.images import arrays
from models.images.arrays import Array, softmax
from models.images.perform import Perform, perform
from models.images.pixel_jobs import Crop, Look, Looked
from models.images.views import seen
from models.jobs.answers import Label, Labels
from models.jobs.base import Precision, Said
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Classify
from models.runtime.device import device_name
from models.tasks.base import ClassifierTask, running

SPARE = 2.5
"""Where answers are rounded anyway, a JPEG is decoded at so many times the size it is resized to.

The crop of a photograph then differs by a fifth of a step of 255 on average, and 99 pixels of 100
by one at most; 12 million pixels take a third of the time. In float32 it is decoded in full, so
that the answer stays that of the published preprocessing.
"""


_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True)
class ModelInput:
    """What a model sees of a picture: `pixels` (3, H, W) is its normalized input."""

    choice: Choice[Classification]
    pixels: Array


@dataclass(frozen=True)
class Prepared:
    """A decoded picture, small: `pixels` (3, H, W) is the normalized input, `crop` its JPEG."""

    choice: Choice[Classification]
    pixels: Array
    crop: bytes
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...]


class Classifier(ClassifierTask):
    """Answers `Classify` jobs."""

    makes_room = False

    def warm_up(self) -> Choice[Classification]:
        """Load the default model, try it on an example and return it.

        Raises:
            JobError: There is no model.
            Exception: Whatever loading or running the default model raised.
        """
        choice = self.default()
        example = prepare_input(Image.radial_gradient("L").convert("RGB"), choice)
        self.look([example])
        return choice

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every classifier."""
        return self._selection.cards()

    def default(self) -> Choice[Classification]:
        """Return what answers now when no model is named; loads nothing.

        Raises:
            JobError: Nothing can.
        """
        return self._selection.choose(None)

    def look(self, sights: Sequence[ModelInput]) -> Array:
        """Return the probabilities (N, classes) of `sights`, at least one, all for one model.

        Raises:
            Exception: Whatever loading or running the model raised.
        """
        network = self._networks.classifier(sights[0].choice.record)
        return softmax(network.run(np.stack([seen.pixels for seen in sights])).output)

    def prepare(self, job: Classify) -> Prepared:
        """See `Task`."""
        choice = self._selection.choose(job.model)
        in_full = self._networks.precision == "float32"
        return prepare(job.picture, choice, self._do, in_full=in_full)

    def together(self, item: Prepared) -> Hashable:
        """Return the model: pictures for one are one pass of its network."""
        return item.choice.record.name

    def run(self, batch: Sequence[Prepared]) -> Sequence[Labels]:
        """See `Task`; all of `batch` are for one model."""
        record = batch[0].choice.record
        with running(record.name):
            network = self._networks.classifier(record)
            done = network.run(np.stack([item.pixels for item in batch]))
        device = device_name(self._networks.device, network.runtime)
        return [
            present(
                item, logits, device, done.milliseconds, len(batch), precision=network.precision
            )
            for item, logits in zip(batch, done.output, strict=True)
        ]


def prepare(
    data: bytes, choice: Choice[Classification], do: Perform = perform, *, in_full: bool = True
) -> Prepared:
    """Have `data` decoded, in full or as far as `SPARE` needs; apply the record's preprocessing.

    Raises:
        DecodeError: `data` is no usable picture.
    """
    preset = choice.record.preset
    least = None if in_full else round(SPARE * preset.resize)
    found = do(Look(picture=data, views=(view(preset),), least=least))
    assert isinstance(found, Looked)
    image = found.images[0].image()
    shown = io.BytesIO()
    # A PNG takes ten times as long, as much as the network itself does on a fast device.
    image.save(shown, "JPEG", quality=95, subsampling=0)
    return Prepared(
        choice=choice,
        pixels=normalized(image, preset),
        crop=shown.getvalue(),
        width=found.width,
        height=found.height,
        frames=found.frames,
        notes=found.notes,
    )


def view(preset: Preset) -> Crop:
    """Return what `preset` normalizes."""
    resample = _RESAMPLING[preset.interpolation]
    return Crop(resize=preset.resize, crop=preset.crop, resample=resample)


def prepare_input(image: Image.Image, choice: Choice[Classification]) -> ModelInput:
    """Return what the chosen model sees of the RGB picture `image`."""
    preset = choice.record.preset
    return ModelInput(choice, normalized(seen(image, view(preset)), preset))


def normalized(crop: Image.Image, preset: Preset) -> Array:
    """Return the pixels (3, H, W) of `crop`, which `view` has shown, as the network wants them."""
    return arrays.normalized(crop, preset.mean, preset.std)


def present(
    item: Prepared,
    logits: Array,
    device: str,
    milliseconds: float,
    batch_size: int,
    *,
    precision: Precision = "float32",
) -> Labels:
    """Return the answer that `logits`, of shape (classes,), mean for `item`."""
    record = item.choice.record
    top = top_five(logits, record.labels)
    return Labels(
        top=top,
        crop=item.crop,
        model=record.name,
        weights=record.checkpoint.name,
        width=item.width,
        height=item.height,
        frames=item.frames,
        notes=item.notes,
        sure=top[0].probability >= record.sure_from,
        device=device,
        milliseconds=milliseconds,
        batch_size=batch_size,
        substitution=item.choice.substitution,
        precision=precision,
    )


def top_five(logits: Array, labels: Sequence[str]) -> tuple[Label, ...]:
    """Return the five most likely of `labels` by the softmax of `logits`, of shape (classes,).

    Of equally likely labels the one that stands first in the label set comes first.
    """
    probabilities = softmax(logits.astype(np.float64))
    places = (-probabilities).argsort(kind="stable")[:5]
    return tuple(
        Label(label=labels[place], probability=float(probabilities[place])) for place in places
    )
