"""Pictures become arrays, and arrays pictures, bit by bit as torchvision does it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it
from torchvision.transforms import InterpolationMode, functional

from models.images.arrays import bytes_of, from_bytes, from_zero, normalized
from tests.models.pictures import scene

SIZES = [(64, 48), (1, 1), (7, 33)]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("size", SIZES)
def test_pixels_are_torchvisions(size: tuple[int, int], mode: str) -> None:
    """In 8 bits, in [0, 1], and back to a picture."""
    image = scene(size).convert(mode)
    pixels = functional.pil_to_tensor(image)
    assert np.array_equal(bytes_of(image), pixels.numpy())
    assert np.array_equal(from_zero(image), functional.to_tensor(image).numpy())
    back, wanted = from_bytes(pixels.numpy()), functional.to_pil_image(pixels)
    assert (back.mode, back.size, back.tobytes()) == (mode, size, wanted.tobytes())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), ((127 / 255,) * 3, (128 / 255,) * 3)],
)
def test_normalization_is_torchvisions(
    size: tuple[int, int], mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    """With ImageNet's figures and with those of EfficientNet-Lite0."""
    image = scene(size)
    wanted = functional.normalize(functional.to_tensor(image), [*mean], [*std])
    assert np.array_equal(normalized(image, mean, std), wanted.numpy())


@pytest.mark.parametrize("size", [(7, 7), (224, 224), (300, 17), (3, 5)])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_torch_resizes_as_torchvision_does(size: tuple[int, int], mode: str) -> None:
    """The maps of `models.tasks.explain` are enlarged by torch alone."""
    found = torch.rand(1, 7, 9, generator=torch.Generator().manual_seed(0))
    wanted = functional.resize(found, [*size], InterpolationMode(mode), antialias=True)
    assert torch.equal(F.interpolate(found[None], size, mode=mode, antialias=True)[0], wanted)
