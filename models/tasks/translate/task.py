"""The task of turning one kind of thing into another: prepare, run, and hand on to be presented.

Owns the way from an encoded picture to its translation, there and, for a cycle, back. What waits in
between is kept at the working size; `models.tasks.translate.presentation` reads the picture again
for its answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from models.catalog.records import TranslationModel
from models.catalog.selection import Choice, Selection
from models.images.animation import MAX_FRAMES
from models.images.arrays import from_zero
from models.images.perform import Perform, over, perform
from models.images.pixel_jobs import Overlay, Paint, PaintTwice, Pixels, Sample, Sampled
from models.images.resize import array_of, image_of, padded
from models.images.sizes import LEAST_SIDE, USUAL_PIXELS
from models.jobs.answers import BeforeAfter, Cycled, Translated
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Cycle, Translate
from models.runtime.cache import NetworkCache
from models.runtime.device import device_name
from models.runtime.generator import Generator
from models.tasks.base import Alone
from models.tasks.classify import (
    Classifier,
    ModelInput,
    normalized,
    prepare_input,
    view,
)
from models.tasks.translate.presentation import Receipt, cycled, translated
from models.tasks.translate.verdict import verdict
from models.weights.store import WeightsStore

MEMORY_BYTES = 3 * 1024**3
"""A worker on the CPU stays below this over pictures and frames of 12 million pixels.

Measured: 1.95 GB with the published generator at the largest working size, networks included.
"""

DEFAULT = "horse2zebra"
"""The pair that is meant when none is named."""


@dataclass(frozen=True)
class Prepared:
    """A decoded picture at its working size: `frames` in mode RGB, one of a still picture.

    `back` is set for a cycle, `frames_in_all` counts the file's. `sight` is what the classifier
    sees of the picture as it was sent, and `notes` its small print.
    """

    job: Translate | Cycle
    choice: Choice[TranslationModel]
    back: Choice[TranslationModel] | None
    frames_in_all: int
    frames: tuple[Image.Image, ...]
    sight: ModelInput
    notes: tuple[Said, ...]


class Translator(Alone[Prepared, Callable[[], Translated | Cycled]]):
    """Answers `Translate` and `Cycle` with the generators of `pairs` whose weights are here."""

    makes_room = True

    def __init__(
        self,
        pairs: Mapping[str, TranslationModel],
        shelf: WeightsStore,
        networks: NetworkCache,
        classifier: Classifier,
        do: Perform = perform,
    ) -> None:
        self._selection = Selection(pairs, shelf, DEFAULT)
        self._networks = networks
        self._classifier = classifier
        self._do = do

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every pair."""
        return self._selection.cards()

    def prepare(self, job: Translate | Cycle) -> Prepared:
        """See `Task`."""
        choice = self._selection.choose(job.model)
        back = self._way_back(choice.record) if isinstance(job, Cycle) else None
        return self._prepare(job, choice, back)

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return item.choice.record.name

    def answer(self, item: Prepared) -> Callable[[], Translated | Cycled]:
        """Return what presents the answer, which needs no network; see `Alone`."""
        return self._run_cycle(item, item.back) if item.back else self._run(item)

    def _way_back(self, there: TranslationModel) -> Choice[TranslationModel]:
        if there.inverse is None:
            sentence = say(
                "There's no model that reverses {pair}. Try another pair.", pair=there.purpose
            )
            raise JobError("no_weights", sentence)
        try:
            return self._selection.choose(there.inverse)
        except JobError as error:
            failure = error.failure
            sentence = say("There is no way back here: {reason}", reason=failure.sentence)
            raise JobError(failure.code, sentence) from None

    def _prepare(
        self,
        job: Translate | Cycle,
        choice: Choice[TranslationModel],
        back: Choice[TranslationModel] | None,
    ) -> Prepared:
        judge = self._classifier.default()
        in_full = isinstance(job, Translate) and not job.as_in_book
        preset = judge.record.preset
        found = self._do(
            Sample(
                picture=job.picture,
                most=MAX_FRAMES if in_full else 1,
                view=view(preset),
                short=None if _in_book(job) else job.size,
            )
        )
        assert isinstance(found, Sampled)
        before = ModelInput(judge, normalized(found.view.image(), preset))
        frames = tuple(frame.image() for frame in found.frames)
        return Prepared(job, choice, back, found.frames_in_all, frames, before, found.notes)

    def _run(self, item: Prepared) -> Callable[[], Translated]:
        generator = self._networks.generator(item.choice.record)
        paint = _paint_in_book if _in_book(item.job) else _paint
        layers, milliseconds = paint(generator, item.frames)
        receipt = self._receipt(item, generator, over(layers[0], item.frames[0]), milliseconds)
        painted = Paint(
            picture=item.job.picture,
            layers=layers,
            max_bytes=item.job.max_bytes,
            as_it_is=_in_book(item.job),
        )
        return partial(translated, self._do, painted, item.frames_in_all, receipt)

    def _run_cycle(self, item: Prepared, back: Choice[TranslationModel]) -> Callable[[], Cycled]:
        generator = self._networks.generator(item.choice.record)
        (there,), first = _paint(generator, item.frames)
        zebra = over(there, item.frames[0])
        (again,), second = _paint(self._networks.generator(back.record), (zebra,))
        receipt = self._receipt(item, generator, zebra, first + second)
        painted = PaintTwice(
            picture=item.job.picture, there=there, back=again, max_bytes=item.job.max_bytes
        )
        return partial(cycled, self._do, painted, receipt, back.record.name)

    def _receipt(
        self, item: Prepared, generator: Generator, answer: Image.Image, milliseconds: float
    ) -> Receipt:
        return Receipt(
            pair=item.choice.record,
            verdict=self._judge(item, answer),
            device=device_name(self._networks.device, generator.runtime),
            milliseconds=milliseconds,
            substitution=_substitution(item),
            notes=item.notes,
            precision=self._networks.precision,
        )

    def _judge(self, item: Prepared, answer: Image.Image) -> BeforeAfter:
        after = prepare_input(answer, item.sight.choice)
        before_and_after = self._classifier.look([item.sight, after])
        judge = item.sight.choice.record
        return verdict(before_and_after[0], before_and_after[1], judge, item.choice.record)


