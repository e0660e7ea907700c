"""CycleGAN's published generator: the same keys, the same arithmetic, the same strictness."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from models.catalog.generators import without_statistics
from models.networks.cyclegan import ResNetGenerator

State = dict[str, Tensor]

KEYS = tuple(
    f"model.{layer}.{kind}"
    for layer in (
        *(1, 4, 7),
        *(f"{block}.conv_block.{conv}" for block in range(10, 19) for conv in (1, 5)),
        *(19, 22, 26),
    )
    for kind in ("weight", "bias")
)
"""The keys of every file the authors publish, less the running statistics."""


def published_layers(state: State, pictures: Tensor) -> Tensor:
    """Run the published layer list from its weights alone, one functional call a layer."""

    def norm(x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        return (x - mean) / torch.sqrt(((x - mean) ** 2).mean((2, 3), keepdim=True) + 1e-5)

    def conv(x: Tensor, name: str, stride: int = 1, zeros: int = 0, mirror: int = 0) -> Tensor:
        x = functional.pad(x, (mirror,) * 4, mode="reflect") if mirror else x
        return functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], stride, zeros)

    def enlarge(x: Tensor, name: str) -> Tensor:
        w, b = state[f"{name}.weight"], state[f"{name}.bias"]
        return functional.conv_transpose2d(x, w, b, 2, padding=1, output_padding=1)

    x = norm(conv(pictures, "model.1", mirror=3)).relu()
    x = norm(conv(x, "model.4", stride=2, zeros=1)).relu()
    x = norm(conv(x, "model.7", stride=2, zeros=1)).relu()
    for block in range(10, 19):
        y = norm(conv(x, f"model.{block}.conv_block.1", mirror=1)).relu()
        x = x + norm(conv(y, f"model.{block}.conv_block.5", mirror=1))
    x = norm(enlarge(x, "model.19")).relu()
    x = norm(enlarge(x, "model.22")).relu()
    return conv(x, "model.26", mirror=3).tanh()


@pytest.fixture(scope="module")
def generator() -> ResNetGenerator:
    """Return the generator with random weights."""
    torch.manual_seed(4)
    return ResNetGenerator().eval()


def test_keys_are_the_published_ones(generator: ResNetGenerator) -> None:
    """The state dict has the published keys in the published order."""
    assert tuple(generator.state_dict()) == KEYS


def test_size_is_the_published_one(generator: ResNetGenerator) -> None:
    """The generator has 11.4 million parameters."""
    assert sum(p.numel() for p in generator.parameters()) == 11_378_179


@pytest.mark.parametrize("size", [(64, 64), (48, 80)])
def test_answers_as_the_published_layers(generator: ResNetGenerator, size: tuple[int, int]) -> None:
    """With the same random weights the answer is the reference's, to 1e-5."""
    pictures = torch.rand(2, 3, *size) * 2 - 1
    with torch.inference_mode():
        answer = generator(pictures)
        reference = published_layers(generator.state_dict(), pictures)
    assert answer.shape == pictures.shape
    torch.testing.assert_close(answer, reference, rtol=0, atol=1e-5)


def test_old_files_load_strictly(generator: ResNetGenerator) -> None:
    """A file of 2017, with running statistics beside the norms, loads once they are dropped."""
    state = dict(generator.state_dict())
    for norm in ("model.2", "model.10.conv_block.2"):
        state[f"{norm}.running_mean"] = torch.zeros(1)
        state[f"{norm}.running_var"] = torch.ones(1)
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    ResNetGenerator().load_state_dict(without_statistics(state))


def test_other_foreign_keys_are_still_refused(generator: ResNetGenerator) -> None:
    """Only the statistics are forgiven: any other key that is too many fails the load."""
    state = dict(generator.state_dict()) | {"model.27.weight": torch.zeros(1)}
    with pytest.raises(RuntimeError, match=r"model\.27\.weight"):
        ResNetGenerator().load_state_dict(without_statistics(state))
