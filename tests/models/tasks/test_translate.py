"""From a picture to its translation, on random weights: sizes, pixels that stay, failures."""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageChops
from torchvision.transforms import functional

from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import TranslationModel
from models.images.sizes import FILM_PIXELS
from models.jobs.answers import Answer, Cycled, Failure, Translated
from models.jobs.answers import Image as File
from models.jobs.requests import Cycle, Translate
from models.networks.cyclegan import ResNetGenerator
from models.networks.zebra_student import MatteGenerator
from models.runtime.cache import NetworkCache
from models.tasks.classify import Classifier
from models.tasks.translate.task import Translator
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.checkpoints import save_pair
from tests.models.pictures import animation, encoded, scene

PLENTY = 10_000_000
SMALL = partial(ResNetGenerator, 8, 1)


def matte_of(logit: float) -> MatteGenerator:
    """Return our generator with random colors and the same matte everywhere."""
    torch.manual_seed(3)
    network = MatteGenerator()
    torch.nn.init.zeros_(network.matte.logits.weight)
    torch.nn.init.constant_(network.matte.logits.bias, logit)  # type: ignore[arg-type]  # it has one
    return network


def records(folder: Path) -> dict[str, TranslationModel]:
    """Return pairs with random weights in `folder`.

    Of "horse2zebra" the matte is 1 everywhere, of "zebra2horse" 0; "sat2map" and "map2sat" are
    published generators, with fewer filters; of "facades_label2photo" there are no weights.
    """
    torch.manual_seed(5)
    mattes = [
        replace(record, build=MatteGenerator, adapt=dict, rounds_sides=False)
        for record in (pairs()["horse2zebra"], pairs()["zebra2horse"])
    ]
    published = [
        replace(pairs()[name], build=SMALL)
        for name in ("sat2map", "map2sat", "style_vangogh", "facades_photo2label")
    ]
    saved = [
        *(save_pair(matte_of(x), r, folder) for x, r in zip((4.0, -4.0), mattes, strict=True)),
        *(save_pair(SMALL(), record, folder) for record in published),
        pairs()["facades_label2photo"],
    ]
    return {record.purpose: record for record in saved}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache for weights."""
    return tmp_path_factory.mktemp("pairs")


@pytest.fixture(scope="module")
def translator(folder: Path) -> Translator:
    """Return a translator on the CPU that has the pairs of `records`."""
    shelf = WeightsStore(folder)
    networks = NetworkCache(shelf, "cpu")
    judge = Classifier(catalog(), shelf, networks, "efficientnet_lite0")
    return Translator(records(folder), shelf, networks, judge)


def answers(translator: Translator, *jobs: Translate | Cycle) -> list[Answer | Failure]:
    """Return what becomes of `jobs` as one batch."""
    return answered(translator, *jobs)


def translated(
    translator: Translator,
    data: bytes,
    model: str = "horse2zebra",
    size: int | None = 64,
    **options: int,
) -> Translated:
    """Return the translation of one picture, at a working size that takes little time."""
    options = {"max_bytes": PLENTY} | options
    job = Translate(picture=data, model=model, size=size, **options)  # type: ignore[arg-type]  # as_in_book is an int as well
    (answer,) = answers(translator, job)
    assert isinstance(answer, Translated), answer
    return answer


def opened(file: File) -> Image.Image:
    """Return an answer's file as Pillow reads it."""
    image = Image.open(io.BytesIO(file.data))
    assert image.size == (file.width, file.height)
    return image


@pytest.mark.parametrize("model", ["horse2zebra", "sat2map"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5000), (5000, 3), (17, 40), (64, 64), (500, 333)])
def test_the_answer_has_the_pictures_size(
    translator: Translator, model: str, size: tuple[int, int]
) -> None:
    """From a pixel to a strip, with either kind of generator."""
    answer = translated(translator, encoded(scene(size)), model)
    assert opened(answer.image).size == size
    assert answer.image.extension == "png"


