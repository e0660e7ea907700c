"""Two hundred sound pictures are seen bit for bit as Pillow and torchvision alone see them."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps
from torchvision.transforms._presets import ImageClassification
from torchvision.transforms.functional import InterpolationMode

from models.bench.pictures import photograph
from models.catalog.classifiers import catalog
from models.catalog.selection import Choice
from models.tasks.classify import SPARE, prepare
from tests.models.pictures import ANIMATED, animation, encoded, scene

LITE = Choice(catalog()["efficientnet_lite0"])


def generated() -> Iterator[bytes]:
    """Yield pictures of every kind that chats see, of several shapes."""
    for number, size in enumerate(((640, 480), (300, 451), (224, 224), (90, 200), (1200, 800))):
        made = Image.open(io.BytesIO(photograph(*size, number))).convert("RGB")
        for quality in (40, 75, 95):
            for progressive in (False, True):
                yield encoded(made, "JPEG", quality=quality, progressive=progressive)
        for mode in ("L", "CMYK"):
            yield encoded(made.convert(mode), "JPEG")
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            yield encoded(made, "JPEG", exif=exif)
        for kind in ("PNG", "WEBP", "BMP", "TIFF", "PPM", "GIF", "AVIF"):
            yield encoded(made, kind)
        for mode in ("L", "LA", "P", "1", "RGBA"):
            yield encoded(made.convert(mode))
        yield encoded(made, icc_profile=bytes(16) + b"RGB " + bytes(500))
        yield encoded(sticker(made))
        yield encoded(sticker(made), "WEBP", lossless=True)
    for kind in ANIMATED:
        yield animation(kind, 3)
        frames = [scene((90, 60)), scene((90, 60)).rotate(180)]
        yield encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    for color in ("black", "gray", "white", "teal"):
        yield encoded(Image.new("RGB", (80, 60), color))
        yield encoded(Image.new("RGB", (80, 60), color), "JPEG")


def sticker(image: Image.Image) -> Image.Image:
    """Return an ellipse of `image` on nothing."""
    mask = Image.new("L", image.size)
    ImageDraw.Draw(mask).ellipse((0, 0, *image.size), fill=255)
    cut = image.copy()
    cut.putalpha(mask)
    return cut


def everyday(shared_data: Path) -> Iterator[bytes]:
    """Yield photographs that people took."""
    yield (shared_data / "bobby.jpg").read_bytes()
    yield (shared_data / "horse.jpg").read_bytes()
    with zipfile.ZipFile(shared_data / "everyday" / "images.zip") as photographs:
        names = [name for name in sorted(photographs.namelist()) if name.endswith(".jpg")]
        for name in names[:60]:
            yield photographs.read(name)


def plainly(data: bytes, least: int | None = None) -> Image.Image:
    """Return the picture as Pillow has it: its first frame, upright, on white.

    With `least`, a JPEG is decoded at the smallest even part of its size that is still as large.
    """
    image = Image.open(io.BytesIO(data))
    if least is not None:
        width, height = image.size
        fits = [n for n in (8, 4, 2) if width % n == height % n == 0]
        parts = next((n for n in fits if min(width, height) >= least * n), 1)
        image.draft(None, (width // parts, height // parts))
    upright = ImageOps.exif_transpose(image)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    layer = upright.convert("RGBA")
    paper = Image.new("RGB", layer.size, "white")
    paper.paste(layer.convert("RGB"), mask=layer.getchannel("A"))
    return paper


def preset() -> ImageClassification:
    """Return torchvision's preprocessing with the record's numbers."""
    mine = LITE.record.preset
    return ImageClassification(
        crop_size=mine.crop,
        resize_size=mine.resize,
        mean=mine.mean,
        std=mine.std,
        interpolation=InterpolationMode(mine.interpolation),
    )


def same(data: bytes) -> bool:
    """Tell whether both decodings of `data`, in full and as far as needed, are as ever."""
    least = round(SPARE * LITE.record.preset.resize)
    both = ((True, plainly(data)), (False, plainly(data, least)))
    return all(
        np.array_equal(prepare(data, LITE, in_full=full).pixels, preset()(image).numpy())
        for full, image in both
    )


def test_two_hundred_pictures_are_what_they_were(shared_data: Path) -> None:
    """What the network gets of each is the same to the last bit, so its answer is."""
    pictures = [*generated(), *everyday(shared_data)]
    assert len(pictures) >= 200
    assert [number for number, data in enumerate(pictures) if not same(data)] == []


def test_an_honest_picture_has_no_small_print() -> None:
    """But for the frame of an animation."""
    for data in generated():
        notes = [str(note) for note in prepare(data, LITE).notes]
        assert all(note.startswith("frame 1 of ") for note in notes), notes
