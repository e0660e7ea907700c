"""What in a picture made a label: a map from the gradients of its logit, and how it looks.

HiResCAM (Draelos and Carin, 2020, arXiv:2011.08891): activation times gradient, summed over the
channels of the last layer that still has places. Where an average and a linear layer follow, as in
most convolutional networks, the map's sum is the logit without its bias: it shows exactly what the
network added up. Transformers are read at the last layer whose tokens reach the logit. Owns the map
and its colors; which picture and label, `models.tasks.explain.task` decides.
"""

import math
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.images.arrays import Array, bytes_of, from_bytes
from models.runtime.inference import full_precision

_LATEST = 48
"""So many of the last layers are kept while a picture goes through: some hundred MB at most."""

_WARM = ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164))
"""Five colors of the map "inferno" (van der Walt and Smith), which is even to the eye, also to one
that does not tell red from green, and in gray."""

_STRONGEST = 0.85
"""How much of a place's color is the map's at most; the picture shines through."""


def hirescam(network: nn.Module, picture: Array, place: int | None = None) -> tuple[Array, Array]:
    """Return the logits (classes,) of `picture` (3, H, W), and the map (h, w) of one of them.

    `place` is that of the label; None means the most likely. What is above 0 spoke for the label,
    what is below against it. `network` is in eval mode and float32.

    Raises:
        ValueError: The network has no layer with places.
    """
    device = next(network.parameters()).device
    batch = torch.from_numpy(picture)[None].to(device, copy=True).requires_grad_()
    with torch.enable_grad(), full_precision(), _capture_activations(network) as seen:
        logits = network(batch)[0]
        chosen = int(logits.argmax()) if place is None else place
        if not seen:
            raise ValueError("The network has no layer with places")
        layers = [*reversed(seen)]
        gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
            logits[chosen], layers, allow_unused=True
        )
    maps = [
        _map(layer.detach() * reached)
        for layer, reached in zip(layers, gradients, strict=True)
        if reached is not None  # as the picture's own token alone is read after the last block
    ]
    counting = (found for found in maps if float(found.abs().max()) > 0)
    return logits.detach().cpu().numpy(), next(counting, maps[0]).cpu().numpy()


@contextmanager
def _capture_activations(network: nn.Module) -> Iterator[deque[Tensor]]:
    """Yield the latest outputs that have places, as the network gives them within the block."""
    seen: deque[Tensor] = deque(maxlen=_LATEST)

    def watch(_: nn.Module, __: object, output: object) -> None:
        if isinstance(output, Tensor) and output.requires_grad and _side(output) > 1:
            seen.append(output)

    with ExitStack() as stack:
        for module in network.modules():
            stack.enter_context(module.register_forward_hook(watch))
        yield seen


def _side(output: Tensor) -> int:
    """Return how many places a side of `output` has, 0 if it has none.

    Maps are (1, C, h, w); tokens are (1, 1 + h * w, C), the first of which is the whole picture's.
    """
    if output.dim() == 4:
        return min(output.shape[2:])
    if output.dim() == 3:
        side = math.isqrt(output.shape[1] - 1) if output.shape[1] > 4 else 0
        return side if side * side == output.shape[1] - 1 else 0
    return 0


def _map(product: Tensor) -> Tensor:
    if product.dim() == 4:
        return product[0].sum(0)
    side = _side(product)
    return product[0, 1:].sum(1).reshape(side, side)


def overlay(picture: Image.Image, found: Array) -> Image.Image:
    """Return `picture`, gray, with the colors of what speaks for the label in `found` (h, w)."""
    size = (picture.height, picture.width)
    strength = torch.from_numpy(found).clamp(min=0)[None, None]
    strength = F.interpolate(strength, size, mode="bicubic", antialias=True)[0, 0].clamp(min=0)
    strength = strength / strength.max().clamp(min=1e-12)
    colors = _colored(strength)
    gray = torch.from_numpy(bytes_of(picture.convert("L").convert("RGB")).astype(np.float32))
    share = strength * _STRONGEST  # so that what hardly counts is not darkened by its dark color
    mixed = gray * (1 - share) + colors * share
    return from_bytes(mixed.round().clamp(0, 255).to(torch.uint8).numpy())


def _colored(strength: Tensor) -> Tensor:
    table = torch.tensor(_WARM, dtype=torch.float32)
    at = strength * (len(_WARM) - 1)
    low = at.floor().long().clamp(max=len(_WARM) - 2)
    part = (at - low)[..., None]
    return (table[low] * (1 - part) + table[low + 1] * part).permute(2, 0, 1)
