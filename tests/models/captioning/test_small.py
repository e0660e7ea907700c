"""The shipped captioner on real pictures."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from models.captioning.mbr import Rarity
from models.captioning.small import ALTERNATIVES, WEIGHTS, Captioner, prepare, quantised
from models.networks.caption_transformer import END, CaptionTransformer, Shape
from models.networks.lite_maps import CELLS, CHANNELS, SIDE
from models.train.caption_data import lite_maps


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
    plain = [Image.new("RGB", (320, 200), colour) for colour in ("navy", "white")]
    return first + turned + plain


@pytest.fixture(scope="module")
def cells(pictures: list[Image.Image]) -> Tensor:
    """Return the cells of the eight pictures, each encoded alone."""
    maps = lite_maps()
    with torch.inference_mode():
        return torch.cat([maps(prepare(picture)[None]) for picture in pictures])


def test_the_file_is_small() -> None:
    """The shipped file stays within 8 MB."""
    assert WEIGHTS.stat().st_size <= 8_000_000


def test_a_picture_becomes_cells(cells: Tensor) -> None:
    """Whatever a picture's shape, there are 81 cells of 1,780 numbers."""
    assert cells.shape == (8, CELLS, CHANNELS)
    assert prepare(Image.new("RGB", (3, 500))).shape == (3, SIDE, SIDE)


@pytest.mark.parametrize("beams", [1, 5])
def test_alone_as_in_a_batch(captioner: Captioner, cells: Tensor, beams: int) -> None:
    """A caption is the same for a picture alone and in a batch of eight."""
    assert captioner.caption(cells, beams) == [
        captioner.caption(one[None], beams)[0] for one in cells
    ]


def test_encoding_in_a_batch_changes_no_caption(
    captioner: Captioner, cells: Tensor, pictures: list[Image.Image]
) -> None:
    """The encoder too may run on all eight pictures at once."""
    with torch.inference_mode():
        together = lite_maps()(torch.stack([prepare(picture) for picture in pictures]))
    torch.testing.assert_close(together, cells, rtol=1e-3, atol=1e-3)
    texts = [caption.text for caption in captioner.caption(together)]
    assert texts == [caption.text for caption in captioner.caption(cells)]


def test_bobby_is_a_dog_and_the_horse_a_horse(captioner: Captioner, cells: Tensor) -> None:
    """The captions name what the two reference pictures show."""
    bobby, horse, zebra = captioner.caption(cells[:3])
    assert "dog" in bobby.text.split()
    assert "horse" in horse.text.split()
    assert len({bobby.text, horse.text, zebra.text}) == 3


def test_alternatives_are_other_captions(captioner: Captioner, cells: Tensor) -> None:
    """Up to three alternatives, none twice and none the caption itself."""
    for caption in captioner.caption(cells):
        assert 1 <= len(caption.alternatives) <= ALTERNATIVES
        assert len({caption.text, *caption.alternatives}) == 1 + len(caption.alternatives)
        assert caption.log_probability < 0


def test_a_blank_sheet_is_a_guess(captioner: Captioner, cells: Tensor) -> None:
    """Of a picture that shows nothing, the captioner is less sure than of a dog."""
    bobby, *_, white = captioner.caption(cells)
    assert white.log_probability < bobby.log_probability


@pytest.mark.parametrize("beams", [1, 5])
def test_the_likelihood_is_a_mean_over_the_tokens(beams: int) -> None:
    """The end counts as one of them; below the threshold, not at it, a caption is a guess."""
    torch.manual_seed(2)
    network = CaptionTransformer(Shape(tokens=12, width=16, layers=1, heads=2, hidden=32))
    network.word.weight.data.mul_(30)
    words = [f"w{token}" for token in range(12)]
    cells = torch.randn(1, CELLS, CHANNELS)
    (said,) = Captioner(network, words, Rarity(100, {}), -99).caption(cells, beams)
    row = torch.tensor([[END, *(words.index(word) for word in said.text.split())]])
    with torch.inference_mode():
        logits = network(cells, row, torch.ones_like(row, dtype=torch.bool))
    following = torch.tensor([[*row[0, 1:].tolist(), END]])
    each = logits.log_softmax(1).gather(1, following.T)
    assert float(each.sum()) != pytest.approx(float(each.mean()))
    assert said.log_probability == pytest.approx(float(each.mean()), abs=1e-4)
    assert not said.guess
    for threshold, guess in ((said.log_probability, False), (said.log_probability + 0.01, True)):
        strict = Captioner(network, words, Rarity(100, {}), threshold)
        assert strict.caption(cells, beams)[0].guess == guess


@pytest.mark.parametrize("beams", [0, 11])
def test_beams_have_limits(captioner: Captioner, cells: Tensor, beams: int) -> None:
    """Fewer than one beam or more than ten are refused."""
    with pytest.raises(ValueError, match="from 1 to 10"):
        captioner.caption(cells, beams)


def test_eight_bits_keep_a_matrix() -> None:
    """Each row comes back within half a step of its own greatest value."""
    matrix = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
    matrix[0] *= 1000
    small = quantised({"a": matrix})
    back = small["a"].float() * small["a.scale"]
    assert ((back - matrix).abs() <= small["a.scale"] * 0.501).all()
