"""The captioners as the task uses them: a picture's pixels in, a caption out.

Owns, for our own captioner and the published one, what each sees of a picture, how its networks
are loaded, and the way from its search to a `Caption`. The searches are `models.captioning.small`'s
and `models.networks.neuraltalk`'s; who answers is decided in `models.catalog.selection`. One thread
at a time.
"""

import contextlib
import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

import torch
from torch import Tensor, nn

from models.captioning import neuraltalk2
from models.captioning.published import CONVERTED
from models.captioning.small import ALTERNATIVES, Caption, Captioner
from models.catalog.classifiers import catalog
from models.images.arrays import Array
from models.jobs.base import Runtime
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.lite_maps import SIDE, LiteMaps, pooled
from models.networks.neuraltalk import Sentence
from models.runtime.compile_cache import Source
from models.runtime.compiled import Compiled, example
from models.runtime.fuse_batchnorm import fuse
from models.runtime.inference import full_precision, load_network
from models.weights.checkpoint import Checkpoint
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

Compile: TypeAlias = Callable[[Source], Compiled | None]
"""Returns a network as another runtime than torch runs it; None where it is for torch."""

TOLERANCE = 1e-5
"""A fused encoder's features may differ from the plain one's by so much."""


class CaptionBackend(Protocol):
    """A captioner with its weights, which are so many `bytes` of memory."""

    bytes: int
    runtime: Runtime
    """What runs its encoder."""

    def say(self, pixels: Array, beams: int) -> Caption:
        """Return the caption of one picture, prepared as this captioner sees it."""


class OwnBackend:
    """Our own captioner; pictures are prepared by `models.captioning.views`."""

    def __init__(
        self, shelf: WeightsStore, device: str, compiled: Compile = lambda _: None
    ) -> None:
        self._device = device
        maps = plain_encoder(shelf)
        self._head = copy.deepcopy(maps.network.get_submodule("_fc"))  # it stays on the processor
        source = Source(
            name="caption_small",
            weights=shelf.identity(catalog()["efficientnet_lite0"].checkpoint),
            build=lambda: maps,
            shape=(-1, 3, SIDE, SIDE),
            examples=[example(1, SIDE, SIDE)],
        )
        encoder = compiled(source)
        self.runtime: Runtime = "openvino" if encoder else "torch"
        self._encoder = encoder or fast_encoder(maps, device)
        self._captioner = Captioner.load()
        self.bytes = _bytes(self._encoder) + _bytes(self._head) + self._captioner.bytes

    def say(self, pixels: Array, beams: int) -> Caption:
        """Return the caption of `pixels`, (3, 288, 288)."""
        with torch.inference_mode(), full_precision():
            cells = self._cells(pixels[None])
            classes = self._head(pooled(cells))
        with _one_thread():
            (caption,) = self._captioner.caption(cells, classes, beams)
        return caption

    def _cells(self, pictures: Array) -> Tensor:
        if isinstance(self._encoder, Compiled):
            return torch.from_numpy(self._encoder.run(pictures))
        cells: Tensor = self._encoder(_to_device(torch.from_numpy(pictures), self._device))
        return cells.float().cpu()


class NeuralTalkBackend:
    """The published NeuralTalk2; pictures are prepared by `models.captioning.views`.

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

    def say(self, pixels: Array, beams: int) -> Caption:
        """Return the caption of `pixels`, (3, H, W), its sides at least `LEAST_SIDE`."""
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


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Run what follows on one thread: shares of such small matrices cost more than they save."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def plain_encoder(shelf: WeightsStore) -> LiteMaps:
    """Return `LiteMaps` with the classifier's weights, in eval mode, on the CPU.

    Raises:
        WeightsError: The classifier's checkpoint is not here, or not what was published.
    """
    network = load_network(catalog()["efficientnet_lite0"], shelf)
    assert isinstance(network, EfficientNetLite0)
    return LiteMaps(network).eval()


def fast_encoder(maps: LiteMaps, device: str) -> LiteMaps:
    """Return `maps` moved to `device` and made fast there, in place."""
    _on(maps, device)
    fuse(maps, _to_device(torch.rand(1, 3, SIDE, SIDE), device))
    return maps


def _on(network: nn.Module, device: str) -> nn.Module:
    network = network.requires_grad_(requires_grad=False)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's stubs leave memory_format out beside a device


def _bytes(network: nn.Module | Compiled) -> int:
    if isinstance(network, Compiled):
        return network.bytes
    return sum(weight.nbytes for weight in network.parameters())


def _to_device(pictures: Tensor, device: str) -> Tensor:
    return pictures.to(device, memory_format=torch.channels_last)


def _fuse_and_check(encoder: nn.Module, example: Tensor) -> bool:
    """Fold the batch norms of `encoder`, in place; tell whether it still says the same."""
    with torch.inference_mode(), full_precision():
        plain = fuse(encoder, example)
        return float((encoder(example) - plain).abs().max()) <= TOLERANCE
