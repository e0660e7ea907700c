"""`bobby classify` and `bobby caption`: many files, good and bad, and what is printed of each."""

import json
import os
from typing import Any

import pytest

from models.jobs.answers import Captioned, Failure, Label
from models.jobs.base import say
from models.jobs.requests import Caption, Classify
from tests.bot.conftest import PICTURED, Desk, labels

DAMAGED = Failure(code="damaged_picture", sentence=say("This picture is damaged."))


def lines(printed: str) -> list[dict[str, Any]]:
    """Return the JSON objects that were printed, one a line."""
    return [json.loads(line) for line in printed.splitlines()]


def caption(text: str, **fields: Any) -> Captioned:
    """Return an answer to `Caption`."""
    known: dict[str, Any] = {"alternatives": (), "sure": True, "log_probability": -1.5}
    size = {"width": 1, "height": 1, "frames": 1}
    return Captioned(**(PICTURED | known | size | {"caption": text} | fields))


def test_programs_read_every_file_on_standard_output(desk: Desk) -> None:
    """In the order given, errors among the answers; one bad file makes the status 1."""
    desk.answer = lambda job: DAMAGED if b"bad" in job.picture else labels(job.picture.decode())
    files = [desk.file(name, name) for name in ("one", "bad", "two")]
    run = desk.run("classify", "--json", *files, "missing", "one")
    assert run.exit_code == 1
    one, two = (
        {
            "file": name,
            "model": "echo",
            "sure": True,
            "labels": [{"label": name, "probability": 1.0}],
        }
        for name in ("one", "two")
    )
    assert lines(run.stdout) == [
        one,
        {"file": "bad", "error": "This picture is damaged."},
        two,
        {"file": "missing", "error": "The file can't be read: No such file or directory."},
        one,
    ]


def test_people_read_complaints_on_standard_error(desk: Desk) -> None:
    """Answers alone are on standard output; a name's brackets are no markup."""
    good = desk.file("good")
    run = desk.run("classify", "[red]missing", good)
    assert run.exit_code == 1
    assert run.stdout.startswith("good  (1×1)\n")
    assert "missing" not in run.stdout
    assert "[red]missing: The file can't be read: No such file or directory." in run.stderr
    assert "good" not in run.stderr


def test_good_files_alone_are_a_success(desk: Desk) -> None:
    """Of either kind, for people and for programs."""
    good = desk.file("good")
    assert desk.run("classify", good).exit_code == 0
    assert desk.run("classify", "--json", good).exit_code == 0
    desk.answer = lambda _: caption("a dog")
    assert desk.run("caption", good).exit_code == 0
    assert desk.run("caption", "--json", good).exit_code == 0


def test_programs_read_whether_the_model_is_sure(desk: Desk) -> None:
    """Of labels and of captions."""
    file = desk.file("good")
    desk.answer = lambda _: labels("dog", sure=False)
    assert lines(desk.run("classify", "--json", file).stdout)[0]["sure"] is False
    desk.answer = lambda _: caption("a dog", sure=False)
    assert lines(desk.run("caption", "--json", file).stdout)[0]["sure"] is False


def test_an_unlucky_captioner_makes_the_status_1(desk: Desk) -> None:
    """As for labels."""
    desk.answer = lambda _: DAMAGED
    assert desk.run("caption", desk.file("bad")).exit_code == 1


def test_a_label_is_a_bar_a_percentage_and_a_name(desk: Desk) -> None:
    """A plain answer has no notes but its receipt."""
    top = (Label(label="dog", probability=0.75), Label(label="cat", probability=0.05))
    desk.answer = lambda _: labels("", top=top, width=30, height=20, milliseconds=7.0)
    printed = desk.run("classify", desk.file("a.png")).stdout.splitlines()
    assert printed[0] == "a.png  (30×20)"
    assert printed[1].endswith("  75.0 %  dog")
    assert printed[2].endswith("   5.0 %  cat")
    assert printed[1].count("█") > printed[2].count("█")
    assert printed[3:] == ["  echo · none · cpu · 7 ms", ""]


