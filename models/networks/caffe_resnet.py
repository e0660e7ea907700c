"""ResNet-101 in its Caffe form, the encoder of the published NeuralTalk2 captioner.

Owns the network alone (He et al., 2015): unlike torchvision's, a bottleneck's stride sits on its
first 1x1 convolution, and the stem's pooling has no padding and rounds up. Parameter names are
the published ones, without the classifier `fc`. It reads no file and knows no preprocessing.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

FEATURES = 2048


class CaffeBottleneck(nn.Module):
    """Narrow by 1x1 (and stride), convolve 3x3, widen by 1x1; add the input."""

    def __init__(self, channels_in: int, narrow: int, stride: int) -> None:
        super().__init__()
        wide = 4 * narrow
        self.conv1 = nn.Conv2d(channels_in, narrow, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(wide)
        self.downsample = nn.Sequential()
        if channels_in != wide or stride != 1:
            self.downsample.append(nn.Conv2d(channels_in, wide, 1, stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(wide))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, 4 * narrow, ceil(H / stride), ceil(W / stride))."""
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + self.downsample(x))


class CaffeResNet101(nn.Module):
    """Pictures (N, 3, H, W), of any size from 32 pixels, to features (N, 2048)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)  # (64, H / 2, W / 2)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)  # (64, H / 4, W / 4)
        self.layer1 = _stage(64, 64, blocks=3, stride=1)  # (256, H / 4, W / 4)
        self.layer2 = _stage(256, 128, blocks=4, stride=2)  # (512, H / 8, W / 8)
        self.layer3 = _stage(512, 256, blocks=23, stride=2)  # (1024, H / 16, W / 16)
        self.layer4 = _stage(1024, 512, blocks=3, stride=2)  # (2048, H / 32, W / 32)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over the last map of `x`, RGB with ImageNet's mean and deviation."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return torch.mean(x, dim=(2, 3))


def _stage(channels_in: int, narrow: int, *, blocks: int, stride: int) -> nn.Sequential:
    first = CaffeBottleneck(channels_in, narrow, stride)
    rest = (CaffeBottleneck(4 * narrow, narrow, 1) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)
