"""The page on the architecture says what the contracts and the rooms say."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\d+\. `([\w.]+)`", PAGE, re.MULTILINE)


def layers() -> dict[str, list[str]]:
    """Return the layers that the contracts set, the highest first, by package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    return {one["containers"][0]: one["layers"] for one in contracts if one["type"] == "layers"}


@pytest.mark.parametrize("package", ["bot", "models"])
def test_the_picture_of_the_layers_is_that_of_the_contracts(package: str) -> None:
    """From left to right; those in brackets share a layer."""
    (line,) = re.findall(rf"^{package} +(.+)$", PAGE, re.MULTILINE)
    assert [layer.strip("()") for layer in line.split(" > ")] == layers()[package]


@pytest.mark.parametrize("package", ["bot", "models"])
def test_every_room_is_on_the_page_in_its_own_words(package: str) -> None:
    """Each folder's docstring begins with the line that the page has of it."""
    told = dict(re.findall(rf"^\| \[({package}/\w+)\]\(\S+\) \| (.+) \|$", PAGE, re.MULTILINE))
    rooms = {}
    for file in (ROOT / package).glob("*/__init__.py"):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        assert text is not None, file
        rooms[f"{package}/{file.parent.name}"] = text.partition("\n")[0].rstrip(".")
    assert told == rooms


@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_a_name_in_the_code(step: str) -> None:
    """A module, and what is in it."""
    module = step
    found: list[str] = []
    while True:
        try:
            room: object = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _, name = module.rpartition(".")
            found.insert(0, name)
    for name in found:
        room = getattr(room, name)
    assert callable(room)
