"""Bobby's own small generator: stripes, and where they belong, as two small networks.

`SeparableGenerator` paints colour everywhere; `MatteNetwork` finds the animals: the first ten
blocks of EfficientNet-Lite0 with their normalisation folded in, and a top-down decoder.
`MatteGenerator` joins them: answer = matte * colour + (1 - matte) * picture, where the animals
are toned like a sorrel before they are painted, so that white, black and piebald horses get
stripes too. Pictures are (N, 3, H, W) in [-1, 1]. Nothing here reads files or trains.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.networks.separable import SeparableGenerator

SORREL = (0.0, -0.24, -0.44)
"""The mean colour of a toned animal, red to blue in [-1, 1]."""
SPREAD = 0.28
"""The standard deviation of its brightness, of a range of 2."""


class InvertedBottleneck(nn.Module):
    """EfficientNet-Lite's block, its normalisation folded into the convolutions' biases."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2  # TensorFlow's "same"
        self.expand = nn.Conv2d(inputs, wide, 1) if expansion > 1 else nn.Identity()
        self.pad = nn.ZeroPad2d((before, after, before, after))
        self.depthwise = nn.Conv2d(wide, wide, kernel, stride, groups=wide)
        self.project = nn.Conv2d(wide, outputs, 1)
        self.clamped = expansion > 1
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, outputs, H / stride, W / stride)."""
        wide = F.relu6(self.expand(x)) if self.clamped else x
        y = self.project(F.relu6(self.depthwise(self.pad(wide))))
        return x + y if self.skips else y  # type: ignore[no-any-return]  # nn.Module is untyped


class MatteNetwork(nn.Module):
    """Where the animals are: (N, 3, H, W) to the logits of a matte, (N, 1, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 32, 3, 2), nn.ReLU6())
        self.at2 = InvertedBottleneck(32, 16, 3, 1, 1)  # (N, 16, H/2, W/2)
        self.at4 = nn.Sequential(  # (N, 24, H/4, W/4)
            InvertedBottleneck(16, 24, 3, 2, 6), InvertedBottleneck(24, 24, 3, 1, 6)
        )
        self.at8 = nn.Sequential(  # (N, 40, H/8, W/8)
            InvertedBottleneck(24, 40, 5, 2, 6), InvertedBottleneck(40, 40, 5, 1, 6)
        )
        self.at16 = nn.Sequential(  # (N, 112, H/16, W/16)
            InvertedBottleneck(40, 80, 3, 2, 6),
            InvertedBottleneck(80, 80, 3, 1, 6),
            InvertedBottleneck(80, 80, 3, 1, 6),
            InvertedBottleneck(80, 112, 5, 1, 6),
            InvertedBottleneck(112, 112, 5, 1, 6),
        )
        self.scene = nn.Linear(112, 48)
        self.top = nn.Conv2d(112, 48, 1)
        self.skip8, self.merge8 = nn.Conv2d(40, 48, 1), nn.Conv2d(48, 32, 3, padding=1)
        self.skip4, self.merge4 = nn.Conv2d(24, 32, 1), nn.Conv2d(32, 24, 3, padding=1)
        self.skip2, self.merge2 = nn.Conv2d(16, 24, 1), nn.Conv2d(24, 16, 3, padding=1)
        self.logits = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the logits; above 0 a pixel is more likely animal than not."""
        at2 = self.at2(self.stem(pictures))
        at4 = self.at4(at2)
        at8 = self.at8(at4)
        at16 = self.at16(at8)
        x = F.relu(self.top(at16) + self.scene(at16.mean((2, 3)))[:, :, None, None])
        x = F.relu(self.merge8(F.relu(_enlarge(x, at8) + self.skip8(at8))))
        x = F.relu(self.merge4(F.relu(_enlarge(x, at4) + self.skip4(at4))))
        x = F.relu(self.merge2(F.relu(_enlarge(x, at2) + self.skip2(at2))))
        return _enlarge(self.logits(x), pictures)


class Translation(NamedTuple):
    """What `MatteGenerator.layers` gives: the answer and the two layers it was made of."""

    answer: torch.Tensor
    colour: torch.Tensor
    matte: torch.Tensor


class MatteGenerator(nn.Module):
    """Colour over the picture through a matte: what is no animal stays as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = SeparableGenerator()
        self.matte = MatteNetwork()

    def layers(self, pictures: torch.Tensor) -> Translation:
        """Return answer and colour (N, 3, H, W) in [-1, 1] and matte (N, 1, H, W) in [0, 1]."""
        matte = sure(self.matte(pictures))
        colour = self.colour(sorrel(pictures, matte))
        return Translation(torch.lerp(pictures, colour, matte), colour, matte)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Translate `pictures`, (N, 3, H, W) in [-1, 1]; H and W are multiples of 4 from 16 on."""
        return self.layers(pictures).answer


def sure(logits: torch.Tensor) -> torch.Tensor:
    """Return the matte of its `logits`, in [0, 1], stretched a little.

    So a sure matte is exactly 0 or 1, and the background exactly untouched.
    """
    return (torch.sigmoid(logits) * 1.2 - 0.1).clamp(0, 1)


def sorrel(pictures: torch.Tensor, matte: torch.Tensor) -> torch.Tensor:
    """Give what `matte` (N, 1, H, W) marks, and it alone, the brightness and hue of a sorrel."""
    hue = pictures.new_tensor(SORREL)[:, None, None] + 1  # of black at 0
    area = matte.sum((2, 3), keepdim=True).clamp_min(1)
    grey = pictures.mean(1, keepdim=True)
    mean = (grey * matte).sum((2, 3), keepdim=True) / area
    spread = ((grey - mean).square() * matte).sum((2, 3), keepdim=True).div(area).sqrt()
    shape = (grey - mean) * SPREAD / spread.clamp_min(0.1)
    toned = (hue + shape * hue / hue.mean() - 1).clamp(-1, 1)
    return torch.lerp(pictures, toned, matte)


def _enlarge(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    size = like.shape[-2:]
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
