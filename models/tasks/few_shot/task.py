"""The tasks of learning labels from a few pictures: features, recognizing, and how well it goes.

Owns the way from a picture to its features and from examples to an answer; the mathematics is
`models.tasks.few_shot.ridge`'s. It keeps nothing: a job brings its examples along.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.catalog.records import Classification
from models.jobs.answers import CrossValidation, Features, Label, Labels
from models.jobs.base import say
from models.jobs.errors import JobError
from models.jobs.requests import ClassifyCustom, CrossValidate, ExtractFeatures
from models.runtime.device import device_name
from models.tasks import classify
from models.tasks.base import Alone, ClassifierTask

if TYPE_CHECKING:
    from torch import Tensor

SURE = 0.6
"""Below this probability of the best label an answer counts as not sure.

Of pictures of two or five taught kinds that were below it, half to two thirds had the right label.
"""

ALIKE = 0.85
"""Below this likeness to the examples of the best label an answer counts as not sure either.

By the scores alone some label nearly always wins. Of six kinds of everyday photographs, two taught
and 112 draws, this leaves 0.90 of the taught ones sure and makes it 0.54 of all others instead of
0.87 with three examples each, 0.35 instead of 0.91 with eight.
"""


@dataclass(frozen=True)
class Prepared:
    """The job, and its picture as the network wants it; None where there is no picture."""

    job: ExtractFeatures | ClassifyCustom | CrossValidate
    seen: classify.Prepared | None


class FewShotTask(ClassifierTask, Alone[Prepared, Features | Labels | CrossValidation]):
    """Answers `ExtractFeatures`, `ClassifyCustom` and `CrossValidate`."""

    def prepare(self, job: ExtractFeatures | ClassifyCustom | CrossValidate) -> Prepared:
        """See `Task`."""
        if isinstance(job, CrossValidate):
            return Prepared(job, None)
        choice = self._selection.choose(job.model)
        if isinstance(job, ClassifyCustom) and not _is_theirs(job, choice.record):
            sentence = say(
                "These labels were learned with {model}, which is no longer installed. "
                "Ask the bot owner to reinstall it, or teach them again.",
                model=job.model,
            )
            raise JobError("no_weights", sentence)
        return Prepared(job, classify.prepare(job.picture, choice, self._do))

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return item.job.model or "The default model"

    def answer(self, item: Prepared) -> Features | Labels | CrossValidation:
        """See `Alone`; imports torch, which alone gives what a layer is given."""
        from models.tasks.few_shot.features import features, together
        from models.tasks.few_shot.ridge import leave_one_out

        if isinstance(item.job, CrossValidate):
            known, vectors, places = together(item.job.examples)
            right, asked = leave_one_out(vectors, places, len(known))
            return CrossValidation(right=right, asked=asked)
        assert item.seen is not None
        record = item.seen.choice.record
        network = self._networks.in_torch(record)
        begun = time.perf_counter()
        vector = features(network, item.seen.pixels)
        took = (time.perf_counter() - begun) * 1000
        if isinstance(item.job, ClassifyCustom):
            return self._recognize(item.job, item.seen, vector, took)
        return Features(
            features=vector.half().numpy().astype("<f2").tobytes(),
            model=record.name,
            weights=record.checkpoint.name,
            device=device_name(self._networks.device),
            milliseconds=took,
            substitution=item.seen.choice.substitution,
            notes=item.seen.notes,
            precision=network.precision,
        )

    def _recognize(
        self, job: ClassifyCustom, seen: classify.Prepared, vector: "Tensor", took: float
    ) -> Labels:
        from models.tasks.few_shot.features import together
        from models.tasks.few_shot.ridge import fit, relative_similarity

        known, vectors, places = together(job.examples)
        chances = fit(vectors, places, len(known)).probabilities(vector[None])[0]
        alike = relative_similarity(vector[None], vectors, places)[0]
        order = chances.argsort(descending=True, stable=True)[:5].tolist()
        top = tuple(Label(label=known[at], probability=float(chances[at])) for at in order)
        return Labels(
            top=top,
            crop=seen.crop,
            model=job.model,
            weights=job.weights,
            width=seen.width,
            height=seen.height,
            frames=seen.frames,
            notes=seen.notes,
            sure=top[0].probability >= SURE and float(alike[order[0]]) >= ALIKE,
            device=device_name(self._networks.device),
            milliseconds=took,
            batch_size=1,
            precision=self._networks.precision,
        )


def _is_theirs(job: ClassifyCustom, record: Classification) -> bool:
    return (record.name, record.checkpoint.name) == (job.model, job.weights)
