"""EfficientNet-Lite0, the small classifier whose weights an installed package carries.

Owns the network alone: EfficientNet-B0 without squeeze-and-excitation, with ReLU6 for swish (Tan
and Le, 2019; the Lite variants by Google, 2020). Parameter names follow the EfficientNet-PyTorch
convention, as the published checkpoint has them. It reads no file and knows no preprocessing.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_BN_EPS = 1e-3
"""The value of the TensorFlow original that the weights were trained with; torch's is 1e-5."""


class SameConv2d(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow's "same" pads it.

    With stride 2 and an even side the odd pixel of padding goes to the right and the bottom,
    which `nn.Conv2d` can't express; with stride 1 it is the usual symmetric padding.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            channels_in,
            channels_out,
            kernel,
            stride,
            padding=kernel // 2 if stride == 1 else 0,
            groups=groups,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve `x`, of shape (N, C, H, W), to (N, C', ceil(H / stride), ceil(W / stride))."""
        if self.stride[0] > 1:
            down, right = (self._padding_for(side, axis) for axis, side in enumerate(x.shape[-2:]))
            x = functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
        return super().forward(x)

    def _padding_for(self, side: int, axis: int) -> int:
        kernel, stride = self.kernel_size[axis], self.stride[axis]
        return max((-(-side // stride) - 1) * stride + kernel - side, 0)


class InvertedBottleneck(nn.Module):
    """Widen by 1x1, convolve each channel alone, narrow by 1x1; add the input if shapes agree."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int, expand: int
    ) -> None:
        super().__init__()
        wide = channels_in * expand
        self._expands = expand > 1
        self._adds = stride == 1 and channels_in == channels_out
        if self._expands:
            self._expand_conv = SameConv2d(channels_in, wide, 1)
            self._bn0 = nn.BatchNorm2d(wide, _BN_EPS)
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride, groups=wide)
        self._bn1 = nn.BatchNorm2d(wide, _BN_EPS)
        self._project_conv = SameConv2d(wide, channels_out, 1)
        self._bn2 = nn.BatchNorm2d(channels_out, _BN_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, ceil(H / stride), ceil(W / stride))."""
        wide = functional.relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        wide = functional.relu6(self._bn1(self._depthwise_conv(wide)))
        y: Tensor = self._bn2(self._project_conv(wide))
        return x + y if self._adds else y


class EfficientNetLite0(nn.Module):
    """The classifier: pictures (N, 3, 224, 224) to logits (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        block = InvertedBottleneck
        self._conv_stem = SameConv2d(3, 32, 3, stride=2)  # (32, 112, 112)
        self._bn0 = nn.BatchNorm2d(32, _BN_EPS)
        self._blocks = nn.ModuleList(
            [
                block(32, 16, kernel=3, stride=1, expand=1),  # (16, 112, 112)
                block(16, 24, kernel=3, stride=2, expand=6),  # (24, 56, 56)
                block(24, 24, kernel=3, stride=1, expand=6),
                block(24, 40, kernel=5, stride=2, expand=6),  # (40, 28, 28)
                block(40, 40, kernel=5, stride=1, expand=6),
                block(40, 80, kernel=3, stride=2, expand=6),  # (80, 14, 14)
                block(80, 80, kernel=3, stride=1, expand=6),
                block(80, 80, kernel=3, stride=1, expand=6),
                block(80, 112, kernel=5, stride=1, expand=6),  # (112, 14, 14)
                block(112, 112, kernel=5, stride=1, expand=6),
                block(112, 112, kernel=5, stride=1, expand=6),
                block(112, 192, kernel=5, stride=2, expand=6),  # (192, 7, 7)
                block(192, 192, kernel=5, stride=1, expand=6),
                block(192, 192, kernel=5, stride=1, expand=6),
                block(192, 192, kernel=5, stride=1, expand=6),
                block(192, 320, kernel=3, stride=1, expand=6),  # (320, 7, 7)
            ]
        )
        self._conv_head = SameConv2d(320, 1280, 1)  # (1280, 7, 7)
        self._bn1 = nn.BatchNorm2d(1280, _BN_EPS)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (N, 1000) of normalized pictures `x` (N, 3, H, W)."""
        x = functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = functional.relu6(self._bn1(self._conv_head(x)))
        x = torch.mean(x, dim=(2, 3))
        logits: Tensor = self._fc(x)
        return logits
