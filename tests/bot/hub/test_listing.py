"""The operator's list, and what is read from a repository's source without running it."""

from pathlib import Path

import pytest

from bot.errors import SetupError
from bot.hub import listing, reading
from bot.hub.listing import Model, Repository
from tests.bot.hub import repository as things

RECORD = Repository(
    name=things.OWNER,
    commit=things.COMMIT,
    tree="a" * 64,
    models=(
        Model(name="brightness", entry="brightness", arguments={"scale": 2.5, "text": 'a "b" 🦓'}),
        Model(name="forks", entry="forks", arguments={"deep": True, "times": 3}),
    ),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Two records, one after the other, with arguments of every kind."""
    path = tmp_path / "hub.toml"
    listing.append(path, RECORD, {"brightness": None})
    other = Repository(name="b/c", commit="f" * 40, tree="0" * 64)
    listing.append(path, other, {})
    assert listing.read(path) == (RECORD, other)


@pytest.mark.parametrize("names", [("same", "same"), ("Capital",)])
def test_what_could_not_be_read_is_not_written(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The list stays as it was, so Bobby starts the next time."""
    path = tmp_path / "hub.toml"
    listing.append(path, RECORD, {})
    before = path.read_text(encoding="utf-8")
    models = tuple(Model(name=name, entry=name) for name in names)
    with pytest.raises(SetupError):
        listing.append(
            path, Repository(name="b/c", commit="f" * 40, tree="0" * 64, models=models), {}
        )
    assert path.read_text(encoding="utf-8") == before


def test_no_list_is_an_empty_one(tmp_path: Path) -> None:
    """Most Bobbys have none."""
    assert listing.read(tmp_path / "hub.toml") == ()


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("commit = ", "comit = ", "comit"),
        (things.COMMIT, "main", "no commit"),
        (things.OWNER, "things", "no repository"),
        ('tree = "a', 'tree = "', "64 digits"),
        ('name = "forks"', 'name = "brightness"', "only once"),
        ('name = "forks"', 'name = "For ks"', "small letters"),
        ("[[repository]]", "[[repository]", "hub.toml can't be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, before: str, after: str, named: str) -> None:
    """The sentence says what is wrong where."""
    path = tmp_path / "hub.toml"
    listing.append(path, RECORD, {})
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(SetupError, match=named):
        listing.read(path)


def test_the_source_is_read_and_not_run(tmp_path: Path) -> None:
    """Dependencies, entry points with their help texts, and figures."""
    things.write(tmp_path)
    trap = tmp_path / "trap"
    (tmp_path / "hubconf.py").write_text(
        f"open({str(trap)!r}, 'w')\n"
        "import numpy\n"
        "from somewhere import borrowed, _private, thing as renamed\n"
        "dependencies = ['torch', 'a_package_that_nobody_has']\n"
        "def shown():\n    '''Help.'''\n"
        "def _hidden(): pass\n"
    )
    summary = reading.read(tmp_path)
    assert summary.dependencies == ("torch", "a_package_that_nobody_has")
    assert summary.missing == ("a_package_that_nobody_has",)
    assert summary.entry_points == {"borrowed": None, "renamed": None, "shown": "Help."}
    assert summary.files == 4
    assert not trap.exists()


def test_what_is_no_python(tmp_path: Path) -> None:
    """A sentence."""
    (tmp_path / "hubconf.py").write_text("def (:\n")
    with pytest.raises(SetupError, match=r"hubconf\.py can't be read"):
        reading.read(tmp_path)
