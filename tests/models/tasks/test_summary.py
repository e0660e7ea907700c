"""A network taken apart: its tree folded, its layers and its work counted, without memory."""

import pytest
import torch
from torch import nn
from torchvision import models as torchvision_models
from torchvision.models import get_model_weights, list_models

from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.tasks.inspection.summary import build_on_meta, layers, multiply_adds, tree

NAMES = list_models(module=torchvision_models)
SMALLEST = {
    catalog()[name].origin.family: name
    for name in sorted(NAMES, key=lambda name: -catalog()[name].parameters)
}
"""Of each family the network with the fewest parameters."""


def test_repeats_are_folded() -> None:
    """ResNet-101's third stage is a line of 23 bottlenecks, and what they consist of."""
    lines = tree(build_on_meta(catalog()["resnet101"].build)).splitlines()
    at = lines.index("  layer3: Sequential")
    assert lines[at + 1] == "    0–22: Bottleneck ×23"
    assert lines[at + 2].startswith("      conv1: Conv2d(mostly 1024, 256, kernel_size=(1, 1)")
    assert "      downsample: Sequential (in 1 of 23)" in lines[at:]
    assert len(lines) < 60


def test_what_differs_is_not_folded_away() -> None:
    """Layers fold if they are twins; blocks fold and say what only some of them have."""
    block, other = nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 3))
    layered = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.Linear(2, 2), nn.Linear(2, 3), block, other)
    assert tree(layered).splitlines() == [
        "Sequential",
        "  0–1: ReLU ×2",
        "  2: Linear(in_features=2, out_features=2, bias=True)",
        "  3: Linear(in_features=2, out_features=3, bias=True)",
        "  4: Sequential",
        "    0: Linear(in_features=2, out_features=2, bias=True)",
        "  5: Sequential",
        "    0: Linear(in_features=2, out_features=3, bias=True)",
    ]


class Block(nn.Module):
    """A block whose parts differ from one to the next."""

    def __init__(self, act: nn.Module, *, bias: bool = True) -> None:
        super().__init__()
        self.map = nn.Linear(2, 2, bias=bias)
        self.act = act


def test_blocks_that_differ_inside_say_what_most_of_them_have() -> None:
    """And name every kind that stands in a place; blocks of another number of parts fold not."""
    blocks = [Block(nn.ReLU()), Block(nn.ReLU(), bias=False), Block(nn.ReLU()), Block(nn.Tanh())]
    assert tree(nn.Sequential(*blocks, nn.Tanh())).splitlines() == [
        "Sequential",
        "  0–3: Block ×4",
        "    map: Linear(mostly in_features=2, out_features=2, bias=True)",
        "    act: ReLU or Tanh",
        "  4: Tanh",
    ]


@pytest.mark.parametrize("name", ["alexnet", "swin_t", "regnet_x_400mf", "efficientnet_lite0"])
def test_a_weightless_network_has_the_shapes_of_the_real_one(name: str) -> None:
    """The same tensors by name and shape, none of which holds a number."""
    build = catalog()[name].build
    network = build_on_meta(build)
    assert not network.training
    found, real = network.state_dict(), build().state_dict()
    assert {k: v.shape for k, v in found.items()} == {k: v.shape for k, v in real.items()}
    assert all(tensor.is_meta for tensor in found.values())


@pytest.mark.parametrize("name", ["resnet101", *SMALLEST.values()])
def test_multiply_adds_are_those_that_torchvision_publishes(name: str) -> None:
    """Within the last digit of the billions that it states, and one in 200."""
    record = catalog()[name]
    counted = multiply_adds(build_on_meta(record.build), record.preset.crop)
    (weights,) = [w for w in get_model_weights(name) if w.name == record.checkpoint.name]
    assert counted / 1e9 == pytest.approx(weights.meta["_ops"], rel=0.005, abs=0.001)


def test_multiply_adds_of_a_generator() -> None:
    """They grow with the pixels of the picture."""
    network = build_on_meta(pairs()["horse2zebra"].build)
    assert multiply_adds(network, 512) == pytest.approx(4 * multiply_adds(network, 256), rel=0.02)


def test_layers_are_counted_by_kind() -> None:
    """With their parameters, the weightiest first; those of all kinds are the network's."""
    network = build_on_meta(catalog()["resnet101"].build)
    found = layers(network)
    assert found[0] == ("Conv2d", 104, 42_394_816)
    assert sum(parameters for _, _, parameters in found) == 44_549_160
    assert sum(count for kind, count, _ in found if kind == "BatchNorm2d") == 104


def test_layers_of_one_weight_are_in_order_of_their_number() -> None:
    """Then of their names; what has children and no parameters of its own is no layer."""
    network = nn.Sequential(
        *(nn.Tanh(), nn.ReLU(), nn.GELU(), nn.ReLU(), nn.Tanh()),
        nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1, bias=False)),
    )
    assert layers(network) == [("Linear", 2, 8), ("ReLU", 2, 0), ("Tanh", 2, 0), ("GELU", 1, 0)]


def test_parameters_outside_of_layers_count_too() -> None:
    """A vision transformer keeps its class token and its positions itself."""
    network = build_on_meta(catalog()["vit_b_16"].build)
    counted = sum(parameters for _, _, parameters in layers(network))
    assert counted == catalog()["vit_b_16"].parameters


def test_building_leaves_torch_as_it_was() -> None:
    """Tensors that are made afterwards have numbers again."""
    build_on_meta(catalog()["alexnet"].build)
    assert not torch.empty(2).is_meta
