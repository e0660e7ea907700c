"""The task of saying what a picture shows: prepare, run, present.

Owns the way from an encoded picture to a sentence and its alternatives. Who answers is decided in
`models.captioning.records`; what a captioner says is `models.captioning.backends`' affair.
`prepare` may happen on any thread; `run` belongs to one, and takes each picture alone, so that its
caption is the same in any batch.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.captioning.records import Captioners, Captionings, Chosen
from models.captioning.small import MAX_BEAMS
from models.images.decode import DecodeError
from models.images.perform import Perform, perform
from models.images.pixel_jobs import Look, Looked
from models.jobs.answers import Captioned, Failure
from models.jobs.base import say
from models.jobs.model_info import ModelCard
from models.jobs.requests import Caption
from models.runtime.cache import NetworkCache
from models.tasks.classify import device_name

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """A decoded picture: `tensor` (3, H, W) is what the chosen captioner sees of it."""

    chosen: Chosen
    tensor: Tensor
    beams: int
    width: int
    height: int
    frames: int


class Describer:
    """Answers `Caption` jobs with those of `records` whose files are here."""

    def __init__(self, records: Captionings, networks: NetworkCache, do: Perform = perform) -> None:
        self._networks = networks
        self._do = do
        self._captioners = Captioners(networks.shelf, records)

    def cards(self) -> tuple[ModelCard, ...]:
        """Return what there is to know of every captioner."""
        return self._captioners.cards()

    def prepare(self, job: Caption) -> Prepared | Failure:
        """Choose the captioner and decode the picture; safe on any thread."""
        chosen = self._captioners.choose(job.model)
        if isinstance(chosen, Failure):
            return chosen
        try:
            picture = self._do(Look(picture=job.picture, views=(chosen.record.view,)))
        except DecodeError as error:
            return error.failure
        assert isinstance(picture, Looked)
        return Prepared(
            chosen=chosen,
            tensor=chosen.record.see(picture.images[0].image()),
            beams=min(max(job.beams or chosen.record.beams, 1), MAX_BEAMS),
            width=picture.width,
            height=picture.height,
            frames=picture.frames,
        )

    def run(self, batch: Sequence[Prepared]) -> Iterator[Captioned | Failure]:
        """Yield what each picture of `batch` shows, or why that can't be said."""
        for item in batch:
            name = item.chosen.record.name
            try:
                yield self._describe(item)
            except torch.OutOfMemoryError:
                _log.exception("%s ran out of memory", name)
                sentence = say(
                    "{model} ran out of memory: try a smaller picture, or again later.", model=name
                )
                yield Failure(code="out_of_memory", sentence=sentence)
            except torch.AcceleratorError:
                raise  # no job can be answered on this device any more
            except Exception:  # noqa: BLE001 - whatever it was, the others go on
                _log.exception("%s failed", name)
                sentence = say(
                    "{model} ran into an error: try another picture or another model.", model=name
                )
                yield Failure(code="model_failed", sentence=sentence)

    def _describe(self, item: Prepared) -> Captioned | Failure:
        record = item.chosen.record
        voice = self._networks.get(
            record.name, lambda: record.load(self._networks.shelf, self._networks.device)
        )
        begun = time.perf_counter()
        caption = voice.say(item.tensor, item.beams)
        milliseconds = (time.perf_counter() - begun) * 1000
        if not caption.text:
            sentence = say(
                "{model} found no words for this: try another picture.", model=record.name
            )
            return Failure(code="model_failed", sentence=sentence)
        return Captioned(
            caption=caption.text,
            log_probability=caption.log_probability,
            sure=not caption.guess,
            alternatives=caption.alternatives,
            model=record.name,
            weights=record.checkpoint,
            width=item.width,
            height=item.height,
            frames=item.frames,
            device=device_name(self._networks.device),
            milliseconds=milliseconds,
            substitution=item.chosen.substitution,
        )
