"""The task of saying what a picture shows: prepare, run, present, with our own small captioner.

Owns the way from an encoded picture to a sentence and its alternatives. The search is
`models.captioner`'s, the cells `models.networks.lite_maps`'. `prepare` may happen on any thread;
`run` belongs to one, and takes each picture alone, so that its caption is the same in any batch.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.captioner import DEFAULT_BEAMS, MAX_BEAMS, WEIGHTS, Captioner
from models.captioner import prepare as pixels
from models.catalog import catalog
from models.classify import device_name
from models.decode import DecodeError, decode
from models.jobs import Caption, Captioned, Failure, ModelCard
from models.networks.caption_transformer import CaptionTransformer
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.lite_maps import LiteMaps
from models.weights import Shelf

_log = logging.getLogger(__name__)

NAME = "caption_small"
CHECKPOINT = "trained for Bobby on Flickr8k"
ENCODER = "efficientnet_lite0"
PARAMETERS = 3_001_409
"""The decoder's; the encoder is the classifier's."""


@dataclass(frozen=True)
class Prepared:
    """A decoded picture as the encoder takes it: `tensor` is (3, 288, 288), normalised."""

    tensor: Tensor
    beams: int
    width: int
    height: int
    frames: int


class Describer:
    """Answers `Caption` jobs; loads its two networks when it is first asked."""

    def __init__(self, shelf: Shelf, device: torch.device) -> None:
        self._shelf = shelf
        self._device = device
        self._loaded: tuple[LiteMaps, Captioner] | None = None

    def cards(self) -> tuple[ModelCard, ...]:
        """Return what there is to know of the captioner."""
        card = ModelCard(
            name=NAME,
            task="caption",
            parameters=PARAMETERS,
            weights=CHECKPOINT,
            source="models/pretrained, trained by models/train/caption.py",
            license="research and education, as the pictures of Flickr8k",
            ready=True,
            location="package bobby",
            size_bytes=WEIGHTS.stat().st_size,
        )
        return (card,)

    @staticmethod
    def builder() -> Callable[[], nn.Module]:
        """Return what makes encoder and decoder as one module, for a look inside."""
        shape = Captioner.load().shape
        return lambda: nn.ModuleDict(
            {"encoder": EfficientNetLite0(), "decoder": CaptionTransformer(shape)}
        )

    def prepare(self, job: Caption) -> Prepared | Failure:
        """Decode the picture; safe on any thread."""
        if job.model not in {None, NAME}:
            sentence = f"I know no captioner of that name: {NAME} is the one that is here."
            return Failure(code="unknown_model", sentence=sentence)
        try:
            picture = decode(job.picture)
        except DecodeError as error:
            return error.failure
        return Prepared(
            tensor=pixels(picture.image),
            beams=min(max(job.beams or DEFAULT_BEAMS, 1), MAX_BEAMS),
            width=picture.image.width,
            height=picture.image.height,
            frames=picture.frames,
        )

    def run(self, batch: Sequence[Prepared]) -> Iterator[Captioned | Failure]:
        """Yield what each picture of `batch` shows, or why that can't be said."""
        for item in batch:
            try:
                yield self._describe(item)
            except Exception:  # noqa: BLE001 - whatever it was, the others go on
                _log.exception("%s failed", NAME)
                sentence = "The captioner ran into an error: try another picture."
                yield Failure(code="model_failed", sentence=sentence)

    def _describe(self, item: Prepared) -> Captioned:
        maps, captioner = self._loaded or self._load()
        begun = time.perf_counter()
        with torch.inference_mode():
            cells = maps(item.tensor[None].to(self._device)).float().cpu()
            (caption,) = captioner.caption(cells, item.beams)
        return Captioned(
            caption=caption.text,
            log_probability=caption.log_probability,
            sure=not caption.guess,
            alternatives=caption.alternatives,
            model=NAME,
            weights=CHECKPOINT,
            width=item.width,
            height=item.height,
            frames=item.frames,
            device=device_name(self._device),
            milliseconds=(time.perf_counter() - begun) * 1000,
        )

    def _load(self) -> tuple[LiteMaps, Captioner]:
        encoder = EfficientNetLite0()
        encoder.load_state_dict(self._shelf.load(catalog()[ENCODER].checkpoint))
        maps = LiteMaps(encoder).eval().requires_grad_(requires_grad=False).to(self._device)
        self._loaded = (maps, Captioner.load())
        return self._loaded
