"""The operator's list, and what is read from a repository's source without running it."""

import contextlib
from pathlib import Path

import pytest

from bot.core.errors import SetupError, WrongSetting
from bot.library.hub import hub_file, source_summary
from bot.library.hub.hub_file import Model, Repository
from tests.bot.library.hub import repository as things

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
    hub_file.append(path, RECORD, {"brightness": None})
    other = Repository(name="b/c", commit="f" * 40, tree="0" * 64)
    hub_file.append(path, other, {})
    assert hub_file.read(path) == (RECORD, other)


@pytest.mark.parametrize("names", [("same", "same"), ("Capital",)])
def test_what_could_not_be_read_is_not_written(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The list stays as it was, so Bobby starts the next time."""
    path = tmp_path / "hub.toml"
    hub_file.append(path, RECORD, {})
    before = path.read_text(encoding="utf-8")
    models = tuple(Model(name=name, entry=name) for name in names)
    with pytest.raises(SetupError):
        hub_file.append(
            path, Repository(name="b/c", commit="f" * 40, tree="0" * 64, models=models), {}
        )
    assert path.read_text(encoding="utf-8") == before


def test_no_list_is_an_empty_one(tmp_path: Path) -> None:
    """Most Bobbys have none."""
    assert hub_file.read(tmp_path / "hub.toml") == ()


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("commit = ", "comit = ", "comit"),
        (things.COMMIT, "main", "full commit hash"),
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
    hub_file.append(path, RECORD, {})
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(WrongSetting, match=named):
        hub_file.read(path)


@pytest.mark.parametrize(
    ("url", "sha256", "named"),
    [
        ("https://a/net.pth", "0" * 63, "64 digits"),
        ("https://a/net.pth", "G" * 64, "64 digits"),
        ("https://a/", "0" * 64, "end in a file's name"),
        ("https://a", "0" * 64, "end in a file's name"),
        ("https://a/..", "0" * 64, "end in a file's name"),
    ],
)
def test_weights_are_named_and_proven(tmp_path: Path, url: str, sha256: str, named: str) -> None:
    """Each file by its whole hash, and by the name that its address ends in."""
    path = tmp_path / "hub.toml"
    hub_file.append(path, RECORD, {})
    text = path.read_text()
    for address, digest in (("https://a/b/net.pth?x=/y#z", "0" * 64), (url, sha256)):
        weights = f'weights = [{{ url = "{address}", sha256 = "{digest}" }}] #'
        path.write_text(text.replace("# weights =", weights))
        if address != url:
            ((one,),) = (repository.weights for repository in hub_file.read(path))
            file = one.file()
            assert (file.name, file.url, file.proof) == ("net.pth", address, "sha256")
            assert file.digest == digest
    with pytest.raises(WrongSetting, match=named):
        hub_file.read(path)


def test_what_is_no_text(tmp_path: Path) -> None:
    """A sentence with the list's name."""
    (tmp_path / "hub.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SetupError, match=r"hub\.toml can't be read"):
        hub_file.read(tmp_path / "hub.toml")


def test_a_record_names_what_else_could_be_asked_for(tmp_path: Path) -> None:
    """In a comment, for who edits the list by hand."""
    path = tmp_path / "hub.toml"
    hub_file.append(path, RECORD, {"brightness": "Help.", "forks": None})
    other = Repository(name="b/c", commit="f" * 40, tree="0" * 64)
    hub_file.append(path, other, {})
    comments = [line for line in path.read_text("utf-8").splitlines() if "entry points" in line]
    assert comments == ["# Its entry points: brightness, forks", "# Its entry points: none"]


def test_a_source_is_a_repository_at_a_whole_commit() -> None:
    """Neither an address, nor a path, nor a part of a commit."""
    hub_file.check_source("Some.owner/re-po_1.x", "0123456789abcdef" * 2 + "01234567")
    for name in ("a", "a/b/c", "a/", "/b", "https://a/b", "a b/c", "ä/b"):
        with pytest.raises(SetupError, match="should be OWNER/REPO"):
            hub_file.check_source(name, "f" * 40)
    for commit in ("f" * 39, "f" * 41, "F" * 40, "main", ""):
        with pytest.raises(SetupError, match="all 40 characters"):
            hub_file.check_source("a/b", commit)


def test_names_that_can_be_asked_for(tmp_path: Path) -> None:
    """Up to 80 small letters, digits and a few signs, beginning with no sign."""
    for number, (name, fits) in enumerate(
        {
            "a" * 80: True,
            "a" * 81: False,
            "9._-": True,
            "-a": False,
            ".a": False,
            "a/b": False,
        }.items()
    ):
        model = Model(name=name, entry="e")
        repository = Repository(name="b/c", commit="f" * 40, tree="0" * 64, models=(model,))
        path = tmp_path / f"{number}.toml"
        with contextlib.nullcontext() if fits else pytest.raises(SetupError, match="small letters"):
            hub_file.append(path, repository, {})
        assert path.exists() == fits


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
        "class Net:\n    '''A network.'''\n"
        "class _Base: pass\n"
        "from everywhere import *\n"
        "other = ['msgspec_of_nobody']\n"
        "async def later(): pass\n"
    )
    (tmp_path / "README.md").write_text("one\ntwo\n")
    summary = source_summary.read(tmp_path)
    assert summary.dependencies == ("torch", "a_package_that_nobody_has")
    assert summary.missing == ("a_package_that_nobody_has",)
    assert summary.entry_points == {
        "borrowed": None,
        "renamed": None,
        "shown": "Help.",
        "Net": "A network.",
    }
    assert summary.files == 4
    sources = [path for path in tmp_path.rglob("*.py") if path.is_file()]
    assert summary.python_lines == sum(len(path.read_text().splitlines()) for path in sources)
    assert summary.bytes == sum(path.stat().st_size for path in sources) + len("one\ntwo\n")
    assert not trap.exists()


def test_dependencies_are_looked_for_by_their_packages(tmp_path: Path) -> None:
    """Those in a tuple, too, and what a package holds; what is no text is left out."""
    for text, needed, missing in (
        ("dependencies = ('torch.nn', 'nobodys.thing', 3)", ("torch.nn", "nobodys.thing"), 1),
        ("dependencies = load()", (), 0),
        ("a = dependencies = ['torch']", ("torch",), 0),
        ("", (), 0),
    ):
        (tmp_path / "hubconf.py").write_text(text)
        summary = source_summary.read(tmp_path)
        assert summary.dependencies == needed
        assert summary.missing == needed[len(needed) - missing :]


def test_what_is_no_python(tmp_path: Path) -> None:
    """A sentence."""
    (tmp_path / "hubconf.py").write_text("def (:\n")
    with pytest.raises(SetupError, match=r"hubconf\.py can't be read"):
        source_summary.read(tmp_path)
