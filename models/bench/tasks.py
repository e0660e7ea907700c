"""Zebras and captions as they are timed: by Bobby's own tasks, and as a first bot would do it.

Owns both forms for `models.bench.server`; times are milliseconds a picture.
"""

import asyncio
import io
import time
from collections.abc import Callable
from typing import Literal

import torch
from PIL import Image
from torchvision.transforms import InterpolationMode, functional
from torchvision.transforms._presets import ImageClassification

from models.captioning.small import Captioner, prepare
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import Preset
from models.jobs.answers import Failure
from models.jobs.requests import Caption, Translate
from models.networks.lite_maps import LiteMaps
from models.networks.zebra_student import MatteGenerator
from models.runtime.inference import plain
from models.weights.store import WeightsStore
from models.worker.tasks import Tasks

Kind = Literal["zebra", "caption"]
SIDE = 256
ROOM = 32 * 2**20


class Whole:
    """Answers about one picture, in two ways."""

    def __init__(self, picture: bytes, shelf: WeightsStore, device: torch.device) -> None:
        self._picture = picture
        self._tasks = Tasks(shelf, device, "efficientnet_lite0")
        self._naive: dict[Kind, Callable[[], object]] = {
            "zebra": self._naive_zebra(shelf),
            "caption": self._naive_caption(shelf),
        }

    def own(self, kind: Kind, count: int) -> float:
        """Call Bobby's task without a queue or a process between."""
        job = Translate(picture=self._picture, max_bytes=ROOM, size=SIDE)
        begun = time.perf_counter()
        for _ in range(count):
            wanted = job if kind == "zebra" else Caption(picture=self._picture)
            (answer,) = self._tasks.answer(wanted)
            assert not isinstance(answer, Failure), answer.sentence
        return (time.perf_counter() - begun) * 1000 / count

    def naive(self, kind: Kind, count: int) -> float:
        """Do as a first bot would: in a thread, eager, the networks as they come."""
        work = self._naive[kind]

        async def answer() -> None:
            for _ in range(count):
                await asyncio.to_thread(work)

        begun = time.perf_counter()
        asyncio.run(answer())
        return (time.perf_counter() - begun) * 1000 / count

    def _naive_zebra(self, shelf: WeightsStore) -> Callable[[], bytes]:
        network = plain(pairs()["horse2zebra_small"], shelf)
        assert isinstance(network, MatteGenerator)

        def work() -> bytes:
            image = Image.open(io.BytesIO(self._picture)).convert("RGB")
            small = functional.resize(image, [SIDE])
            small = small.crop((0, 0, small.width // 4 * 4, small.height // 4 * 4))
            with torch.inference_mode():
                painted = network(functional.to_tensor(small)[None] * 2 - 1)[0]
            file = io.BytesIO()
            zebra = functional.to_pil_image(((painted + 1) / 2).clamp(0, 1))
            zebra.resize(image.size).save(file, "PNG")
            return file.getvalue()

        return work

    def _naive_caption(self, shelf: WeightsStore) -> Callable[[], str]:
        encoder = plain(catalog()["efficientnet_lite0"], shelf)
        maps, captioner = LiteMaps(encoder).eval(), Captioner.load()  # type: ignore[arg-type]  # it is that network

        def work() -> str:
            image = Image.open(io.BytesIO(self._picture)).convert("RGB")
            with torch.inference_mode():
                cells = maps(prepare(image)[None])
            return captioner.caption(cells)[0].text

        return work


def in_torchvision(preset: Preset) -> ImageClassification:
    """Return `preset` as torchvision has it, which takes a picture and gives a tensor."""
    return ImageClassification(
        crop_size=preset.crop,
        resize_size=preset.resize,
        interpolation=InterpolationMode(preset.interpolation),
        mean=preset.mean,
        std=preset.std,
    )
