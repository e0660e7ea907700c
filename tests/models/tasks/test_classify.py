"""From an encoded picture to five labels, alone and in company."""

import io
import logging
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops
from torchvision.transforms import functional
from torchvision.transforms._presets import ImageClassification

from models.bench.naive import in_torchvision
from models.bench.pictures import photograph
from models.catalog.classifiers import Catalog, catalog
from models.catalog.selection import Choice
from models.images.arrays import from_zero
from models.images.views import seen
from models.jobs.answers import Answer, Failure, Labels
from models.jobs.base import Precision
from models.jobs.control import Ready
from models.jobs.requests import Classify
from models.runtime.cache import NetworkCache
from models.tasks.base import TaskTable
from models.tasks.classify import Classifier, Prepared, prepare, present, view
from models.weights.store import WeightsStore
from models.worker.tasks import Tasks
from tests.models.answering import answered
from tests.models.checkpoints import save
from tests.models.pictures import animation, encoded, scene
from tests.models.runtime.test_inference import Narrow
from tests.torchvision_table import checkpoints

LITE = Choice(catalog()["efficientnet_lite0"])
CPU = "cpu"


def labels(answer: Answer | Failure) -> Labels:
    """Return `answer`, which must not be a failure."""
    assert isinstance(answer, Labels), answer
    return answer


def distinct_presets() -> list[tuple[str, ImageClassification]]:
    """Return one of torchvision's presets of each kind, behind the checkpoint that it is for."""
    presets = {str(w.transforms()): (w.url, w.transforms()) for _, w in checkpoints()}
    return list(presets.values())


@pytest.mark.parametrize("size", [(640, 427), (90, 200)])
@pytest.mark.parametrize(
    ("source", "preset"), distinct_presets(), ids=lambda one: str(one).rpartition("/")[2][:12]
)
def test_preprocessing_is_torchvisions(
    source: str, preset: ImageClassification, size: tuple[int, int]
) -> None:
    """The network gets, bit by bit, what torchvision's own preset makes."""
    image = scene(size)
    (record,) = [one for one in catalog().values() if one.checkpoint.source == source]
    found = prepare(encoded(image), Choice(record)).pixels
    assert np.array_equal(found, preset(image).numpy())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_float32_sees_a_large_jpeg_in_full(shelf: WeightsStore, precision: Precision) -> None:
    """Bit by bit the published input; where answers are rounded, a JPEG may be decoded smaller."""
    preset = LITE.record.preset
    data = photograph(1600, 1280)
    networks = NetworkCache(shelf, CPU, precision=precision)
    prepared = Classifier(catalog(), shelf, networks, LITE.record.name).prepare(
        Classify(picture=data)
    )
    assert isinstance(prepared, Prepared)
    with Image.open(io.BytesIO(data)) as whole:
        published = in_torchvision(preset)(whole).numpy()
        as_published = np.array_equal(prepared.pixels, published)
    assert as_published == (precision == "float32")
    assert (prepared.width, prepared.height) == (1600, 1280)


def test_the_crop_is_what_the_network_saw() -> None:
    """Its pixels, normalized, are the input, as near as a JPEG comes."""
    prepared = prepare(encoded(scene((640, 427))), LITE)
    with Image.open(io.BytesIO(prepared.crop)) as seen:
        assert (seen.format, seen.mode, seen.size) == ("JPEG", "RGB", (224, 224))
        values = from_zero(seen)
    off = np.abs(values - (prepared.pixels * 128 + 127) / 255)
    assert off.mean() < 1.5 / 255


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (50_000, 1), (1, 4_000_000)])
def test_pictures_of_any_shape_fit(size: tuple[int, int]) -> None:
    """A strip of a pixel's width is not blown up to a wall of pixels."""
    preset = LITE.record.preset
    assert seen(Image.new("RGB", size, "red"), view(preset)).size == (224, 224)


