"""Random crops and colors for whole batches, drawn from a generator that the caller seeds.

Owns what may happen to a training picture: place, scale, mirror, light and tone. All tensors are
float in [0, 1]; masks go along with their pictures and never change color.
"""

import math

import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it


def uniform(count: int, low: float, high: float, dice: torch.Generator) -> torch.Tensor:
    """Return `count` numbers in [low, high), shaped (count, 1, 1, 1) to scale a batch."""
    return (torch.rand(count, generator=dice) * (high - low) + low)[:, None, None, None]


def crops(
    layers: torch.Tensor, size: int, zoom: tuple[float, float], dice: torch.Generator
) -> torch.Tensor:
    """Return a random window of each of `layers` (N, C, S, S), mirrored half the time.

    `zoom` is the range of magnification (1 keeps the pixels' size, 2 doubles it); the window is
    `size` square and mirrors the picture at its border where it reaches over.
    """
    count, side = layers.shape[0], layers.shape[-1]
    low, high = (math.log(z) for z in zoom)
    reach = size / side / uniform(count, low, high, dice).exp().flatten()  # of half a picture
    slack = (1 - reach).clamp_min(0)
    mirror = torch.where(torch.rand(count, generator=dice) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = reach * mirror, reach
    theta[:, :, 2] = (torch.rand(count, 2, generator=dice) * 2 - 1) * slack[:, None]
    grid = F.affine_grid(theta, [count, layers.shape[1], size, size], align_corners=False)
    return F.grid_sample(layers, grid, padding_mode="reflection", align_corners=False)


def relit(pictures: torch.Tensor, dice: torch.Generator, strength: float = 1.0) -> torch.Tensor:
    """Change light, contrast, color balance and saturation of each picture by a random bit."""
    count, s = len(pictures), strength
    gray = pictures.mean(1, keepdim=True)
    x = gray + (pictures - gray) * uniform(count, 1 - 0.5 * s, 1 + 0.3 * s, dice)
    tint = 1 + (torch.rand(count, 3, 1, 1, generator=dice) - 0.5) * 0.2 * s
    x = x.clamp(0, 1) ** uniform(count, -0.4 * s, 0.4 * s, dice).exp() * tint
    middle = x.mean((1, 2, 3), keepdim=True)
    return (middle + (x - middle) * uniform(count, 1 - 0.3 * s, 1 + 0.3 * s, dice)).clamp(0, 1)


def retoned(pictures: torch.Tensor, masks: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Lighten or darken the animals alone, from nearly black to nearly white, half of them."""
    count = len(pictures)
    floor = uniform(count, -0.15, 0.6, dice)
    gain = uniform(count, 0.25, 1.0, dice)
    gray = pictures.mean(1, keepdim=True)
    pale = gray + (pictures - gray) * uniform(count, 0.0, 1.0, dice)
    toned = (pale * gain + floor).clamp(0, 1)
    chosen = (torch.rand(count, generator=dice) < 0.5).float()[:, None, None, None]
    return torch.lerp(pictures, toned, masks * chosen)