def test_the_working_size_is_told(translator: Translator) -> None:
    """As published if nothing is asked, as asked, or what the memory allows."""
    data = encoded(scene((1000, 500)))
    sizes = [translated(translator, data, "sat2map", size) for size in (None, 100, 99_999)]
    told = [(answer.working_width, answer.working_height) for answer in sizes]
    assert told == [(512, 256), (200, 100), (1448, 724)]


def test_what_is_no_animal_keeps_its_own_pixels(translator: Translator) -> None:
    """Not one pixel of a large picture changes where the matte is empty, however small it was."""
    picture = Image.effect_noise((900, 700), 90).convert("RGB")
    answer = translated(translator, encoded(picture), "zebra2horse")
    assert opened(answer.image).tobytes() == picture.tobytes()


def test_an_animal_is_painted(translator: Translator) -> None:
    """Where the matte is full the picture is the color the network gave."""
    picture = scene((256, 256))
    answer = translated(translator, encoded(picture), size=None)
    network = matte_of(4.0).eval()
    with torch.inference_mode():
        pixels = functional.to_tensor(picture)[None] * 2 - 1
        color = functional.to_pil_image((network.layers(pixels).colour[0] + 1) / 2)
    difference = ImageChops.difference(opened(answer.image), color)
    assert max(high for _, high in difference.getextrema()) <= 1  # type: ignore[misc]  # three bands


@pytest.mark.parametrize(
    ("picture", "mode"),
    [
        (scene((40, 30), "L"), "RGB"),
        (scene((40, 30), "1"), "RGB"),
        (scene((40, 30), "LA"), "RGB"),
        (scene((40, 30), "P"), "RGB"),
        (scene((40, 30), "RGBA"), "RGB"),
        (scene((40, 30)).convert("I;16"), "RGB"),
    ],
    ids=["grey", "bilevel", "grey with alpha", "palette", "opaque alpha", "16 bits"],
)
def test_every_mode_is_answered(translator: Translator, picture: Image.Image, mode: str) -> None:
    """Whatever the picture was stored as."""
    answer = translated(translator, encoded(picture))
    assert (opened(answer.image).size, opened(answer.image).mode) == ((40, 30), mode)


def test_alpha_is_carried_over(translator: Translator) -> None:
    """What could be seen through before can be after, and keeps its colors elsewhere."""
    picture = scene((60, 40), "RGBA")
    picture.putalpha(Image.radial_gradient("L").resize((60, 40)))
    answer = opened(translated(translator, encoded(picture), "zebra2horse").image)
    assert answer.mode == "RGBA"
    assert answer.tobytes() == picture.tobytes()


def test_a_profile_is_carried_over(translator: Translator) -> None:
    """The colors mean what they meant."""
    profile = bytes(16) + b"RGB " + bytes(112)
    answer = translated(translator, encoded(scene(), icc_profile=profile))
    assert opened(answer.image).info["icc_profile"] == profile


