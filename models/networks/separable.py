"""CycleGAN's generator in its compressed form: separable convolutions and narrow ends.

Owns the layer list of Li, Lin, Ding, Liu, Zhu, Han, "GAN Compression", CVPR 2020, with the keys of
the published file (`model.10.conv_block.1.conv.0.weight`); 0.36 M parameters. It reads no file.
"""

import torch
from torch import nn


class SeparableConv(nn.Module):
    """A 3x3 convolution per channel, then a 1x1 across channels; no padding of its own."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, groups=inputs),
            nn.InstanceNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs, H - 2, W - 2)."""
        return self.conv(x)  # type: ignore[no-any-return]  # nn.Module is untyped


class SeparableBlock(nn.Module):
    """CycleGAN's residual block of two separable convolutions, `hidden` wide between them."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1),
            SeparableConv(channels, hidden),
            nn.InstanceNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Identity(),  # the place of upstream's dropout, for the sake of the keys
            nn.ReflectionPad2d(1),
            SeparableConv(hidden, channels),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add what the two convolutions found to `x`."""
        return x + self.conv_block(x)  # type: ignore[no-any-return]  # nn.Module is untyped


class SeparableGenerator(nn.Module):
    """The compressed generator, layer by layer as published: color for every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.ReflectionPad2d(3),
            nn.Conv2d(3, 16, 7),  # (N, 16, H, W)
            nn.InstanceNorm2d(16),
            nn.ReLU(inplace=True),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),  # (N, 32, H/2, W/2)
            nn.InstanceNorm2d(32),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 128, 3, stride=2, padding=1),  # (N, 128, H/4, W/4)
            nn.InstanceNorm2d(128),
            nn.ReLU(inplace=True),
            *(SeparableBlock(128, hidden) for hidden in (64, 64, 64, *(128,) * 6)),
            nn.ConvTranspose2d(128, 32, 3, stride=2, padding=1, output_padding=1),
            nn.InstanceNorm2d(32),  # (N, 32, H/2, W/2)
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1),
            nn.InstanceNorm2d(16),  # (N, 16, H, W)
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(3),
            nn.Conv2d(16, 3, 7),
            nn.Tanh(),
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Translate `pictures`; H and W are multiples of 4."""
        return self.model(pictures)  # type: ignore[no-any-return]  # nn.Module is untyped
