"""`bobby bench`, as a real process: that it measures, never how fast anything is."""

import json
import math
import sys
from pathlib import Path

import pytest

from tests.e2e import pictures
from tests.e2e.processes import bobby

KEYS = {
    *("peer_ratio", "openvino_ratio", "openvino_ms"),
    *("bare_ratio", "naive_ratio", "single_batches_ratio"),
    *("executor_ms", "bare_ms", "naive_ms", "lone_ms", "lone_request_ms", "lone_direct_ms"),
    *("loop_pause_ms", "loop_work_ms", "idle_pause_ms"),
}
TINY = ("--rounds", "1", "--jobs", "2", "--large", "1")


@pytest.mark.slow
def test_the_executor_beside_its_contenders(tmp_path: Path) -> None:
    """One JSON object of positive numbers whose keys end in their unit; what was used is told."""
    (tmp_path / "cat.png").write_bytes(pictures.plain(size=(90, 60)))
    model = ("--model", "efficientnet_lite0")
    run = bobby(
        *("bench", "executor", "--picture", "cat.png", *model, *TINY, "--json"), folder=tmp_path
    )
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    memory = {"worker_mib", "bot_mib"} if sys.platform == "linux" else set()
    assert {key for key in figures if "_least_" not in key and "_most_" not in key} == KEYS | memory
    assert all(key.endswith(("_ratio", "_ms", "_mib")) for key in figures)
    # A difference between two times may be of either sign.
    differences = {key for key in figures if key in {"lone_ms", "lone_least_ms", "lone_most_ms"}}
    assert all(math.isfinite(figures[key]) for key in differences)
    assert all(value > 0 for key, value in figures.items() if key not in differences), figures
    assert "efficientnet_lite0 (ImageNet-1K) on cpu, float32" in run.stderr


@pytest.mark.slow
def test_a_classifier_whose_weights_are_not_here(tmp_path: Path) -> None:
    """It is timed with random ones, and the output says so."""
    short = ("--rounds", "1", "--jobs", "2")
    run = bobby("bench", "classify", "--model", "squeezenet1_1", *short, "--json", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["float32_ms"] > 0
    assert "weights are not here" in run.stderr


def test_a_picture_that_is_none_ends_it(tmp_path: Path) -> None:
    """With a sentence; nothing is measured."""
    (tmp_path / "notes.txt").write_text("no picture")
    run = bobby(
        *("bench", "executor", "--picture", "notes.txt", "--model", "efficientnet_lite0"),
        folder=tmp_path,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zebra", "caption"])
def test_zebras_and_captions_are_measured(tmp_path: Path, kind: str) -> None:
    """By the executor, by direct calls and by a naive bot, in turns."""
    run = bobby("bench", kind, "--rounds", "1", "--jobs", "1", "--json", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    keys = {"direct_ratio", "naive_ratio", "executor_ms", "direct_ms", "naive_ms"}
    assert figures.keys() == keys
    assert all(value > 0 for value in figures.values())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="It reads memory as Linux tells it.")
def test_a_soak_answers_each_job_once_or_refuses_it_by_name(tmp_path: Path) -> None:
    """While the worker is killed three times and requesters leave; nothing else ever happens."""
    run = bobby("bench", "soak", "--jobs", "300", "--kills", "3", "--json", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    assert all(key.endswith(("_ratio", "_ms", "_mib")) for key in figures)
    assert figures["wrong_ratio"] == 0
    assert figures["kills_ratio"] == 10
    assert figures["answered_ratio"] > 0.5
    assert figures["lost_ratio"] > 0
    kinds = ("answered", "refused", "over_limit", "lost", "left", "wrong")
    assert sum(figures[f"{kind}_ratio"] for kind in kinds) == pytest.approx(1)
