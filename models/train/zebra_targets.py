"""Second stage of the zebra recipe: what each training horse should look like as a zebra.

The published compressed generator paints each horse as it is, and as a sorrel of middling
brightness where that fails (it leaves white and black horses alone); both at two sizes, so that
large heads get stripes too. A classifier picks the best of them, set into the untouched picture.
Hands on uint8 colours; trains nothing.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.train.judges import ZEBRA, Judge

SORREL = torch.tensor([0.50, 0.38, 0.28])[None, :, None, None]
SURE = 0.9
"""With this probability of zebra the first try is taken and the others are not made."""


def sorrel(pictures: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Give the animals, and them alone, a sorrel's colour and contrast; all in [0, 1]."""
    area = masks.sum((2, 3), keepdim=True).clamp_min(1)
    grey = pictures.mean(1, keepdim=True)
    mean = (grey * masks).sum((2, 3), keepdim=True) / area
    spread = (((grey - mean) ** 2 * masks).sum((2, 3), keepdim=True) / area).sqrt()
    toned = SORREL + (grey - mean) * (0.14 / spread.clamp_min(0.05)) * SORREL / SORREL.mean()
    return torch.lerp(pictures, toned.clamp(0, 1), masks)


def targets(
    teacher: nn.Module, chooser: Judge, horses: torch.Tensor, masks: torch.Tensor
) -> Iterator[tuple[torch.Tensor, float]]:
    """Yield the colours (3, S, S) and the probability of zebra for each of `horses`, in order.

    `horses` and `masks` are uint8 as `models.train.pictures` reads them.
    """
    for i in range(len(horses)):
        x, mask = horses[i : i + 1] / 255, _soft(masks[i : i + 1] / 255)
        best, score = _painted(teacher, x, 256), -1.0
        score = _score(chooser, x, best, mask)
        if score < SURE:
            plain = sorrel(x, mask)
            for tone, size in ((plain, 256), (x, 176), (plain, 176)):
                painted = _painted(teacher, tone, size)
                if (now := _score(chooser, x, painted, mask)) > score:
                    best, score = painted, now
        yield (best[0] * 255).round().to(torch.uint8), score


@torch.inference_mode()
def _painted(teacher: nn.Module, pictures: torch.Tensor, size: int) -> torch.Tensor:
    side = pictures.shape[-1]
    x = pictures
    if size != side:
        x = F.interpolate(x, size=size, mode="bilinear", antialias=True)
    painted = teacher(x * 2 - 1) / 2 + 0.5
    if size != side:
        painted = F.interpolate(painted, size=side, mode="bicubic").clamp(0, 1)
    return painted  # type: ignore[no-any-return]  # nn.Module is untyped


def _score(chooser: Judge, x: torch.Tensor, colour: torch.Tensor, mask: torch.Tensor) -> float:
    return float(chooser(torch.lerp(x, colour, mask) * 2 - 1)[0, ZEBRA])


def _soft(masks: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(F.max_pool2d(masks, 5, 1, 2), 3, 1, 1)
