"""The shipped captioner on real pictures."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from models.captioning.certainty import Certainty
from models.captioning.mbr import DocumentFrequency
from models.captioning.nouns import found, joined, nouns
from models.captioning.small import (
    ALTERNATIVES,
    WEIGHTS,
    Caption,
    Captioner,
    dequantized,
    quantized,
)
from models.captioning.tags import Tagger
from models.captioning.views import prepare
from models.networks.caption_shape import CELLS, CHANNELS, END, HEAD_CHANNELS, SIDE, TAGS, Shape
from models.networks.caption_transformer import CaptionTransformer
from models.networks.lite_maps import LiteMaps
from models.train.caption_data import lite_maps
from tests.models.captioning.decoding import decoder_of

SAMPLES = Path(__file__).parents[3] / "bot" / "pictures" / "samples"


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    """Return the captioner in the shipped file."""
    return Captioner.load()


@pytest.fixture(scope="module")
def pictures(shared_data: Path) -> list[Image.Image]:
    """Return bobby, the horse, the horse as a zebra, and five changed ones: eight pictures."""
    names = ("bobby.jpg", "horse.jpg", "horse-as-zebra-book.png")
    first = [Image.open(shared_data / name).convert("RGB") for name in names]
    turned = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in first]
    plain = [Image.new("RGB", (320, 200), color) for color in ("navy", "white")]
    return first + turned + plain


@pytest.fixture(scope="module")
def maps() -> LiteMaps:
    """Return the encoder."""
    return lite_maps()


def _said(maps: LiteMaps, captioner: Captioner, cells: Tensor, beams: int = 5) -> list[Caption]:
    with torch.inference_mode():
        classes = maps.classes(cells)
    return captioner.caption(cells.numpy(), classes.numpy(), [beams] * len(cells))


@pytest.fixture(scope="module")
def cells(maps: LiteMaps, pictures: list[Image.Image]) -> Tensor:
    """Return the cells of the eight pictures, each encoded alone."""
    with torch.inference_mode():
        return torch.cat([maps(torch.from_numpy(prepare(picture)[None])) for picture in pictures])


def test_the_file_is_small() -> None:
    """The shipped file stays within 8 MB."""
    assert WEIGHTS.stat().st_size <= 8_000_000


def test_a_picture_becomes_cells(cells: Tensor) -> None:
    """Whatever a picture's shape, there are 81 cells of 1,780 numbers."""
    assert cells.shape == (8, CELLS, CHANNELS)
    assert prepare(Image.new("RGB", (3, 500))).shape == (3, SIDE, SIDE)


@pytest.mark.parametrize("beams", [1, 5])
def test_alone_as_in_a_batch(
    maps: LiteMaps, captioner: Captioner, cells: Tensor, beams: int
) -> None:
    """A caption is the same for a picture alone and in a batch of eight, to rounding."""
    alone = [_said(maps, captioner, one[None], beams)[0] for one in cells]
    for said, expected in zip(_said(maps, captioner, cells, beams), alone, strict=True):
        assert said.log_probability == pytest.approx(expected.log_probability, abs=1e-4)
        assert replace(said, log_probability=0.0) == replace(expected, log_probability=0.0)


def test_each_may_have_its_own_beams(maps: LiteMaps, captioner: Captioner, cells: Tensor) -> None:
    """Several people's wishes in one batch."""
    with torch.inference_mode():
        classes = maps.classes(cells[:3]).numpy()
    mixed = captioner.caption(cells[:3].numpy(), classes, [1, 5, 2])
    for place, beams in enumerate((1, 5, 2)):
        (alone,) = _said(maps, captioner, cells[place][None], beams)
        assert mixed[place].text == alone.text


def test_encoding_in_a_batch_changes_no_caption(
    maps: LiteMaps, captioner: Captioner, cells: Tensor, pictures: list[Image.Image]
) -> None:
    """The encoder too may run on all eight pictures at once."""
    with torch.inference_mode():
        together = maps(torch.from_numpy(np.stack([prepare(picture) for picture in pictures])))
    torch.testing.assert_close(together, cells, rtol=1e-3, atol=1e-3)
    texts = [caption.text for caption in _said(maps, captioner, together)]
    assert texts == [caption.text for caption in _said(maps, captioner, cells)]


def test_bobby_is_a_dog_and_the_horse_a_horse(
    maps: LiteMaps, captioner: Captioner, cells: Tensor
) -> None:
    """The captions name what the two reference pictures show."""
    bobby, horse, zebra = _said(maps, captioner, cells[:3])
    assert "dog" in bobby.text.split()
    assert "horse" in horse.text.split()
    assert len({bobby.text, horse.text, zebra.text}) == 3


def test_alternatives_are_other_captions(
    maps: LiteMaps, captioner: Captioner, cells: Tensor
) -> None:
    """Up to three alternatives, none twice and none the caption itself."""
    for caption in _said(maps, captioner, cells):
        assert 1 <= len(caption.alternatives) <= ALTERNATIVES
        assert len({caption.text, *caption.alternatives}) == 1 + len(caption.alternatives)
        assert caption.log_probability < 0


