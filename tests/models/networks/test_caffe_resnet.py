"""CaffeResNet101 against torchvision's ResNet-101, changed into the Caffe form from outside."""

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import ResNet, resnet101

from models.networks.caffe_resnet import CaffeResNet101


@pytest.fixture(scope="module")
def reference() -> ResNet:
    """Return a ResNet-101 with random weights and statistics, in the publisher's form."""
    torch.manual_seed(7)
    network = resnet101(weights=None)
    network.maxpool = nn.MaxPool2d(3, 2, padding=0, ceil_mode=True)
    for stage in (network.layer2, network.layer3, network.layer4):
        first = stage[0]
        first.conv1.stride, first.conv2.stride = (2, 2), (1, 1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.2, 0.6)
            nn.init.uniform_(module.bias, -0.1, 0.1)
    network.fc = nn.Identity()
    return network.eval()


@pytest.fixture(scope="module")
def encoder(reference: ResNet) -> CaffeResNet101:
    """Return our encoder with the reference's weights, loaded strictly by their published names."""
    network = CaffeResNet101()
    network.load_state_dict(reference.state_dict())
    return network.eval()


@pytest.mark.parametrize("size", [(64, 64), (97, 130), (75, 51), (224, 160)])
@torch.inference_mode()
def test_features_agree(encoder: CaffeResNet101, reference: ResNet, size: tuple[int, int]) -> None:
    """Features differ by at most 1e-5, for even and odd sides."""
    pictures = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))
    features, wanted = encoder(pictures), reference(pictures)
    assert features.shape == (2, 2048)
    assert wanted.std() > 0.01
    torch.testing.assert_close(features, wanted, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_it_is_not_torchvisions_form(encoder: CaffeResNet101) -> None:
    """The same weights in torchvision's own form give other features: the changes matter."""
    network = resnet101(weights=None)
    network.fc = nn.Identity()
    network.load_state_dict(encoder.state_dict())
    pictures = torch.randn(1, 3, 97, 130, generator=torch.Generator().manual_seed(1))
    difference: Tensor = encoder(pictures) - network.eval()(pictures)
    assert difference.abs().max() > 1e-3


def test_parameter_names_are_the_published_ones(reference: ResNet) -> None:
    """The names and shapes are those of a ResNet-101 without its classifier."""
    shapes = {name: tensor.shape for name, tensor in CaffeResNet101().state_dict().items()}
    assert shapes == {name: tensor.shape for name, tensor in reference.state_dict().items()}
    assert len(shapes) == 624
