"""Archives of code: unpacked with care, and known again by the hash of what was in them."""

import io
import tarfile
from pathlib import Path

import pytest

from bot.core.errors import SetupError
from bot.library.hub import archive
from bot.library.hub.archive import RepositoryPaths
from tests.bot.library.hub import repository as things


def unpack(tmp_path: Path, data: bytes) -> RepositoryPaths:
    """Unpack `data` and return where."""
    tmp_path.mkdir(exist_ok=True)
    packed = tmp_path / "packed.tar.gz"
    packed.write_bytes(data)
    where = RepositoryPaths(tmp_path / "place")
    archive.unpack(packed, where)
    return where


def test_its_one_folder_becomes_the_code(tmp_path: Path) -> None:
    """Names and contents are those of the repository, and nothing else is left."""
    where = unpack(tmp_path, things.archive())
    found = {p.relative_to(where.code).as_posix() for p in where.code.rglob("*") if p.is_file()}
    assert found == set(things.files())
    assert [path.name for path in where.folder.iterdir()] == ["code"]


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def test_it_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    """Older code is gone, and so is what a crash left half unpacked; folders are welcome."""
    for left in ("code/old.py", "unpacking/half/hubconf.py"):
        (tmp_path / "place" / left).parent.mkdir(parents=True)
        (tmp_path / "place" / left).touch()
    where = unpack(tmp_path, things.archive(_folder(f"things-{things.COMMIT}/empty")))
    assert [path.name for path in where.folder.iterdir()] == ["code"]
    assert not (where.code / "old.py").exists()
    assert (where.code / "empty").is_dir()


def test_no_archive(tmp_path: Path) -> None:
    """A sentence where the file is gone."""
    with pytest.raises(SetupError, match="No such file"):
        archive.unpack(tmp_path / "packed.tar.gz", RepositoryPaths(tmp_path / "place"))


def test_every_commit_has_a_place_of_its_own(tmp_path: Path) -> None:
    """The same wherever the worker works; a repository's owner is part of its name."""
    sources = [(o, c * 6) for o in ("a/b", "b/b") for c in ("12345678", "12345679")]
    places = {archive.place(tmp_path, owner, commit).folder for owner, commit in sources}
    assert len(places) == len(sources)
    assert archive.place(Path("relative"), *sources[0]).code.is_absolute()


def test_what_came_compiled_is_not_unpacked(tmp_path: Path) -> None:
    """Python would run it in place of the source, and the hash does not cover it."""
    member = tarfile.TarInfo("things/__pycache__/hubconf.cpython-311.pyc")
    where = unpack(tmp_path, things.archive(member))
    assert not list(where.code.rglob("*.pyc"))


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../outside.py"),
        tarfile.TarInfo("things/../../outside.py"),
        _link("things/link", "/etc/passwd"),
        _link("things/hard", "things/hubconf.py", tarfile.LNKTYPE),
        _link("things/pipe", "", tarfile.FIFOTYPE),
        tarfile.TarInfo("second/top.py"),
    ],
    ids=["parent", "parent within", "symbolic link", "hard link", "pipe", "two tops"],
)
def test_a_hostile_archive_leaves_nothing(tmp_path: Path, member: tarfile.TarInfo) -> None:
    """It is refused as a whole, and no file of it is anywhere."""
    with pytest.raises(SetupError):
        unpack(tmp_path, things.archive(member))
    assert not list(tmp_path.parent.glob("outside.py"))
    assert not list(tmp_path.rglob("outside.py"))
    assert list((tmp_path / "place").iterdir()) == []


def test_an_absolute_name_stays_within(tmp_path: Path) -> None:
    """As tar itself does, the data filter takes the slash away; two tops are refused then."""
    with pytest.raises(SetupError):
        unpack(tmp_path, things.archive(tarfile.TarInfo("/absolute.py")))
    assert not Path("/absolute.py").exists()


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_damaged_archive(tmp_path: Path, damage: str) -> None:
    """A sentence, and nothing left."""
    whole = things.archive()
    data = {"cut": whole[: len(whole) // 2], "noise": b"\x1f\x8b" + b"x" * 100, "empty": b""}
    with pytest.raises(SetupError, match="can't be unpacked"):
        unpack(tmp_path, data[damage])
    assert list((tmp_path / "place").iterdir()) == []


def test_an_archive_without_hubconf(tmp_path: Path) -> None:
    """It is no hub repository."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("top/readme"))
    with pytest.raises(SetupError, match=r"No hubconf\.py"):
        unpack(tmp_path, packed.getvalue())


BYTES = sum(len(text.encode()) for text in things.files().values())


@pytest.mark.parametrize(
    ("bound", "fits"), [("MOST_FILES", len(things.files())), ("MOST_BYTES", BYTES)]
)
def test_an_archive_within_its_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, fits: int
) -> None:
    """What is as large as allowed is unpacked; with one file or byte more in all, nothing is."""
    monkeypatch.setattr(archive, bound, fits)
    assert unpack(tmp_path, things.archive()).code.is_dir()
    monkeypatch.setattr(archive, bound, fits - 1)
    with pytest.raises(SetupError, match="too large"):
        unpack(tmp_path / "again", things.archive())
    assert list((tmp_path / "again" / "place").iterdir()) == []


def test_what_would_fill_the_disk(tmp_path: Path) -> None:
    """A small archive with a file of 500 MiB is refused before any of it is on the disk."""
    zeros = tarfile.TarInfo("things/zeros")
    zeros.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(500 * 2**20)}
    # Were the unpacking begun, this one would end it with another sentence.
    outside = tarfile.TarInfo("../outside.py")
    with pytest.raises(SetupError, match="too large: at most 20000 files and 500 MiB"):
        unpack(tmp_path, things.archive(zeros, outside))
    assert list((tmp_path / "place").iterdir()) == []


def test_the_hash_of_the_code(tmp_path: Path) -> None:
    """It changes with a content, a name and a new file, and not with what Python compiles."""
    things.write(tmp_path)
    before = archive.tree(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "hubconf.cpython-311.pyc").write_bytes(b"compiled")
    assert archive.tree(tmp_path) == before
    readme = tmp_path / "README.md"
    seen = {before}
    for change in (
        lambda: readme.write_text("# Other things\n"),
        lambda: readme.rename(tmp_path / "READ.md"),
        (tmp_path / "new.py").touch,
        lambda: (tmp_path / "link.py").symlink_to("/etc/passwd"),
    ):
        change()
        seen.add(archive.tree(tmp_path))
    assert len(seen) == 5


def test_a_link_counts_without_what_it_leads_to(tmp_path: Path) -> None:
    """What lies outside the folder is never read, and need not exist."""
    (tmp_path / "code").mkdir()
    (tmp_path / "outside").write_text("one")
    before = archive.tree(tmp_path / "code")
    (tmp_path / "code" / "link.py").symlink_to(tmp_path / "outside")
    linked = archive.tree(tmp_path / "code")
    (tmp_path / "outside").write_text("two")
    assert archive.tree(tmp_path / "code") == linked
    (tmp_path / "outside").unlink()
    assert archive.tree(tmp_path / "code") == linked != before


def test_the_hash_does_not_depend_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder may list its files in any order."""
    things.write(tmp_path)
    before = archive.tree(tmp_path)
    listed = list(tmp_path.rglob("*"))
    for order in (sorted(listed), sorted(listed, reverse=True)):
        monkeypatch.setattr(Path, "rglob", lambda _self, _pattern, order=order: iter(order))
        assert archive.tree(tmp_path) == before
