"""`bobby zebra`: what is asked, where the answer is written, and what is said of it."""

import json
from typing import Any

import pytest

from models.jobs.answers import BeforeAfter, Failure, Image, Label, Translated
from models.jobs.base import say
from models.jobs.requests import Translate
from tests.bot.conftest import PICTURED, Desk

BEFORE, AFTER = Label(label="sorrel", probability=0.75), Label(label="zebra", probability=0.5)


def translated(extension: str = "png", *, expected: bool = True, **fields: Any) -> Translated:
    """Return an answer to `Translate`."""
    known: dict[str, Any] = {
        "image": Image(data=b"stripes", extension=extension, width=30, height=20),
        "verdict": BeforeAfter(before=BEFORE, after=AFTER, expected=expected, model="echo"),
        "expects": "a horse in a field",
        "working_width": 256,
        "working_height": 256,
        "frames": 1,
        "frames_in_all": 1,
    }
    return Translated(**(PICTURED | known | fields))


@pytest.fixture
def stable(desk: Desk) -> Desk:
    """Return a desk with a horse."""
    desk.file("horse.jpg")
    desk.answer = lambda _: translated()
    return desk


def test_the_answer_is_written_and_told(stable: Desk) -> None:
    """Its size as width by height, and the verdict before and after."""
    run = stable.run("zebra", "horse.jpg", "-o", "zebra.png")
    assert run.exit_code == 0
    assert (stable.folder / "zebra.png").read_bytes() == b"stripes"
    assert run.stdout.splitlines() == [
        "horse.jpg → zebra.png  (30×20)",
        "  sorrel 75.0 % → zebra 50.0 %",
    ]


def test_programs_read_an_object(stable: Desk) -> None:
    """It names the file that was written, which may not be the one asked for."""
    run = stable.run("zebra", "horse.jpg", "-o", "zebra.jpg", "--json")
    assert run.exit_code == 0
    assert json.loads(run.stdout) == {
        "file": "horse.jpg",
        "model": "echo",
        "output": "zebra.png",
        "size": [30, 20],
        "sure": True,
        "before": {"label": "sorrel", "probability": 0.75},
        "after": {"label": "zebra", "probability": 0.5},
    }


@pytest.mark.parametrize(
    ("extension", "asked", "written"),
    [
        ("png", "a.png", "a.png"),
        ("png", "a.apng", "a.apng"),
        ("jpg", "a.jpeg", "a.jpeg"),
        ("jpg", "a.JPG", "a.JPG"),
        ("jpg", "a.png", "a.jpg"),
        ("gif", "a.b.jpg", "a.b.gif"),
        ("png", "a", "a.png"),
    ],
)
def test_the_extension_is_true(stable: Desk, extension: str, asked: str, written: str) -> None:
    """It stays as it was asked for where it is, and nothing else is written."""
    stable.answer = lambda _: translated(extension)
    stable.run("zebra", "horse.jpg", "-o", asked)
    here = {path.name for path in stable.folder.iterdir() if path.is_file()}
    assert here == {"horse.jpg", written}


def test_what_is_already_there_is_overwritten(stable: Desk) -> None:
    """As with any other tool's `-o`."""
    (stable.folder / "zebra.png").write_bytes(b"an older and much longer answer")
    assert stable.run("zebra", "horse.jpg", "-o", "zebra.png").exit_code == 0
    assert (stable.folder / "zebra.png").read_bytes() == b"stripes"


def test_every_option_is_part_of_the_job(stable: Desk) -> None:
    """A disk takes more than a chat; what nobody asked for is left to the worker."""
    stable.run("zebra", "horse.jpg", "-o", "a.png")
    stable.run("zebra", "horse.jpg", "-o", "a.png", "--pair", "apple2orange", "--size", "64")
    stable.run("zebra", "horse.jpg", "-o", "a.png", "--as-in-book")
    most = 128 * 2**20
    assert stable.asked == [
        Translate(picture=b"", max_bytes=most, model=None, size=None, as_in_book=False),
        Translate(picture=b"", max_bytes=most, model="apple2orange", size=64, as_in_book=False),
        Translate(picture=b"", max_bytes=most, model=None, size=None, as_in_book=True),
    ]


def test_the_picture_itself_is_sent(stable: Desk) -> None:
    """The job has the file's bytes."""
    seen: list[bytes] = []

    def answer(job: Any) -> Translated:
        seen.append(job.picture)
        return translated()

    stable.answer = answer
    stable.file("horse.jpg", "neigh")
    stable.run("zebra", "horse.jpg", "-o", "a.png")
    assert seen == [b"neigh"]


def test_what_people_should_know_is_told(stable: Desk) -> None:
    """That the picture is none of what the pair knows, and that another pair stood in."""
    stable.answer = lambda _: translated(expected=False, substitution=say("Another."))
    run = stable.run("zebra", "horse.jpg", "-o", "a.png")
    told = ["  echo knows only a horse in a field.", "  Another."]
    assert run.stdout.splitlines()[2:] == told


@pytest.mark.parametrize("as_json", [False, True])
def test_whatever_goes_wrong_is_a_sentence(stable: Desk, as_json: bool) -> None:
    """A file that is not here, one too large, no place to write to, and a worker's refusal."""
    damaged = Failure(code="damaged_picture", sentence=say("This picture is damaged."))
    (stable.folder / "large").write_bytes(b"x" * (2**20 + 1))

    def complaint(file: str, output: str) -> str:
        options = ["--json"] if as_json else []
        run = stable.run("zebra", file, "-o", output, *options, BOBBY_MAX_FILE_MIB="1")
        assert run.exit_code == 1
        if as_json:
            told = json.loads(run.stdout)
            assert list(told) == ["file", "error"]
            assert told["file"] == file
            return str(told["error"])
        assert run.stdout == ""
        return run.stderr.rpartition(f"{file}: ")[2].strip()

    missing = complaint("missing.jpg", "a.png")
    assert missing == "missing.jpg can't be used: No such file or directory."
    nowhere = complaint("horse.jpg", "nowhere/a.png")
    assert nowhere == "nowhere/a.png can't be used: No such file or directory."
    assert complaint("large", "a.png").startswith("The file is over 1 MiB.")
    stable.answer = lambda _: damaged
    assert complaint("horse.jpg", "a.png") == "This picture is damaged."
    assert not (stable.folder / "a.png").exists()
