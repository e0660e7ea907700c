"""CycleGAN's discriminator, which tells for each 70x70 patch of a picture whether it is real.

Owns the network alone, as published ("70x70 PatchGAN", Isola et al., CVPR 2017).
"""

import torch
from torch import nn


class PatchDiscriminator(nn.Module):
    """Pictures (N, 3, H, W) in [-1, 1] to one score per patch, (N, 1, H/8 - 2, W/8 - 2).

    `filters` is 64 as published. A score near 1 says real, near 0 says made.
    """

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        f = filters
        self.model = nn.Sequential(
            nn.Conv2d(3, f, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(f, 2 * f, 4, stride=2, padding=1),
            nn.InstanceNorm2d(2 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * f, 4 * f, 4, stride=2, padding=1),
            nn.InstanceNorm2d(4 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4 * f, 8 * f, 4, padding=1),
            nn.InstanceNorm2d(8 * f),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * f, 1, 4, padding=1),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the scores of `pictures`, not squashed."""
        return self.model(pictures)  # type: ignore[no-any-return]  # nn.Module is untyped