def test_what_people_should_know_is_noted(desk: Desk) -> None:
    """An unsure model, an animation of which one frame was seen, and a stand-in."""
    other = say("resnet101 is not here.")
    frame = say("frame {frame} of {frames}", frame="1", frames="3")
    desk.answer = lambda _: labels("dog", sure=False, notes=(frame,), substitution=other)
    printed = desk.run("classify", desk.file("a.gif")).stdout.splitlines()
    notes = ["  The model is not sure.", "  frame 1 of 3", "  resnet101 is not here."]
    assert printed[2:5] == notes


@pytest.mark.parametrize(
    ("options", "found"),
    [((), ["album/B.JPG", "album/a.heic"]), (("--recursive",), ["album/B.JPG", "album/a.heic"])],
)
def test_a_folder_stands_for_its_pictures(
    desk: Desk, options: tuple[str, ...], found: list[str]
) -> None:
    """One level of it, or all; what is no picture by its name, or hidden, is left out."""
    for folder in ("album", "album/deeper", "album/.hidden", "empty"):
        (desk.folder / folder).mkdir()
    for name in ("a.heic", "B.JPG", "notes.txt", ".c.png", "deeper/d.webp", ".hidden/e.png"):
        desk.file(f"album/{name}")
    if options:
        found = sorted([*found, "album/deeper/d.webp"])
    run = desk.run("classify", "--json", *options, "album", desk.file("noname"))
    assert [line["file"] for line in lines(run.stdout)] == [*found, "noname"]
    assert run.exit_code == 0


def test_what_leads_to_no_picture_is_told(desk: Desk) -> None:
    """A folder without one, a pattern that matches nothing."""
    (desk.folder / "empty").mkdir()
    run = desk.run("classify", "--json", "empty", "*.jpg")
    assert run.exit_code == 1
    assert lines(run.stdout) == [
        {"file": "empty", "error": "There is no picture to read in this folder."},
        {"file": "*.jpg", "error": "No file matches this pattern."},
    ]
    assert "no picture to read" in desk.run("zebra", "empty", "-o", "z.png").output


def test_a_hyphen_is_standard_input(desk: Desk) -> None:
    """For every command that takes pictures; too much of it is refused as a file is."""
    run = desk.run("classify", "--json", "-", answer="a cat")
    (line,) = lines(run.stdout)
    assert (line["file"], line["labels"][0]["label"]) == ("-", "a cat")
    long = desk.run("classify", "--json", "-", answer="x" * (2**20 + 1), BOBBY_MAX_FILE_MIB="1")
    assert "over 1 MiB" in lines(long.stdout)[0]["error"]
    desk.answer = lambda _: caption("a dog")
    assert desk.run("caption", "-", answer="a dog").stdout == "-: A dog.\n"


def test_the_model_and_the_beams_are_asked_for(desk: Desk) -> None:
    """And nothing is where nobody asked."""
    file = desk.file("a.png")
    desk.run("classify", file, "--model", "alexnet")
    desk.run("classify", file)
    desk.answer = lambda _: caption("a dog")
    desk.run("caption", file, "--model", "neuraltalk2", "--beams", "3")
    desk.run("caption", file)
    assert desk.asked == [
        Classify(picture=b"", model="alexnet"),
        Classify(picture=b"", model=None),
        Caption(picture=b"", model="neuraltalk2", beams=3),
        Caption(picture=b"", model=None, beams=None),
    ]


def test_a_caption_is_a_sentence(desk: Desk) -> None:
    """A guess is called one, and a stand-in is named."""
    file = desk.file("a.png")
    desk.answer = lambda _: caption("a dog")
    assert desk.run("caption", file).stdout == "a.png: A dog.\n"
    desk.answer = lambda _: caption("a dog", sure=False, substitution=say("Another."))
    assert desk.run("caption", file).stdout == "a.png: I'm guessing: A dog.\n  Another.\n"


def test_a_caption_for_programs_has_all_there_is(desk: Desk) -> None:
    """The alternatives and how likely it is, too."""
    desk.answer = lambda _: caption("a dog", alternatives=("a cat", "a horse"))
    (line,) = lines(desk.run("caption", "--json", desk.file("a.png")).stdout)
    assert line == {
        "file": "a.png",
        "model": "echo",
        "caption": "a dog",
        "sure": True,
        "log_probability": -1.5,
        "alternatives": ["a cat", "a horse"],
    }


