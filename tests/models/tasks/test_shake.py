"""A picture in six other ways, and what its label becomes."""

from pathlib import Path

import numpy as np
import pytest

from bot.replies.shake import CHANGES as NAMES
from models.catalog.classifiers import catalog
from models.jobs.answers import Failure, RobustnessResult
from models.jobs.requests import Shake
from models.runtime.cache import NetworkCache
from models.tasks.classify import prepare
from models.tasks.shake import CHANGES, RobustnessTask
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.pictures import encoded, scene


@pytest.fixture(scope="module")
def shaker(tmp_path_factory: pytest.TempPathFactory) -> RobustnessTask:
    """Return the task over the one classifier whose weights are installed."""
    shelf = WeightsStore(tmp_path_factory.mktemp("bobby"))
    return RobustnessTask(catalog(), shelf, NetworkCache(shelf, "cpu"), "efficientnet_lite0")


def shaken(shaker: RobustnessTask, picture: bytes) -> RobustnessResult:
    """Return the answer about `picture`."""
    (answer,) = answered(shaker, Shake(picture=picture))
    assert isinstance(answer, RobustnessResult)
    return answer


def test_a_clear_dog_stays_a_dog(shaker: RobustnessTask, shared_data: Path) -> None:
    """Flipped, and cut to its middle; the first is the answer of `!classify`."""
    answer = shaken(shaker, (shared_data / "bobby.jpg").read_bytes())
    labels = {one.change: one.label for one in answer.changes}
    assert [*labels] == [*CHANGES]
    for change in ("original", "flipped", "center crop"):
        assert labels[change] == "golden retriever"
    assert answer.changes[0].probability == pytest.approx(0.94, abs=0.02)
    assert answer.image.width == 7 * 156 - 6


def test_as_it_is_a_large_picture_has_the_probability_of_classify(
    shaker: RobustnessTask, shared_data: Path
) -> None:
    """To the last bit of what the network sees: only the changes are made on a smaller copy."""
    picture = (shared_data / "horse.jpg").read_bytes()
    prepared = shaker.prepare(Shake(picture=picture))
    assert np.array_equal(prepared.pixels[0], prepare(picture, prepared.choice).pixels)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (2000, 1500)])
def test_any_size_can_be_shaken(shaker: RobustnessTask, size: tuple[int, int]) -> None:
    """Also a single pixel."""
    assert len(shaken(shaker, encoded(scene(size))).changes) == 7


def test_a_bad_picture_is_refused(shaker: RobustnessTask) -> None:
    """By its own sentence."""
    (refused,) = answered(shaker, Shake(picture=b""))
    assert isinstance(refused, Failure)


def test_the_bot_knows_every_change_by_its_name() -> None:
    """Else it would not be translated."""
    assert tuple(CHANGES) == NAMES
