"""The worker process of one Hugging Face model: its files, read by transformers' own code.

Owns the way from a classifier of the Hub to labels. No code of the repository is run and no pickle
is opened; what the process may do is set by `models.worker.sandbox`, which starts this module.
"""

import argparse
import io
import logging
import os
import signal
import sys
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import torch
from PIL import Image
from torch import Tensor

from models.images.decode import guard_process
from models.images.perform import perform
from models.images.pixel_jobs import AtMost, Look, Looked
from models.jobs.answers import Labels
from models.jobs.base import Said, say
from models.jobs.control import Ready
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Classify
from models.runtime.inference import full_precision
from models.runtime.progress import loading
from models.tasks.base import NO_SUCH_MODEL, TaskTable
from models.tasks.classify import top_five
from models.worker.hub import is_out_of_memory
from models.worker.pipe import claim_pipe, leave
from models.worker.process import serve

_log = logging.getLogger(__name__)

LONGEST = 1024
"""Pixels of a picture's longer side, from which a model's own preprocessing makes its input."""
SURE = 0.2
"""Below this probability an answer counts as not sure; nothing is known of how sure they are."""
MOST_INPUT = 2048
"""Pixels of the input's sides; a configuration that asks for more is refused."""


@dataclass(frozen=True)
class Prepared:
    """A decoded picture, before the model's own preprocessing; the rest is the file's."""

    image: Image.Image
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...]


class HfTasks(TaskTable):
    """The one model `card` in the folder `files`."""

    def __init__(self, files: Path, card: ModelInfo) -> None:
        self._card = card
        super().__init__({Classify: HfClassifier(files, card)})

    def ready(self) -> Ready:
        """Tell what there is; nothing is loaded yet."""
        return self.recount()

    def recount(self) -> Ready:
        """Tell what there is."""
        return Ready(device="cpu", default=self._card.name, models=(self._card,))


class HfClassifier:
    """Answers `Classify` with the model `card` in the folder `files`; loads it when first asked."""

    makes_room = False

    def __init__(self, files: Path, card: ModelInfo) -> None:
        self._files = files
        self._card = card
        self._loaded: tuple[Any, Any] | None = None

    def prepare(self, job: Classify) -> Prepared:
        """See `Task`."""
        if (job.model or "").strip().lower() != self._card.name:
            raise JobError("unknown_model", NO_SUCH_MODEL)
        found = perform(Look(picture=job.picture, views=(AtMost(longest=LONGEST),)))
        assert isinstance(found, Looked)
        image = found.images[0].image()
        return Prepared(image, found.width, found.height, found.frames, found.notes)

    def together(self, _item: Prepared) -> Hashable:
        """Return the model: all pictures are one pass of its network."""
        return self._card.name

    def run(self, batch: Sequence[Prepared]) -> Sequence[Labels]:
        """See `Task`."""
        began = time.perf_counter()
        try:
            pixels, logits, labels = self._logits([item.image for item in batch])
        except Exception as error:  # noqa: BLE001 - a stranger's configuration
            _log.exception("%s failed", self._card.name)
            sentence = (
                say("{model} ran out of memory. Try another model.", model=self._card.name)
                if is_out_of_memory(error)
                else say("{model} hit an error. Try another model.", model=self._card.name)
            )
            raise JobError("model_failed", sentence) from None
        took = (time.perf_counter() - began) * 1000
        return [
            self._labels(
                item, self._shown(seen), row, labels, milliseconds=took, batch_size=len(batch)
            )
            for item, seen, row in zip(batch, pixels, logits, strict=True)
        ]

    def _logits(self, images: Sequence[Image.Image]) -> tuple[Tensor, Tensor, list[str]]:
        """Return the inputs (N, 3, H, W), the logits (N, labels), and the labels.

        Raises:
            Exception: Whatever transformers raises over a stranger's configuration.
            ValueError: The input is too large, or there are no logits for the labels.
        """
        if self._loaded is None:
            self._loaded = self._load()
        processor, model = self._loaded
        rows = [processor(images=[one], return_tensors="pt")["pixel_values"] for one in images]
        pixels = torch.cat(rows)
        if max(pixels.shape[2:]) > MOST_INPUT:
            raise ValueError(f"{self._card.name} wants an input of {tuple(pixels.shape)}")
        with torch.inference_mode(), full_precision():
            logits = model(pixel_values=pixels).logits.float()
        names = model.config.id2label
        labels = [str(names.get(place, place)) for place in range(logits.shape[-1])]
        if logits.shape[:-1] != (len(images),) or not logits.isfinite().all():
            raise ValueError(f"{self._card.name} gave {tuple(logits.shape)}, or no numbers")
        return pixels, logits, labels

    def _load(self) -> tuple[Any, Any]:
        transformers: Any = import_module("transformers")
        here = {"local_files_only": True, "trust_remote_code": False}
        with loading():
            processor = transformers.AutoImageProcessor.from_pretrained(self._files, **here)
            model, told = transformers.AutoModelForImageClassification.from_pretrained(
                self._files,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
                **here,
            )
        if told["missing_keys"]:
            raise ValueError(f"{self._card.name} has no weights for {told['missing_keys']}")
        return processor, model.eval()

    def _shown(self, pixels: Tensor) -> bytes:
        """Return what the network saw, before its normalization, as a JPEG."""
        assert self._loaded is not None
        processor = self._loaded[0]
        if getattr(processor, "do_normalize", False):
            mean, std = (torch.tensor(getattr(processor, f"image_{of}")) for of in ("mean", "std"))
            pixels = pixels * std[:, None, None] + mean[:, None, None]
        data = (pixels.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous()
        shown = io.BytesIO()
        Image.fromarray(data.numpy()).save(shown, "JPEG", quality=95, subsampling=0)
        return shown.getvalue()

    def _labels(
        self,
        item: Prepared,
        crop: bytes,
        logits: Tensor,
        labels: Sequence[str],
        *,
        milliseconds: float,
        batch_size: int,
    ) -> Labels:
        top = top_five(logits.numpy(), labels)
        return Labels(
            top=top,
            crop=crop,
            model=self._card.name,
            weights=self._card.weights,
            width=item.width,
            height=item.height,
            frames=item.frames,
            notes=item.notes,
            sure=top[0].probability >= SURE,
            device="cpu",
            milliseconds=milliseconds,
            batch_size=batch_size,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Be the worker process; does not return."""
    pipe = claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(
        prog="python -m models.worker.sandbox … models.worker.hf", description=__doc__
    )
    parser.add_argument("--files", type=Path, required=True, help="the model's folder")
    parser.add_argument("--card", required=True, help="a `ModelInfo` as JSON")
    parser.add_argument("--log-level", default="INFO")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=options.log_level, format="%(name)s: %(message)s")
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    guard_process()
    torch.set_num_threads(1)
    card = msgspec.json.decode(options.card, type=ModelInfo)
    leave(serve(pipe, lambda: HfTasks(options.files, card)))


if __name__ == "__main__":
    main()
