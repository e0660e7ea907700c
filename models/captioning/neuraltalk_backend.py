"""The published NeuralTalk2 as the task uses it: a picture's pixels in, a caption out.

Owns the loading of its networks and the way from their search, `models.networks.neuraltalk`'s, to a
`Caption`. One thread at a time.
"""

import logging
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.captioning import neuraltalk2
from models.captioning.published import CONVERTED
from models.captioning.small import ALTERNATIVES, Caption
from models.images.arrays import Array
from models.jobs.base import Runtime
from models.networks.neuraltalk import Sentence
from models.runtime.fuse_batchnorm import fuse
from models.runtime.inference import full_precision
from models.weights.checkpoint import Checkpoint
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

TOLERANCE = 1e-5
"""A fused encoder's features may differ from the plain one's by so much."""


class NeuralTalkBackend:
    """The published NeuralTalk2; pictures are prepared by `models.captioning.published`.

    Its files are converted when it is first loaded; from then on the converted ones serve.
    """

    runtime: Runtime = "torch"

    def __init__(self, shelf: WeightsStore, device: str, files: Sequence[Checkpoint]) -> None:
        folder = shelf.cache / CONVERTED
        if not folder.is_dir():
            neuraltalk2.convert({file.file: shelf.genuine(file).path for file in files}, folder)
            _log.info("NeuralTalk2 is converted, into %s", folder)
        self._device = device
        self._model = neuraltalk2.load(folder)
        self.encoder = _on(self._model.encoder, device)
        if not _fuse_and_check(self.encoder, _to_device(torch.rand(1, 3, 128, 160), device)):
            _log.info("NeuralTalk2's encoder runs unfused: its features would differ")
            self.encoder = _on(neuraltalk2.load(folder).encoder, device)
        self.bytes = _bytes(self.encoder) + _bytes(self._model.decoder)

    def say(self, pictures: Sequence[Array], beams: Sequence[int]) -> list[Caption]:
        """See `CaptionBackend`; pictures are (3, H, W), each of its own size."""
        return [self._said(*one) for one in zip(pictures, beams, strict=True)]

    def _said(self, pixels: Array, beams: int) -> Caption:
        found = self._model.decoder.captions(self.features(pixels), beams)[0]
        texts = [self._model.text(sentence.tokens) for sentence in found]
        others = tuple(text for text in texts[1:] if text)[:ALTERNATIVES]
        return Caption(texts[0], self._mean(found[0]), guess=False, alternatives=others)

    def features(self, pixels: Array) -> Tensor:
        """Return the encoder's features (1, 2048) of one prepared picture, on the CPU."""
        with torch.inference_mode(), full_precision():
            features: Tensor = self.encoder(
                _to_device(torch.from_numpy(pixels[None]), self._device)
            )
        return features.float().cpu()

    def _mean(self, sentence: Sentence) -> float:
        """Return the mean log-probability of a token, of which `END` is one if it was reached."""
        tokens = min(len(sentence.tokens) + 1, self._model.decoder.longest)
        return sentence.log_probability / tokens


def _on(network: nn.Module, device: str) -> nn.Module:
    network = network.requires_grad_(requires_grad=False)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's stubs leave memory_format out beside a device


def _bytes(network: nn.Module) -> int:
    return sum(weight.nbytes for weight in network.parameters())


def _to_device(pictures: Tensor, device: str) -> Tensor:
    return pictures.to(device, memory_format=torch.channels_last)


def _fuse_and_check(encoder: nn.Module, example: Tensor) -> bool:
    """Fold the batch norms of `encoder`, in place; tell whether it still says the same."""
    with torch.inference_mode(), full_precision():
        plain = fuse(encoder, example)
        return float((encoder(example) - plain).abs().max()) <= TOLERANCE