def test_a_folder_full_is_read_a_few_at_a_time(desk: Desk) -> None:
    """However many files and however small the limits for people: none is turned away."""
    files = [desk.file(f"{number}.png", str(number)) for number in range(50)]
    limits = {"MAX_PER_PERSON": "1", "MAX_PER_SERVER": "1", "MAX_QUEUE": "1"}
    run = desk.run(
        "classify", "--json", *files, **{f"BOBBY_{name}": text for name, text in limits.items()}
    )
    assert [line.get("labels", line)[0]["label"] for line in lines(run.stdout)] == [
        str(number) for number in range(50)
    ]


def test_large_files_do_not_crowd_each_other_out(desk: Desk) -> None:
    """What people may have waiting in all is no limit here, where one file follows another."""
    files = [desk.file(f"{number}.png", "x" * 2**20) for number in range(8)]
    run = desk.run("classify", "--json", *files, BOBBY_MAX_FILE_MIB="1", BOBBY_MAX_QUEUE_MIB="1")
    assert [line.get("error") for line in lines(run.stdout)] == [None] * len(files)


def test_a_file_may_have_what_is_set_and_no_byte_more(desk: Desk) -> None:
    """A file of exactly the limit is read."""
    (desk.folder / "fits").write_bytes(b"x" * 2**20)
    (desk.folder / "over").write_bytes(b"x" * (2**20 + 1))
    run = desk.run("classify", "--json", "fits", "over", BOBBY_MAX_FILE_MIB="1")
    fits, over = lines(run.stdout)
    assert "labels" in fits
    assert over["error"] == ("The file is over 1 MiB. Set BOBBY_MAX_FILE_MIB to raise the limit.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no named pipes.")
def test_what_might_never_end_is_not_read(desk: Desk) -> None:
    """A pipe and a device are refused without being opened; a folder has its own sentence."""
    os.mkfifo(desk.folder / "pipe")
    (desk.folder / "folder").mkdir()
    pipe, device, folder = lines(
        desk.run("classify", "--json", "pipe", "/dev/zero", "folder").stdout
    )
    assert pipe["error"] == device["error"]
    assert pipe["error"].startswith("This is no regular file.")
    assert "folder" in folder["error"]


def test_progress_is_none_of_the_answer(desk: Desk) -> None:
    """On a terminal it is drawn where complaints are, so that answers can go to a file."""
    run = desk.run("classify", "--json", desk.file("a.png"), FORCE_COLOR="1")
    assert [line["file"] for line in lines(run.stdout)] == ["a.png"]
    assert "Starting the worker" in run.stderr


def test_a_name_that_is_no_text_is_shown(desk: Desk) -> None:
    """What can't be read of it is replaced, in the answer and in the complaint."""
    name = os.fsdecode(b"\xff.png")
    desk.file(name)
    assert desk.run("classify", name).stdout.startswith("\N{REPLACEMENT CHARACTER}.png  (")
    (line,) = lines(desk.run("classify", "--json", name).stdout)
    assert line["file"] == "\N{REPLACEMENT CHARACTER}.png"


def test_a_worker_that_hangs_or_dies_costs_one_file_its_answer(brittle: Desk) -> None:
    """Those beside and behind it are answered by the next workers."""
    names = ("one", "hang", "two", "die", "three")
    files = [brittle.file(name, name) for name in names]
    printed = lines(brittle.run("classify", "--json", "--model", "each", *files).stdout)
    assert [line["file"] for line in printed] == list(names)
    heard = [line["labels"][0]["label"] if "labels" in line else "" for line in printed]
    assert heard == ["one", "", "two", "", "three"]
    assert ["Something crashed" in line.get("error", "") for line in printed] == [
        not one for one in heard
    ]


@pytest.mark.parametrize("command", ["classify", "caption", "models"])
def test_a_worker_that_can_not_start_ends_the_command(broken: Desk, command: str) -> None:
    """With its reason, on standard error alone."""
    files = [] if command == "models" else [broken.file("a.png")]
    run = broken.run(command, *files)
    assert run.exit_code == 1
    assert run.stdout == ""
    assert run.stderr.endswith("can't start. There are no weights here.\n")
