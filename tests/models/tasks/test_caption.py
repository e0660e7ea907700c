"""The way from a picture to a caption's answer, with captioners that say what they are told."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.captioning.published import OWN_SIZE, at_own_size
from models.captioning.records import Captionings, captioners
from models.captioning.small import Caption as Said
from models.images.arrays import Array
from models.jobs.answers import Captioned, Failure
from models.jobs.base import Runtime
from models.jobs.requests import Caption
from models.runtime.cache import NetworkCache
from models.tasks.caption import CaptionTask
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.pictures import encoded, scene

SURE = Said("a dog", -0.5, guess=False, alternatives=("a cat", "a horse"))
GUESS = Said("a thing", -4.5, guess=True, alternatives=())
SILENT = Said("", -1.0, guess=False, alternatives=())


class Told:
    """A captioner that says one thing, and how many beams it was asked for."""

    bytes = 0
    runtime: Runtime = "torch"

    def __init__(self, caption: Said) -> None:
        self.caption = caption
        self.beams: list[int] = []

    def load(self, *_: object) -> "Told":
        """Return itself: there are no weights."""
        return self

    def say(self, pictures: Sequence[Array], beams: Sequence[int]) -> list[Said]:
        """Return the caption for each of `pictures`, whatever it shows."""
        assert {picture.shape for picture in pictures} == {(3, 48, 64)}
        self.beams.extend(beams)
        return [self.caption] * len(pictures)


@pytest.fixture
def voices() -> dict[str, Told]:
    """Return a captioner for each of the three things."""
    return {"sure": Told(SURE), "guess": Told(GUESS), "silent": Told(SILENT)}


@pytest.fixture
def describer(voices: dict[str, Told], tmp_path: Path) -> CaptionTask:
    """Return the task over `voices`, which search four beams unless told."""
    (own, _) = captioners().values()
    records: Captionings = {
        name: replace(own, name=name, beams=4, view=OWN_SIZE, see=at_own_size, load=told.load)
        for name, told in voices.items()
    }
    return CaptionTask(records, NetworkCache(WeightsStore(tmp_path), "cpu"))


def test_an_answer_tells_all_about_the_caption(describer: CaptionTask) -> None:
    """Words, likelihood, whether it is a guess, and the picture's own size and frames."""
    film = encoded(scene(), "GIF", save_all=True, append_images=[scene().rotate(180)])
    jobs = [Caption(picture=film, model=name) for name in ("sure", "guess")]
    first, second = answered(describer, *jobs)
    assert isinstance(first, Captioned)
    assert isinstance(second, Captioned)
    assert (first.caption, first.alternatives) == (SURE.text, SURE.alternatives)
    assert [a.log_probability for a in (first, second)] == [-0.5, -4.5]
    assert [a.sure for a in (first, second)] == [True, False]
    assert (first.width, first.height, first.frames) == (64, 48, 2)
    assert (first.model, first.device, first.substitution) == ("sure", "cpu", None)
    assert first.weights == "trained for Bobby on Flickr8k and everyday photographs"


def test_no_words_are_a_failure_of_one_job(describer: CaptionTask) -> None:
    """An empty sentence isn't shown; the neighbors have theirs."""
    jobs = [Caption(picture=encoded(scene()), model=name) for name in ("silent", "sure")]
    failed, fine = answered(describer, *jobs)
    assert isinstance(failed, Failure)
    assert failed.code == "model_failed"
    assert str(failed.sentence) == ("silent couldn't come up with a caption. Try another picture.")
    assert isinstance(fine, Captioned)


def test_beams_are_the_captioners_own_or_as_asked(
    describer: CaptionTask, voices: dict[str, Told]
) -> None:
    """At least one and at most ten, whatever is asked for."""
    wanted = [None, 1, 7, 10, 99, -3]
    jobs = [Caption(picture=encoded(scene()), model="sure", beams=beams) for beams in wanted]
    assert len(answered(describer, *jobs)) == len(wanted)
    assert voices["sure"].beams == [4, 1, 7, 10, 10, 1]