def test_a_turned_photograph_is_answered_upright(translator: Translator) -> None:
    """And has no EXIF that would turn it again, or say where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = scene((80, 40))
    answer = opened(translated(translator, encoded(stored, exif=exif), "zebra2horse").image)
    assert answer.tobytes() == stored.transpose(Image.Transpose.ROTATE_270).tobytes()
    assert not answer.getexif()


@pytest.mark.parametrize("limit", [50_000, 5000])
def test_the_file_fits(translator: Translator, limit: int) -> None:
    """An upload limit is kept."""
    picture = Image.effect_noise((600, 400), 90).convert("RGB")
    answer = translated(translator, encoded(picture), "zebra2horse", max_bytes=limit)
    assert len(answer.image.data) <= limit
    opened(answer.image)


def test_a_limit_that_nothing_fits_is_one_failure(translator: Translator) -> None:
    """Not an exception."""
    (answer,) = answers(translator, Translate(picture=encoded(scene()), max_bytes=10))
    assert isinstance(answer, Failure)
    assert "small enough" in str(answer.sentence)


@pytest.mark.parametrize(("kind", "loop"), [("GIF", 0), ("PNG", 0), ("WEBP", 2)])
def test_every_frame_of_an_animation_is_translated(
    translator: Translator, kind: str, loop: int
) -> None:
    """Same container, number, timing and loops, and each frame its own answer."""
    noise = [Image.effect_noise((64, 48), 90).convert("RGB") for _ in range(3)]
    times = [50, 120, 200]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(
        noise[0],
        kind,
        save_all=True,
        append_images=noise[1:],
        duration=times,
        loop=loop,
        **lossless,
    )
    answer = translated(translator, data, "zebra2horse")
    assert (answer.frames, answer.frames_in_all) == (3, 3)
    image = opened(answer.image)
    assert (image.format, getattr(image, "n_frames", 1), image.info["loop"]) == (kind, 3, loop)
    for place, picture in enumerate(noise):
        image.seek(place)
        image.load()
        assert image.info["duration"] == times[place]
        if kind == "PNG":
            assert image.convert("RGB").tobytes() == picture.tobytes()


def test_a_bad_picture_fails_alone(translator: Translator) -> None:
    """Its neighbors in the batch have the answers they would have had by themselves."""
    good, other = encoded(scene()), encoded(scene((80, 64)))
    jobs = [Translate(picture=data, max_bytes=PLENTY, size=64) for data in (good, b"", b"x", other)]
    first, empty, strange, last = answers(translator, *jobs)
    assert isinstance(empty, Failure)
    assert isinstance(strange, Failure)
    assert (empty.code, strange.code) == ("empty_file", "not_a_picture")
    for together, data in ((first, good), (last, other)):
        assert isinstance(together, Translated)
        assert together.image == translated(translator, data).image


@pytest.mark.parametrize(
    ("error", "code"),
    [(torch.OutOfMemoryError("no"), "out_of_memory"), (RuntimeError("no"), "model_failed")],
)
def test_a_network_that_fails_is_named(
    translator: Translator, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    """Too large a picture or a fault inside is one failure with a sentence."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(MatteGenerator, "layers", fail)
    (answer,) = answers(translator, Translate(picture=encoded(scene()), max_bytes=PLENTY))
    assert isinstance(answer, Failure)
    assert answer.code == code
    assert "horse2zebra" in str(answer.sentence)


