"""First stage of the zebra recipe: teach `MatteNetwork` where the animals are.

Starts from EfficientNet-Lite0's ImageNet features and the horses' masks. Horses are also cut out
and set into pictures of other things, people above all, so that only the horse counts. Hands the
trained network on; knows nothing of stripes.
"""

import math
from collections.abc import Iterator, Mapping

import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.networks.zebra_student import InvertedBottleneck, MatteNetwork
from models.train.augment import crops, relit, retoned
from models.train.losses import matte_loss
from models.train.pictures import Pictures
from models.train.run import Run

CROP = 192
HORSES, OTHERS = 9, 3
"""Of a batch: pictures with horses, of which a third are cut out and set elsewhere; and without."""


def begin_from_lite0(network: MatteNetwork, lite0: Mapping[str, torch.Tensor]) -> None:
    """Copy the first ten blocks of EfficientNet-Lite0 into `network`, normalisation folded in.

    `lite0` has EfficientNet-PyTorch's names (`_blocks.3._expand_conv.weight`).
    """
    _fold(network.stem[1], lite0, "_conv_stem", "_bn0")
    blocks = [network.at2, *network.at4, *network.at8, *network.at16]
    for i, block in enumerate(blocks):
        assert isinstance(block, InvertedBottleneck)
        at = f"_blocks.{i}."
        if block.clamped:
            _fold(block.expand, lite0, f"{at}_expand_conv", f"{at}_bn0")
        _fold(block.depthwise, lite0, f"{at}_depthwise_conv", f"{at}_bn1")
        _fold(block.project, lite0, f"{at}_project_conv", f"{at}_bn2")


def _fold(conv: torch.nn.Module, state: Mapping[str, torch.Tensor], weight: str, norm: str) -> None:
    assert isinstance(conv, torch.nn.Conv2d)
    assert conv.bias is not None
    scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + 1e-3)
    with torch.no_grad():
        conv.weight.copy_(state[f"{weight}.weight"] * scale[:, None, None, None])
        conv.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)


def batch(
    horses: Pictures, masks: Pictures, others: Pictures, dice: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw pictures in [-1, 1] (N, 3, CROP, CROP) and their mattes (N, 1, CROP, CROP) in [0, 1]."""
    chosen = torch.randint(len(horses), (HORSES,), generator=dice)
    layers = torch.cat([horses.pixels[chosen], masks.pixels[chosen]], 1) / 255
    layers[:, 3:] = F.avg_pool2d(F.max_pool2d(layers[:, 3:], 3, 1, 1), 3, 1, 1)
    layers = crops(layers, CROP, (0.45, 1.6), dice)
    drawn = torch.randint(len(others), (OTHERS + HORSES // 3,), generator=dice)
    elsewhere = crops(others.pixels[drawn] / 255, CROP, (0.6, 1.6), dice)
    pictures, matte = layers[:, :3], layers[:, 3:]
    moved = HORSES // 3
    pictures = retoned(pictures, matte, dice)
    pictures[:moved] = torch.lerp(elsewhere[:moved], pictures[:moved], matte[:moved])
    pictures = relit(torch.cat([pictures, elsewhere[moved:]]), dice)
    matte = torch.cat([matte, torch.zeros(OTHERS, 1, CROP, CROP)])
    return pictures * 2 - 1, matte


def train(
    network: MatteNetwork,
    run: Run,
    optimiser: torch.optim.Optimizer,
    data: tuple[Pictures, Pictures, Pictures],
    steps: int,
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train `network` up to `steps` steps, going on where `run` was; yield each step's loss.

    `data` is horses, their masks, and pictures without horses.
    """
    horses, masks, others = data
    rates = [group["lr"] for group in optimiser.param_groups]

    def take(step: int) -> dict[str, float]:
        share = min(1.0, (step + 1) / 50) * (
            0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2
        )
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        pictures, matte = batch(horses, masks, others, run.dice)
        loss = matte_loss(network(pictures), matte)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        return {"matte": loss.item()}

    return run.steps(steps, take, save_every=100)


def optimiser_for(network: MatteNetwork) -> torch.optim.AdamW:
    """Return AdamW with a gentle rate for the ImageNet features and a bold one for the rest.

    The earliest features, edges and colours of any picture, are frozen: they are most of the cost.
    """
    for part in (network.stem, network.at2, network.at4):
        part.requires_grad_(requires_grad=False)
    gentle = [p for part in (network.at8, network.at16) for p in part.parameters()]
    known = {id(p) for p in gentle}
    bold = [p for p in network.parameters() if p.requires_grad and id(p) not in known]
    groups = [{"params": gentle, "lr": 2e-4}, {"params": bold, "lr": 1e-3}]
    return torch.optim.AdamW(groups, weight_decay=1e-4)
