"""The small generator: published compressed form, frozen keys, and a background left alone."""

from pathlib import Path

import pytest
import torch

from models.networks.separable import SeparableGenerator
from models.networks.zebra_student import MatteGenerator

COLOUR_KEYS = tuple(
    f"model.{layer}.{kind}"
    for layer in (
        *(1, 4, 7),
        *(
            f"{block}.conv_block.{at}.conv.{conv}"
            for block in range(10, 19)
            for at in (1, 6)
            for conv in (0, 2)
        ),
        *(19, 22, 26),
    )
    for kind in ("weight", "bias")
)
"""The keys of the published compressed generator."""

BLOCKS = ("at2", "at4.0", "at4.1", "at8.0", "at8.1", *(f"at16.{i}" for i in range(5)))
MATTE_KEYS = tuple(
    f"{layer}.{kind}"
    for layer in (
        "stem.1",
        *(
            f"{block}.{conv}"
            for block in BLOCKS
            for conv in ("expand", "depthwise", "project")
            if (block, conv) != ("at2", "expand")
        ),
        *("scene", "top", "skip8", "merge8", "skip4", "merge4", "skip2", "merge2", "logits"),
    )
    for kind in ("weight", "bias")
)


@pytest.fixture(scope="module")
def generator() -> MatteGenerator:
    """Return the generator with random weights."""
    torch.manual_seed(4)
    return MatteGenerator().eval()


def test_keys_are_frozen(generator: MatteGenerator) -> None:
    """The shipped weights' keys: the published ones under `colour`, the matte's own."""
    expected = [f"colour.{key}" for key in COLOUR_KEYS] + [f"matte.{key}" for key in MATTE_KEYS]
    assert list(generator.state_dict()) == expected


def test_published_compressed_generator_loads_strictly(shared_data: Path) -> None:
    """The file published with GAN Compression is this network, key for key."""
    path = shared_data / "horse2zebra" / "gan-compression-horse2zebra.pth"
    if not path.exists():
        pytest.skip(f"{path} is absent.")
    generator = SeparableGenerator()
    generator.load_state_dict(torch.load(path, weights_only=True))
    assert sum(p.numel() for p in generator.parameters()) == 356_867


@pytest.mark.parametrize("size", [(64, 64), (36, 100), (16, 16)])
def test_answer_has_the_pictures_size(generator: MatteGenerator, size: tuple[int, int]) -> None:
    """Any sides that are multiples of 4 work, and the answer stays in range."""
    with torch.inference_mode():
        answer, colour, matte = generator.layers(torch.rand(1, 3, *size) * 2 - 1)
    assert answer.shape == colour.shape == (1, 3, *size)
    assert matte.shape == (1, 1, *size)
    assert answer.abs().max() <= 1
    assert matte.min() >= 0
    assert matte.max() <= 1


def test_background_is_exactly_untouched(generator: MatteGenerator) -> None:
    """Where the matte is sure that there is no animal, not one pixel changes."""
    sure = MatteGenerator().eval()
    sure.load_state_dict(generator.state_dict())
    torch.nn.init.zeros_(sure.matte.logits.weight)
    assert sure.matte.logits.bias is not None
    torch.nn.init.constant_(sure.matte.logits.bias, -4.0)  # a probability of 0.018
    pictures = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(sure(pictures), pictures)
