"""What a network's last layer is given of a picture: the features that labels are taught with."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from models.images.arrays import Array
from models.jobs.requests import Example
from models.runtime.inference import Network


def features(network: Network, pixels: Array) -> Tensor:
    """Return what the last layer of `network` is given for (3, H, W), at unit length, (D,)."""
    given: list[Tensor] = []
    with last_layer(network.module).register_forward_pre_hook(_keep(given)):
        network.run(pixels[None])
    vector = given[-1].float().cpu()
    # SqueezeNet's last layer is a convolution, which is given a map.
    vector = vector[0].flatten(1).mean(1) if vector.dim() == 4 else vector[0].flatten()
    return nn.functional.normalize(vector, dim=0)


def last_layer(network: nn.Module) -> nn.Module:
    """Return the layer of `network` that makes logits of features.

    Raises:
        ValueError: It has neither a linear layer nor a convolution.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    if not layers:
        raise ValueError("The network has no layer that makes logits of features")
    return layers[-1]


def _keep(given: list[Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        given.append(inputs[0])

    return keep


def together(examples: Sequence[Example]) -> tuple[list[str], Tensor, list[int]]:
    """Return the labels in their order, the features (N, D), and each example's label's place."""
    known = list(dict.fromkeys(example.label for example in examples))
    halves = [
        torch.frombuffer(bytearray(example.features), dtype=torch.half) for example in examples
    ]
    vectors = nn.functional.normalize(torch.stack(halves).float(), dim=1)
    return known, vectors, [known.index(example.label) for example in examples]
