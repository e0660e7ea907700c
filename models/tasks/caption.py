"""The task of saying what a picture shows: prepare, run, present.

Owns the way from an encoded picture to a sentence and its alternatives. Pictures for one captioner
share its passes. Who answers is decided in `models.catalog.selection`, and what is said in
`models.captioning`.
"""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

from models.captioning.own import CaptionBackend
from models.captioning.records import DEFAULT, Captioning, Captionings
from models.captioning.small import MAX_BEAMS
from models.captioning.small import Caption as Spoken
from models.catalog.selection import Choice, Selection
from models.images.arrays import Array
from models.images.perform import Perform, perform
from models.images.pixel_jobs import Look, Looked
from models.jobs.answers import Answer, Captioned
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Caption
from models.runtime.cache import NetworkCache
from models.runtime.device import device_name
from models.tasks.base import Present, running


@dataclass(frozen=True)
class Prepared:
    """A decoded picture: `pixels` (3, H, W) is what the chosen captioner sees of it."""

    choice: Choice[Captioning]
    pixels: Array
    beams: int
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...] = ()


class CaptionTask:
    """Answers `Caption` jobs with those of `records` whose files are here."""

    makes_room = False

    def __init__(self, records: Captionings, networks: NetworkCache, do: Perform = perform) -> None:
        self._networks = networks
        self._do = do
        self._selection = Selection(records, networks.shelf, DEFAULT)

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every captioner."""
        return self._selection.cards()

    def prepare(self, job: Caption) -> Prepared:
        """See `Task`."""
        choice = self._selection.choose(job.model)
        picture = self._do(Look(picture=job.picture, views=(choice.record.view,)))
        assert isinstance(picture, Looked)
        return Prepared(
            choice=choice,
            pixels=choice.record.see(picture.images[0].image()),
            beams=min(max(job.beams or choice.record.beams, 1), MAX_BEAMS),
            width=picture.width,
            height=picture.height,
            frames=picture.frames,
            notes=picture.notes,
        )

    def together(self, item: Prepared) -> Hashable:
        """Return the captioner: it looks at all its pictures at once."""
        return item.choice.record.name

    def run(self, batch: Sequence[Prepared]) -> Sequence[Answer | Present]:
        """See `Task`; all of `batch` are for one captioner."""
        record = batch[0].choice.record
        with running(record.name):
            begun = time.perf_counter()
            voice = self._voice(record)
            pictures, beams = [item.pixels for item in batch], [item.beams for item in batch]
            captions = voice.say(pictures, beams)
            milliseconds = (time.perf_counter() - begun) * 1000
        device = device_name(self._networks.device, voice.runtime)
        return [
            partial(_present, *one, device, milliseconds)
            for one in zip(batch, captions, strict=True)
        ]

    def _voice(self, record: Captioning) -> CaptionBackend:
        networks = self._networks
        return networks.get(
            record.name, lambda: record.load(networks.shelf, networks.device, networks.compiled)
        )


def _present(item: Prepared, caption: Spoken, device: str, milliseconds: float) -> Captioned:
    record = item.choice.record
    if not caption.text:
        sentence = say(
            "{model} couldn't come up with a caption. Try another picture.", model=record.name
        )
        raise JobError("model_failed", sentence)
    return Captioned(
        caption=caption.text,
        log_probability=caption.log_probability,
        sure=not caption.guess,
        alternatives=caption.alternatives,
        model=record.name,
        weights=record.checkpoint.name,
        width=item.width,
        height=item.height,
        frames=item.frames,
        notes=item.notes,
        device=device,
        milliseconds=milliseconds,
        substitution=item.choice.substitution,
    )
