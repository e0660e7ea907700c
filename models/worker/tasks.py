"""The table of tasks of a worker: which answers which type of job."""

from models.captioning.records import captioners
from models.catalog.classifiers import Catalog, catalog
from models.catalog.generators import pairs
from models.images.perform import Perform, perform
from models.jobs.base import Precision, Runtime
from models.jobs.control import Ready
from models.jobs.model_info import ModelInfo
from models.jobs.requests import (
    Caption,
    Classify,
    ClassifyCustom,
    CrossValidate,
    Cycle,
    Explain,
    ExtractFeatures,
    Inspect,
    Locate,
    Read,
    Shake,
    Translate,
    Untrained,
)
from models.reading.records import readers
from models.runtime.cache import NetworkCache
from models.runtime.compile_cache import Compile, compile_here
from models.runtime.device import device_name
from models.tasks.base import TaskTable
from models.tasks.caption import CaptionTask
from models.tasks.classify import Classifier
from models.tasks.explain.task import ExplainTask
from models.tasks.few_shot.task import FewShotTask
from models.tasks.inspection.task import InspectTask
from models.tasks.read import LocateTask, Readers, ReadTask
from models.tasks.shake import RobustnessTask
from models.tasks.translate.task import Translator
from models.tasks.untrained import UntrainedTask
from models.weights.store import WeightsStore


class Tasks(TaskTable):
    """The tasks of one worker, which share its networks; `classifiers` are the catalog's.

    `do` does what needs no network: decoding, cropping, painting over.
    """

    def __init__(
        self,
        shelf: WeightsStore,
        device: str,
        default: str,
        precision: Precision = "float32",
        classifiers: Catalog | None = None,
        *,
        runtime: Runtime = "torch",
        compiles: Compile = compile_here,
        do: Perform = perform,
    ) -> None:
        self._device = device
        networks = NetworkCache(
            shelf, device, precision=precision, runtime=runtime, compiles=compiles
        )
        classifiers = classifiers or catalog()
        shared = (classifiers, shelf, networks, default, do)
        self._classifier = Classifier(*shared)
        self._translator = Translator(pairs(), shelf, networks, self._classifier, do)
        self._readers = Readers(readers(), networks)
        self._describer = CaptionTask(captioners(), networks, do, self._readers)
        learner = FewShotTask(*shared)
        super().__init__(
            {
                Classify: self._classifier,
                Caption: self._describer,
                Read: ReadTask(self._readers, do),
                Locate: LocateTask(self._readers, do),
                Translate: self._translator,
                Cycle: self._translator,
                Explain: ExplainTask(*shared),
                Shake: RobustnessTask(*shared),
                ExtractFeatures: learner,
                ClassifyCustom: learner,
                CrossValidate: learner,
                Inspect: InspectTask(),
                Untrained: UntrainedTask(classifiers, shelf, device, default, do),
            }
        )

    def ready(self) -> Ready:
        """Warm the default classifier up and tell what there is.

        Raises:
            JobError: There is no classifier.
            Exception: Whatever loading or running the default model raised.
        """
        return self._stock(self._classifier.warm_up().record.name)

    def recount(self) -> Ready:
        """Tell what there is now, without loading anything; safe on any thread.

        Raises:
            JobError: There is no classifier any more.
        """
        return self._stock(self._classifier.default().record.name)

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every model of every task."""
        return (
            *self._classifier.cards(),
            *self._translator.cards(),
            *self._describer.cards(),
            *self._readers.cards(),
        )

    def _stock(self, default: str) -> Ready:
        return Ready(device=device_name(self._device), default=default, models=self.cards())