def test_a_blank_sheet_is_a_guess(maps: LiteMaps, captioner: Captioner, cells: Tensor) -> None:
    """Of a picture that shows nothing the captioner is not sure, of a dog it is."""
    bobby, *_, white = _said(maps, captioner, cells)
    assert white.guess
    assert not bobby.guess


@pytest.mark.parametrize(
    ("sample", "names"),
    [("coffee", {"coffee", "cup", "mug"}), ("cat", {"cat"})],
)
def test_what_is_no_person_and_no_dog_is_named(
    maps: LiteMaps, captioner: Captioner, sample: str, names: set[str]
) -> None:
    """The playground's own samples are said to be what they show, and nobody is made up."""
    picture = Image.open(SAMPLES / f"{sample}.jpg").convert("RGB")
    with torch.inference_mode():
        cells = maps(torch.from_numpy(prepare(picture)[None]))
    (caption,) = _said(maps, captioner, cells)
    words = set(caption.text.split())
    assert words & names
    assert not words & {"man", "woman", "people", "dog", "dogs"}


def test_no_noun_comes_twice(maps: LiteMaps, captioner: Captioner, cells: Tensor) -> None:
    """Neither "a hat and a hat" nor "a apple"."""
    for caption in _said(maps, captioner, cells):
        for text in (caption.text, *caption.alternatives):
            assert len(named := found(joined(text.split()))) == len(set(named))
            assert not {"a apple", "an dog"} & set(map(" ".join, pairwise(text.split())))


@pytest.mark.parametrize("beams", [1, 5])
def test_the_likelihood_is_a_mean_over_the_tokens(beams: int) -> None:
    """The end counts as one of them; a caption less likely right than asked for is a guess."""
    torch.manual_seed(2)
    network = CaptionTransformer(Shape(tokens=12, width=16, layers=1, heads=2, hidden=32))
    network.word.weight.data.mul_(30)
    words = [f"w{token}" for token in range(12)]
    cells = torch.randn(1, CELLS, CHANNELS)
    nothing = Tagger(
        np.zeros((len(nouns()), HEAD_CHANNELS), np.float32),
        np.zeros(len(nouns()), np.float32),
        np.full(len(nouns()), -2.9, np.float32),
    )
    decoder = decoder_of(network)
    for guess in (0.4, 0.6):
        certainty = Certainty((0.0, 0.0, 0.0, 0.0, 0.0), alone=0.0, guess=guess)
        captioner = Captioner(decoder, words, DocumentFrequency(100, {}), nothing, certainty)
        (said,) = captioner.caption(cells.numpy(), np.zeros((1, 1000), np.float32), [beams])
        assert said.guess == (guess > 0.5)
    row = torch.tensor([[END, *(words.index(word) for word in said.text.split())]])
    tags = torch.full((1, TAGS), END)
    with torch.inference_mode():
        logits = network(cells, tags, row, torch.ones_like(row, dtype=torch.bool))
    following = torch.tensor([[*row[0, 1:].tolist(), END]])
    each = logits.log_softmax(1).gather(1, following.T)
    assert float(each.sum()) != pytest.approx(float(each.mean()))
    assert said.log_probability == pytest.approx(float(each.mean()), abs=1e-4)


@pytest.mark.parametrize(
    ("tokens", "text"), [((2, 4), "an apple"), ((3, 5), "a dog"), ((2, 6), "a unicycle")]
)
def test_articles_go_with_what_follows(tokens: tuple[int, ...], text: str) -> None:
    """Whatever the decoder said."""
    words = ["<end>", "<unk>", "a", "an", "apple", "dog", "unicycle"]
    nothing = Tagger(*(np.zeros(size, np.float32) for size in ((1, 1), 1, 1)))
    certainty = Certainty((0.0,) * 5, alone=0.0, guess=0.0)
    network = CaptionTransformer(Shape(tokens=7, width=16, layers=1, heads=2, hidden=32))
    rarity = DocumentFrequency(1, {})
    captioner = Captioner(decoder_of(network), words, rarity, nothing, certainty)
    assert captioner.text(tokens) == text


@pytest.mark.parametrize("beams", [0, 11])
def test_beams_have_limits(captioner: Captioner, cells: Tensor, beams: int) -> None:
    """Fewer than one beam or more than ten are refused."""
    with pytest.raises(ValueError, match="from 1 to 10"):
        captioner.caption(
            cells.numpy(), np.zeros((len(cells), 1000), np.float32), [5] * 7 + [beams]
        )


def test_eight_bits_keep_a_matrix() -> None:
    """Each row comes back within half a step of its own greatest value."""
    matrix = np.random.default_rng(0).standard_normal((5, 64), np.float32)
    matrix[0] *= 1000
    small = quantized({"a": matrix})
    back = dequantized(small)["a"]
    assert (np.abs(back - matrix) <= small["a.scale"] * 0.501).all()
