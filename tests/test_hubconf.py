"""Torch Hub gives our networks away: from an environment that holds only what hubconf lists."""

import ast
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENTRY_POINTS = {
    "horse2zebra_small",
    "zebra2horse_small",
    "cyclegan_generator",
    "caption_small",
    "efficientnet_lite0",
    "neuraltalk2_encoder",
    "neuraltalk2_decoder",
}

BARE = """
import sys
stdlib, site, root = sys.argv[1:4]
sys.path[:] = [site, stdlib, stdlib + "/lib-dynload"]
import torch
torch.set_num_threads(1)
load = lambda name, **options: torch.hub.load(root, name, source="local", **options)
"""


def listed() -> list[str]:
    """Return the packages that hubconf lists, read without running it."""
    tree = ast.parse((ROOT / "hubconf.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "dependencies":
            names: list[str] = ast.literal_eval(node.value)
            return names
    raise AssertionError("hubconf.py lists no dependencies")


def needed(distribution: str, seen: set[str]) -> Iterator[metadata.Distribution]:
    """Yield a distribution and, once each, all that it requires without any extra."""
    if (name := re.sub(r"[-_.]+", "-", distribution).lower()) in seen:
        return
    seen.add(name)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return  # for another platform
    yield found
    for requirement in found.requires or []:
        if "extra ==" not in requirement:
            yield from needed(re.split(r"[\s;<>=!~(\[]", requirement)[0], seen)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of packages with what hubconf lists, what that needs, and nothing else."""
    site = tmp_path_factory.mktemp("site")
    by_package = metadata.packages_distributions()
    seen: set[str] = set()
    for package in listed():
        for found in needed(by_package[package][0], seen):
            for file in found.files or []:
                top = Path(file.parts[0])
                link, target = site / top, Path(str(found.locate_file(str(top))))
                if top.name not in {"..", "__pycache__"} and not link.exists():
                    link.symlink_to(target)
    return site


def run(bare: Path, code: str) -> str:
    """Run `code` where only `bare` and the standard library are; return what it printed."""
    paths = [sysconfig.get_path("stdlib"), str(bare), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE + code, *paths],
        cwd=bare,
        env={"HOME": str(bare)},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_network_loads_with_what_is_listed_alone(bare: Path) -> None:
    """None of Bobby's other dependencies is there, and each entry point gives what it says."""
    printed = run(
        bare,
        """
import importlib.util
for absent in ("msgspec", "platformdirs", "discord", "aiohttp", "pydantic", "rich"):
    assert importlib.util.find_spec(absent) is None, absent
x = torch.zeros(1, 3, 64, 64)
assert load("cyclegan_generator")(x).shape == (1, 3, 64, 64)
assert load("horse2zebra_small", pretrained=False)(x).shape == (1, 3, 64, 64)
assert load("efficientnet_lite0")(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
assert load("neuraltalk2_encoder")(torch.zeros(1, 3, 64, 64)).shape[-1] == 2048
assert not load("neuraltalk2_decoder", words=10).training
for name in ("cyclegan_generator", "neuraltalk2_encoder"):
    try:
        load(name, pretrained=True)
    except ValueError as error:
        print(error)
""",
    )
    assert printed.count("ships no weights for it") == 2


def test_pretrained_networks_answer(bare: Path, shared_data: Path) -> None:
    """The captioner sees the dog, the classifier its breed, the generator changes the horse."""
    printed = run(
        bare,
        f"""
import numpy
from PIL import Image, ImageOps
def pixels(picture, side):
    square = numpy.array(ImageOps.fit(picture, (side, side)))
    return torch.from_numpy(square).permute(2, 0, 1)[None].float()
dog = Image.open({str(shared_data / "bobby.jpg")!r}).convert("RGB")
horse = Image.open({str(shared_data / "horse.jpg")!r}).convert("RGB")
print(load("caption_small", pretrained=True).caption(dog))
seen = (pixels(dog, 224) - 127) / 128
print(int(load("efficientnet_lite0", pretrained=True)(seen).argmax()))
picture = pixels(horse, 256) / 127.5 - 1
with torch.inference_mode():
    changed = load("horse2zebra_small", pretrained=True)(picture) - picture
print(float(changed.abs().mean()) > 0.02, changed.abs().amax(1).eq(0).float().mean() > 0.2)
with torch.inference_mode():
    back = load("zebra2horse_small", pretrained=True)(picture + changed)
print(tuple(back.shape))
""",
    )
    caption, label, zebra, back = printed.splitlines()
    assert back.startswith("(1, 3, 256, ")
    assert "dog" in caption
    assert label == "207"  # golden retriever
    assert zebra.replace("tensor(True)", "True") == "True True"


def test_only_entry_points_are_offered(bare: Path) -> None:
    """What Torch Hub would list are the networks, each with its help text."""
    printed = run(
        bare,
        """
sys.path.insert(0, root)
import hubconf
offered = [n for n in dir(hubconf) if callable(getattr(hubconf, n)) and not n.startswith("_")]
assert all(getattr(hubconf, name).__doc__ for name in offered)
print(*offered)
""",
    )
    assert set(printed.split()) == ENTRY_POINTS


def test_another_package_called_models_is_named(bare: Path, tmp_path: Path) -> None:
    """Torch Hub can't tell packages of one name apart; anyone who meets that is told."""
    (tmp_path / "models.py").write_text("")
    printed = run(
        bare,
        f"""
sys.path.insert(0, {str(tmp_path)!r})
import models
try:
    load("cyclegan_generator")
except ImportError as error:
    print(error)
""",
    )
    assert "Another package called `models`" in printed
