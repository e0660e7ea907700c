"""What the worker of a hub repository makes of a stranger's networks, good and bad."""

import io
from pathlib import Path

import pytest
from PIL import Image

from models.jobs.answers import Failure, Labels
from models.jobs.model_info import HubModel
from models.jobs.requests import Caption, Classify
from models.worker.hub import HubTasks

HUBCONF = """
import builtins

import torch

dependencies = ["torch"]


class Net(torch.nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, pictures):
        assert not self.training and not torch.is_grad_enabled()
        return self.answer(pictures)


def _bright(pictures):
    mean = pictures.mean((1, 2, 3))
    return torch.stack([-mean, mean], 1)


def bright():
    with open("loaded.txt", "a") as file:
        file.write("once ")
    return Net(_bright)


def together():
    return Net(lambda pictures: torch.tensor([[0.0, len(pictures)]] * len(pictures)))


def sees(side, value):
    def answer(pictures):
        assert pictures.shape == (1, 3, side, side)
        assert torch.allclose(pictures, torch.full((), value), atol=0.01), pictures.mean()
        return torch.zeros(1, 1000).index_fill(1, torch.tensor([207]), 9.0).half()
    return Net(answer)


def raises(text, kind="RuntimeError"):
    def answer(pictures):
        raise getattr(builtins, kind)(text)
    return Net(answer)


def gives(what):
    answers = {
        "too few": lambda p: torch.zeros(len(p), 1),
        "no batch": lambda p: torch.zeros(2),
        "no tensor": lambda p: [[0.0, 1.0]] * len(p),
        "infinity": lambda p: torch.tensor([[0.0, float("inf")]] * len(p)),
        "nothing": lambda p: torch.full((len(p), 2), float("nan")),
    }
    return Net(answers[what])
"""


def gray(level: int) -> bytes:
    """Return a picture of one gray, from 0 to 255."""
    file = io.BytesIO()
    Image.new("RGB", (90, 70), (level, level, level)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the repository's folder, which is worked in."""
    (tmp_path / "hubconf.py").write_text(HUBCONF)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tasks(code: Path, *models: HubModel) -> HubTasks:
    """Return what answers with `models`."""
    return HubTasks(code, "stranger/things@0123456789ab", models)


def model(entry: str, **arguments: str | float) -> HubModel:
    """Return a model that tells dark from bright."""
    return HubModel(name=entry, entry=entry, arguments=arguments, labels=("dark", "bright"))


def ask(tasks: HubTasks, name: str, *levels: int) -> list[Labels | Failure]:
    """Return the answers to pictures of those grays, all in one batch."""
    jobs = [Classify(picture=gray(level), model=name) for level in levels]
    found = tasks.answer(*jobs)
    assert all(isinstance(answer, Labels | Failure) for answer in found)
    return [answer for answer in found if isinstance(answer, Labels | Failure)]


def test_answers_come_in_the_order_of_the_questions(code: Path) -> None:
    """Those that failed before stand where they stood; a network is loaded once."""
    hub = tasks(code, model("bright"))
    bad = Classify(picture=b"no picture", model="hub/bright")
    light, dark = (Classify(picture=gray(level), model=" Hub/BRIGHT ") for level in (250, 5))
    answers = hub.answer(light, bad, dark)
    assert isinstance(answers[1], Failure)
    tops = [answer.top[0].label for answer in answers if isinstance(answer, Labels)]
    assert tops == ["bright", "dark"]
    assert hub.answer(bad) == [answers[1]]
    ask(hub, "hub/bright", 250)
    assert (code / "loaded.txt").read_text() == "once "


def test_a_batch_is_looked_at_together(code: Path) -> None:
    """One call of the network, whose answers each say what they are."""
    first, second = ask(tasks(code, model("together")), "hub/together", 1, 2)
    assert isinstance(first, Labels)
    assert isinstance(second, Labels)
    assert first.top[0].label == "bright"
    assert first.top[0].probability == pytest.approx(second.top[0].probability)
    assert first.top[0].probability == pytest.approx(0.8808, abs=0.001)  # e² to 1
    assert (first.model, first.weights) == ("hub/together", "stranger/things@0123456789ab")


def test_a_picture_becomes_what_the_list_says(code: Path) -> None:
    """So large, cut so, and normalized so; ImageNet's labels and figures where it says nothing."""
    own = HubModel(
        name="own",
        entry="sees",
        arguments={"side": 32, "value": (1.0 - 0.5) / 0.25},
        resize=40,
        crop=32,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )
    plain = HubModel(
        name="plain",
        entry="sees",
        arguments={"side": 224, "value": 1.0},
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )
    for name in ("hub/own", "hub/plain"):
        (answer,) = ask(tasks(code, own, plain), name, 255)
        assert isinstance(answer, Labels), answer
        assert answer.top[0].label == "golden retriever"


@pytest.mark.parametrize("what", ["too few", "no batch", "no tensor", "infinity", "nothing"])
def test_what_are_no_logits_are_no_answer(code: Path, what: str) -> None:
    """Everybody in the batch is told."""
    answers = ask(tasks(code, model("gives", what=what)), "hub/gives", 1, 2)
    assert len(answers) == 2
    for answer in answers:
        assert isinstance(answer, Failure)
        assert answer.code == "model_failed"
        assert "hub/gives hit an error" in str(answer.sentence)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("RuntimeError", "oh", "hit an error"),
        ("SystemExit", "oh", "hit an error"),
        ("MemoryError", "", "ran out of memory"),
        ("RuntimeError", "you tried to allocate memory", "ran out of memory"),
    ],
)
def test_what_it_raises_is_told(code: Path, kind: str, text: str, said: str) -> None:
    """Also what would end the process; a lack of memory by its name."""
    (answer,) = ask(tasks(code, model("raises", kind=kind, text=text)), "hub/raises", 1)
    assert isinstance(answer, Failure)
    assert said in str(answer.sentence)


def test_who_is_not_listed_is_not_asked(code: Path) -> None:
    """Neither an entry point that nobody listed, nor for anything but labels."""
    hub = tasks(code, model("bright"))
    for job in (
        Classify(picture=gray(1), model="hub/gives"),
        Classify(picture=gray(1), model="bright"),
        Classify(picture=gray(1)),
        Caption(picture=gray(1), model="hub/bright"),
    ):
        refused = hub.prepare(job)
        assert isinstance(refused, Failure)
        assert refused.code == "unknown_model"


def test_what_there_is_is_told_before_any_of_it_runs(code: Path) -> None:
    """A card a model, all ready, the first of them the default."""
    told = tasks(code, model("bright"), model("gives")).ready()
    assert (told.device, told.default) == ("cpu", "hub/bright")
    assert [card.name for card in told.models] == ["hub/bright", "hub/gives"]
    assert all(card.ready and card.task == "classify" for card in told.models)
    assert not (code / "loaded.txt").exists()