def _in_book(job: Translate | Cycle) -> bool:
    return isinstance(job, Translate) and job.as_in_book


def _substitution(item: Prepared) -> Said | None:
    there, back = item.choice.substitution, item.back.substitution if item.back else None
    return say("{one} {other}", one=there, other=back) if there and back else there or back


def _paint(
    generator: Generator, frames: Sequence[Image.Image]
) -> tuple[tuple[Overlay, ...], float]:
    """Return a layer for each of `frames`, and the milliseconds that the network took."""
    width, height = frames[0].size
    together = max(1, USUAL_PIXELS // (max(width, LEAST_SIDE) * max(height, LEAST_SIDE)))
    layers: list[Overlay] = []
    milliseconds = 0.0
    for at in range(0, len(frames), together):
        pictures = np.stack([array_of(frame) for frame in frames[at : at + together]])
        strokes = generator.run(padded(pictures))
        milliseconds += strokes.milliseconds
        colors = strokes.color[..., :height, :width]
        mattes = None if strokes.matte is None else strokes.matte[..., :height, :width]
        for number, color in enumerate(colors):
            matte = None if mattes is None else Pixels.of(image_of(mattes[number] * 2 - 1))
            layers.append(Overlay(color=Pixels.of(image_of(color)), matte=matte))
    return tuple(layers), milliseconds


def _paint_in_book(
    generator: Generator, frames: Sequence[Image.Image]
) -> tuple[tuple[Overlay, ...], float]:
    """Do as the notebook does, which gives the network a picture in [0, 1] as it is.

    The network rounds its sides up to multiples of 4 by itself, so the answer may be a little
    larger. One that can't is given a padded picture, and its answer has that size.
    """
    picture = from_zero(frames[0])[None]
    if not generator.rounds_sides or min(picture.shape[-2:]) < LEAST_SIDE:
        picture = padded(picture)
    strokes = generator.run(picture)
    color = Pixels.of(image_of(strokes.over(picture)[0]))
    return (Overlay(color=color, matte=None),), strokes.milliseconds
