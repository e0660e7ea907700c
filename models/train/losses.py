"""The losses of our recipes: pure functions of tensors, each a scalar to make small."""

from collections.abc import Sequence

import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it


def generator_loss(scores: torch.Tensor) -> torch.Tensor:
    """Return the mean squared distance of a discriminator's `scores` from "all real".

    Least squares in place of logarithms: Mao et al., ICCV 2017.
    """
    return ((scores - 1) ** 2).mean()


def discriminator_loss(real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    """Return the discriminator's own loss, halved so that it learns slower than its rival."""
    return (((real - 1) ** 2).mean() + (made**2).mean()) / 2


def matte_loss(logits: torch.Tensor, matte: torch.Tensor) -> torch.Tensor:
    """Return binary cross-entropy per pixel, plus one minus the batch's soft Dice overlap."""
    found = torch.sigmoid(logits)
    overlap = (2 * (found * matte).sum() + 1) / (found.sum() + matte.sum() + 1)
    return F.binary_cross_entropy_with_logits(logits, matte) + 0.5 * (1 - overlap)


def inside(difference: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute `difference` (N, C, H, W) inside `masks`, picture by picture.

    So a small animal counts as much as a large one.
    """
    area = masks.sum((1, 2, 3)) + 0.01 * masks[0].numel()
    return ((difference.abs().mean(1, keepdim=True) * masks).sum((1, 2, 3)) / area).mean()


def texture(
    ours: Sequence[torch.Tensor], theirs: Sequence[torch.Tensor], masks: torch.Tensor
) -> torch.Tensor:
    """Return the distance between the feature maps' correlations inside `masks`.

    Gatys et al., CVPR 2016. Blind to where a stripe lies, so that sharp stripes in a new place
    cost less than gray.
    """
    losses = []
    for a, b in zip(ours, theirs, strict=True):
        mask = downsample_mask(masks, a)
        losses.append((_correlations(a, mask) - _correlations(b, mask)).abs().mean())
    return torch.stack(losses).mean()


def downsample_mask(masks: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return `masks` averaged down to the size of the feature map `like`."""
    height, width = like.shape[-2:]
    return F.adaptive_avg_pool2d(masks, (height, width))


def _correlations(features: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    flat = (features * mask).flatten(2)
    area = mask.sum((1, 2, 3)) + 0.01 * mask[0].numel()
    return flat @ flat.transpose(1, 2) / area[:, None, None]
