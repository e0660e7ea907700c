"""`bobby models`: the catalog for people and for programs."""

import json

import pytest

from models.jobs.control import Ready
from models.jobs.model_info import ModelInfo
from tests.bot.conftest import Desk, card

CARDS = (
    card("zeta", ready=True, location="Bobby cache", parameters=61_100_840, accuracy=56.52),
    card("beta", parameters=2_000_000),
    card("alpha", task="caption"),
    card("gamma", ready=True, location="package gamma"),
)


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """Return a desk with a few models."""
    desk.ready = Ready(device="cpu", default="zeta", models=CARDS)
    return desk


def test_what_is_ready_comes_first_for_programs(stocked: Desk) -> None:
    """By name otherwise; an object has every field of a card and no other."""
    run = stocked.run("models", "--json")
    assert run.exit_code == 0
    models = [json.loads(line) for line in run.stdout.splitlines()]
    assert [model["name"] for model in models] == ["gamma", "zeta", "alpha", "beta"]
    assert {tuple(model) for model in models} == {ModelInfo.__struct_fields__}
    assert models[1]["location"] == "Bobby cache"


def test_people_read_a_line_a_model(stocked: Desk) -> None:
    """Where it is or that it is not, millions of parameters, and which is the default."""
    run = stocked.run("models", COLUMNS="20")
    assert run.exit_code == 0
    title, columns, *rows = run.stdout.splitlines()
    assert title.strip() == "2 of 4 models are ready"
    assert columns.split()[:3] == ["Model", "Task", "Parameters"]
    assert [row.split() for row in rows] == [
        ["gamma", "classify", "0.0", "M", "–", "none", "package", "gamma"],
        ["zeta", "classify", "61.1", "M", "56.5", "%", "none", "Bobby", "cache,", "the", "default"],
        ["alpha", "caption", "0.0", "M", "–", "none", "not", "here"],
        ["beta", "classify", "2.0", "M", "–", "none", "not", "here"],
    ]
