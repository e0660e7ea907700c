"""How a first bot would answer about a picture: eager, float32, the networks as they come."""

import io
from collections.abc import Callable
from typing import Literal

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import InterpolationMode, functional
from torchvision.transforms._presets import ImageClassification

from models.captioning.small import DEFAULT_BEAMS, Captioner
from models.captioning.views import prepare
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import Classification, Preset
from models.networks.lite_maps import LiteMaps
from models.networks.zebra_student import MatteGenerator
from models.runtime.inference import full_precision, load_network
from models.weights.store import WeightsStore

Kind = Literal["classify", "zebra", "caption"]
SIDE = 256


def answering(
    kind: Kind, record: Classification, shelf: WeightsStore, device: str
) -> Callable[[bytes], object]:
    """Return what answers about a file; labels are those of `record`, on `device`."""
    match kind:
        case "classify":
            return _classifying(record, shelf, device)
        case "zebra":
            return _painting(shelf)
        case "caption":
            return _captioning(shelf)


def labels(record: Classification, logits: Tensor) -> list[list[str]]:
    """Return the five likeliest labels of each row."""
    places = logits.softmax(1).topk(5).indices.tolist()
    return [[record.labels[place] for place in row] for row in places]


def in_torchvision(preset: Preset) -> ImageClassification:
    """Return `preset` as torchvision has it, which takes a picture and gives a tensor."""
    return ImageClassification(
        crop_size=preset.crop,
        resize_size=preset.resize,
        interpolation=InterpolationMode(preset.interpolation),
        mean=preset.mean,
        std=preset.std,
    )


def _opened(file: bytes) -> Image.Image:
    return Image.open(io.BytesIO(file)).convert("RGB")


def _classifying(
    record: Classification, shelf: WeightsStore, device: str
) -> Callable[[bytes], object]:
    network = load_network(record, shelf).to(device)
    preset = in_torchvision(record.preset)

    def work(file: bytes) -> object:
        with torch.inference_mode(), full_precision():
            seen: Tensor = preset(_opened(file))[None]
            return labels(record, network(seen.to(device)).cpu())

    return work


def _painting(shelf: WeightsStore) -> Callable[[bytes], object]:
    network = load_network(pairs()["horse2zebra_small"], shelf)
    assert isinstance(network, MatteGenerator)

    def work(file: bytes) -> object:
        image = _opened(file)
        small = functional.resize(image, [SIDE])
        small = small.crop((0, 0, small.width // 4 * 4, small.height // 4 * 4))
        with torch.inference_mode():
            painted = network(functional.to_tensor(small)[None] * 2 - 1)[0]
        written = io.BytesIO()
        zebra = functional.to_pil_image(((painted + 1) / 2).clamp(0, 1))
        zebra.resize(image.size).save(written, "PNG")
        return written.getvalue()

    return work


def _captioning(shelf: WeightsStore) -> Callable[[bytes], object]:
    encoder = load_network(catalog()["efficientnet_lite0"], shelf)
    maps, captioner = LiteMaps(encoder).eval(), Captioner.load()  # type: ignore[arg-type]  # it is that network

    def work(file: bytes) -> object:
        with torch.inference_mode():
            cells = maps(torch.from_numpy(prepare(_opened(file)))[None])
            classes = maps.classes(cells)
        return captioner.caption(cells.numpy(), classes.numpy(), [DEFAULT_BEAMS])[0].text

    return work