def test_frames_that_outgrow_the_memory_are_halved(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer at once is tried before giving up."""
    layers: Callable[..., object] = MatteGenerator.layers

    def cramped(network: MatteGenerator, pictures: torch.Tensor) -> object:
        if len(pictures) > 2:
            raise torch.OutOfMemoryError("no")
        return layers(network, pictures)

    monkeypatch.setattr(MatteGenerator, "layers", cramped)
    noise = [Image.effect_noise((32, 32), 90) for _ in range(4)]
    data = encoded(noise[0], "GIF", save_all=True, append_images=noise[1:])
    assert translated(translator, data).frames == 4


def test_as_in_the_book(translator: Translator, folder: Path) -> None:
    """The notebook's own steps: short side 256, no scaling of the input, (x + 1) / 2."""
    picture = scene((1500, 1220))
    answer = translated(translator, encoded(picture), "sat2map", as_in_book=True)
    network = SMALL().eval()
    network.load_state_dict(torch.load(folder / "sat2map.pth", weights_only=True))
    with torch.inference_mode():
        batch = functional.to_tensor(functional.resize(picture, 256))[None]
        expected = functional.to_pil_image((network(batch)[0] + 1) / 2)
    assert answer.image.width, answer.image.height == expected.size == (316, 256)
    difference = ImageChops.difference(opened(answer.image), expected)
    assert max(high for _, high in difference.getextrema()) <= 1  # type: ignore[misc]  # three bands


def test_as_in_the_book_has_the_books_size(translator: Translator, shared_data: Path) -> None:
    """With either kind of generator the horse's answer is as large as the book's."""
    horse = (shared_data / "horse.jpg").read_bytes()
    with Image.open(shared_data / "horse-as-zebra-book.png") as book:
        for model in ("horse2zebra", "sat2map"):
            answer = translated(translator, horse, model, as_in_book=True)
            assert (answer.image.width, answer.image.height) == book.size


def test_the_books_zebra(shared_data: Path) -> None:
    """With the published weights, and only then, the answer is the picture in the book."""
    shelf = WeightsStore()
    record = pairs()["horse2zebra"]
    if shelf.find(record.checkpoint) is None:
        pytest.skip(f"{record.checkpoint.file} is not in Bobby's cache.")
    networks = NetworkCache(shelf, "cpu")
    judge = Classifier(catalog(), shelf, networks, "efficientnet_lite0")
    translator = Translator({"horse2zebra": record}, shelf, networks, judge)
    horse = (shared_data / "horse.jpg").read_bytes()
    answer = opened(translated(translator, horse, as_in_book=True).image)
    with Image.open(shared_data / "horse-as-zebra-book.png") as book:
        difference = ImageChops.difference(answer, book.convert("RGB"))
    histogram = difference.convert("L").histogram()
    assert sum(value * count for value, count in enumerate(histogram)) / sum(histogram) < 2


def test_there_and_back(translator: Translator) -> None:
    """Original, there and back are of one size; an inverse that changes nothing shows `there`."""
    picture = scene((120, 90))
    job = Cycle(picture=encoded(picture), max_bytes=PLENTY, size=64)
    (answer,) = answers(translator, job)
    assert isinstance(answer, Cycled), answer
    original, there, back = map(opened, (answer.original, answer.there, answer.back))
    assert original.tobytes() == picture.tobytes()
    assert there.tobytes() == back.tobytes() != picture.tobytes()
    channels = zip(picture.tobytes(), back.tobytes(), strict=True)
    mean = sum(abs(a - b) for a, b in channels) / len(picture.tobytes()) / 255
    assert answer.difference == pytest.approx(mean)
    assert (answer.model, answer.inverse) == ("horse2zebra", "zebra2horse")


def test_a_small_file_does_not_hold_the_worker(translator: Translator) -> None:
    """A film is cut where its frames together would be too large at the working size."""
    job = Translate(picture=animation("GIF", 20), max_bytes=PLENTY, size=1024)
    prepared = translator.prepare(job)
    assert sum(f.width * f.height for f in prepared.frames) <= FILM_PIXELS
    assert 1 <= len(prepared.frames) < 20


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("style_vangogh", "no model that reverses"), ("facades_photo2label", "no way back")],
)
def test_without_a_way_back_it_says_so(translator: Translator, model: str, sentence: str) -> None:
    """Where nobody trained one, and where its weights are not here."""
    job = Cycle(picture=encoded(scene()), max_bytes=PLENTY, model=model)
    (answer,) = answers(translator, job)
    assert isinstance(answer, Failure)
    assert answer.code == "no_weights"
    assert sentence in str(answer.sentence)


def test_the_verdict_on_a_horse(translator: Translator, shared_data: Path) -> None:
    """The classifier's own words before, of another picture after, and a horse is expected."""
    verdict = translated(translator, (shared_data / "horse.jpg").read_bytes()).verdict
    assert (verdict.before.label, verdict.expected) == ("sorrel", True)
    assert verdict.before.probability == pytest.approx(0.69, abs=0.01)
    assert verdict.after.label != "sorrel"
    assert verdict.model == "efficientnet_lite0"


def test_the_verdict_on_a_dog(translator: Translator, shared_data: Path) -> None:
    """No horse; it is tried all the same, and what would be expected is said."""
    answer = translated(translator, (shared_data / "bobby.jpg").read_bytes())
    assert answer.verdict.before.label == "golden retriever"
    assert not answer.verdict.expected
    assert answer.expects == "a horse in a field"


def test_what_imagenet_has_no_word_for_is_not_doubted(translator: Translator) -> None:
    """Nobody can tell whether that is a satellite picture."""
    assert translated(translator, encoded(scene()), "sat2map").verdict.expected
