"""CycleGAN's generator with nine residual blocks, exactly as its authors publish it.

Owns the layer list and the reading of published state dicts; hands out pictures in [-1, 1]. Knows
nothing of files, picture sizes or training. Layers sit in one `nn.Sequential` called `model`, so
that the keys (`model.10.conv_block.1.weight`) are the publishers' own.

Source: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
Adversarial Networks", ICCV 2017; `resnet_9blocks` with 64 base filters, 11.4 M parameters.
"""

import torch
from torch import nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a skip: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add what the two convolutions found to `x`."""
        return x + self.conv_block(x)  # type: ignore[no-any-return]  # nn.Module is untyped


class ResNetGenerator(nn.Module):
    """The published generator. `filters` and `blocks` are 64 and 9 in every published file.

    Takes and gives (N, 3, H, W) in [-1, 1]; H and W are multiples of 4, at least 8.
    """

    def __init__(self, filters: int = 64, blocks: int = 9) -> None:
        super().__init__()
        f = filters
        self.model = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, f, 7),  # (N, 64, H, W)
            nn.InstanceNorm2d(f),
            nn.ReLU(inplace=True),
            nn.Conv2d(f, 2 * f, 3, stride=2, padding=1),  # (N, 128, H/2, W/2)
            nn.InstanceNorm2d(2 * f),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * f, 4 * f, 3, stride=2, padding=1),  # (N, 256, H/4, W/4)
            nn.InstanceNorm2d(4 * f),
            nn.ReLU(inplace=True),
            *(ResidualBlock(4 * f) for _ in range(blocks)),
            nn.ConvTranspose2d(4 * f, 2 * f, 3, stride=2, padding=1, output_padding=1),
            nn.InstanceNorm2d(2 * f),  # (N, 128, H/2, W/2)
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(2 * f, f, 3, stride=2, padding=1, output_padding=1),
            nn.InstanceNorm2d(f),  # (N, 64, H, W)
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(3),
            nn.Conv2d(f, 3, 7),
            nn.Tanh(),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Translate `pictures`, (N, 3, H, W) in [-1, 1], to the same shape and range."""
        return self.model(pictures)  # type: ignore[no-any-return]  # nn.Module is untyped