@pytest.mark.parametrize("size", [(4000, 100), (100, 4000)])
def test_a_long_picture_shows_its_center(size: tuple[int, int]) -> None:
    """What is cut before resizing is what the center crop would never have shown."""
    image = scene(size)
    image.paste(scene((100, 100)), (size[0] // 2 - 50, size[1] // 2 - 50))
    preset = LITE.record.preset
    published = in_torchvision(preset)
    whole = functional.resize(image, published.resize_size, published.interpolation)
    expected = functional.center_crop(whole, published.crop_size)
    difference = ImageChops.difference(seen(image, view(preset)), expected)
    assert max(high for _, high in difference.getextrema()) <= 1  # type: ignore[misc]  # three bands


def test_the_answer_tells_all_about_the_picture(classifier: Classifier) -> None:
    """Its own size, its frames, the model, the weights, and no more than five labels."""
    answer = labels(answered(classifier, Classify(picture=animation("GIF", 3)))[0])
    assert (answer.width, answer.height, answer.frames) == (32, 32, 3)
    assert (answer.model, answer.weights) == ("efficientnet_lite0", "ImageNet-1K")
    assert (answer.device, answer.batch_size, answer.substitution) == ("cpu", 1, None)
    assert answer.milliseconds > 0
    assert len({label.label for label in answer.top}) == 5
    probabilities = [label.probability for label in answer.top]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1


def test_a_bad_picture_fails_alone(classifier: Classifier, shared_data: Path) -> None:
    """Its neighbors answer as if it had not been there."""
    dog = Classify(picture=(shared_data / "bobby.jpg").read_bytes())
    horse = Classify(picture=(shared_data / "horse.jpg").read_bytes())
    bad = Classify(picture=b"no picture")
    alone = [labels(a).top for job in (dog, horse) for a in answered(classifier, job)]
    first, failed, unknown, second = answered(
        classifier, dog, bad, Classify(picture=dog.picture, model="nobody"), horse
    )
    assert isinstance(failed, Failure)
    assert failed.code == "not_a_picture"
    assert isinstance(unknown, Failure)
    assert unknown.code == "unknown_model"
    assert labels(first).batch_size == 2
    for answer, expected in zip((first, second), alone, strict=True):
        assert [x.label for x in labels(answer).top] == [x.label for x in expected]
        for found, wanted in zip(labels(answer).top, expected, strict=True):
            assert found.probability == pytest.approx(wanted.probability, abs=1e-6)


def test_the_same_picture_gets_the_same_answer(classifier: Classifier) -> None:
    """From call to call, to the last bit."""
    job = Classify(picture=encoded(scene((300, 200)), "JPEG"))
    first, second = (labels(answered(classifier, job)[0]) for _ in range(2))
    assert first.top == second.top
    assert first.crop == second.crop


def test_a_flat_answer_is_not_sure(classifier: Classifier, shared_data: Path) -> None:
    """A plain gray shows nothing, a clear dog is a dog."""
    gray = Classify(picture=encoded(Image.new("RGB", (300, 300), "grey")))
    dog = Classify(picture=(shared_data / "bobby.jpg").read_bytes())
    assert [labels(a).sure for a in answered(classifier, gray, dog)] == [False, True]


def test_equal_logits_keep_the_order_of_the_labels() -> None:
    """Ties are broken by the label set, not by chance."""
    item = prepare(encoded(scene()), LITE)
    found = present(item, np.zeros(1000, np.float32), "cpu", 1.0, 1)
    assert [label.label for label in found.top] == list(LITE.record.labels[:5])
    assert math.isclose(found.top[0].probability, 1e-3, rel_tol=1e-9)


def among(records: Catalog, shelf: WeightsStore, default: str) -> Classifier:
    """Return a classifier on the CPU with `records`."""
    return Classifier(records, shelf, NetworkCache(shelf, CPU), default)


def test_batches_of_several_models_are_told_apart(tmp_path: Path, shelf: WeightsStore) -> None:
    """Each picture is answered by its own model, in the order of the jobs."""
    other = save("shufflenet_v2_x0_5", tmp_path / "bobby")
    both: Catalog = {**catalog(), other.name: other}
    classifier = among(both, shelf, "efficientnet_lite0")
    names = ["shufflenet_v2_x0_5", None, "shufflenet_v2_x0_5"]
    answers = answered(classifier, *(Classify(picture=encoded(scene()), model=n) for n in names))
    assert [labels(a).model for a in answers] == [other.name, "efficientnet_lite0", other.name]
    assert [labels(a).batch_size for a in answers] == [2, 1, 2]


def test_a_network_that_raises_fails_its_own_jobs(tmp_path: Path, shelf: WeightsStore) -> None:
    """The jobs of another model in the same batch are answered; the text is not the exception's."""
    broken = save("alexnet", tmp_path / "bobby", Narrow)
    classifier = Classifier(
        {**catalog(), broken.name: broken}, shelf, NetworkCache(shelf, CPU), "efficientnet_lite0"
    )
    picture = encoded(scene())
    jobs = [Classify(picture=picture, model="alexnet"), Classify(picture=picture)]
    tasks = TaskTable({Classify: classifier})
    failing, working = (tasks.prepare(job) for job in jobs)
    (tmp_path / "bobby" / broken.checkpoint.file).unlink()  # gone between choosing and loading
    (failed,), (fine,) = tasks.run([failing]), tasks.run([working])
    assert isinstance(failed, Failure)
    assert failed.code == "model_failed"
    assert str(failed.sentence).startswith("alexnet hit an error. Try another picture")
    assert isinstance(fine, Labels)
    assert fine.model == "efficientnet_lite0"


def test_out_of_memory_is_named(tmp_path: Path, shelf: WeightsStore) -> None:
    """A batch whose halves don't fit either fails with that code, every job of it."""
    narrow = save("alexnet", tmp_path / "bobby", Narrow)
    classifier = Classifier(
        {**catalog(), narrow.name: narrow}, shelf, NetworkCache(shelf, CPU), "alexnet"
    )
    jobs = [Classify(picture=encoded(scene()))] * 9
    found = answered(classifier, *jobs)
    assert [a.code for a in found if isinstance(a, Failure)] == ["out_of_memory"] * 9


def test_ready_tells_what_there_is(shelf: WeightsStore, caplog: pytest.LogCaptureFixture) -> None:
    """The model that answers by default now, which is loaded, and a card for each record."""
    with caplog.at_level(logging.INFO):
        ready = Tasks(shelf, CPU, "resnet101").ready()
    assert "efficientnet_lite0 loaded in" in caplog.text
    assert isinstance(ready, Ready)
    assert ready.default == "efficientnet_lite0"
    classifiers = [card for card in ready.models if card.task == "classify"]
    assert len(classifiers) == len(catalog())
    assert [card.name for card in classifiers if card.ready] == ["efficientnet_lite0"]


def test_resnet101_is_the_default_when_its_weights_are_here(
    tmp_path: Path, shelf: WeightsStore
) -> None:
    """In Bobby's cache under its published name it answers without a word of substitution."""
    resnet = save("resnet101", tmp_path / "bobby")
    classifier = Classifier(
        {**catalog(), resnet.name: resnet}, shelf, NetworkCache(shelf, CPU), "resnet101"
    )
    (answer,) = answered(classifier, Classify(picture=encoded(scene())))
    assert labels(answer).model == "resnet101"
    assert labels(answer).weights == "IMAGENET1K_V1"
    assert labels(answer).substitution is None


def test_prepared_pictures_are_small() -> None:
    """Of a large picture only the network's input is kept."""
    prepared = prepare(encoded(scene((3000, 2000)), "JPEG"), LITE)
    assert isinstance(prepared, Prepared)
    assert prepared.pixels.nbytes + len(prepared.crop) < 1_000_000
    assert (prepared.width, prepared.height) == (3000, 2000)
