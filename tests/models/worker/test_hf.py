"""What the worker of a Hugging Face model makes of tiny networks, beside transformers itself."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from models.jobs.answers import Failure, Labels
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Caption, Classify
from models.worker.hf import HfTasks

transformers: Any = pytest.importorskip("transformers", reason="needs the extra hf")

CARD = ModelInfo(
    name="hf/tiny",
    task="classify",
    parameters=0,
    weights="stranger/tiny@555555555555",
    source="https://example.org",
    license="mit",
    ready=True,
)


def tiny(kind: str) -> Any:
    """Return a random classifier of three labels, the same each time."""
    torch.manual_seed(1)
    named = {"id2label": {0: "cat", 1: "dog", 2: "pizza"}}
    if kind == "vit":
        small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = transformers.ViTConfig(
            **small, intermediate_size=37, image_size=30, patch_size=6, **named
        )
        return transformers.ViTForImageClassification(config)
    config = transformers.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, **named)
    return transformers.ConvNextForImageClassification(config)


@pytest.fixture(params=["vit", "convnext"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder of a tiny classifier, as its author would have saved it."""
    tiny(request.param).save_pretrained(tmp_path)
    size = {"height": 30, "width": 30}
    transformers.ViTImageProcessor(size=size).save_pretrained(tmp_path)
    return tmp_path


def picture(color: str) -> bytes:
    """Return a picture of one color with a black corner."""
    image = Image.new("RGB", (90, 70), color)
    image.paste("black", (0, 0, 40, 30))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def by_hand(folder: Path, data: bytes) -> torch.Tensor:
    """Return the probabilities that transformers' own code gives, without Bobby."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    image = Image.open(io.BytesIO(data))
    with torch.inference_mode():
        logits: torch.Tensor = model(**processor(images=image, return_tensors="pt")).logits
    return logits[0].double().softmax(0)


def test_same_as_transformers(folder: Path) -> None:
    """Alone and in a batch, label for label."""
    tasks = HfTasks(folder, CARD)
    pictures = [picture("red"), picture("white")]
    jobs = [Classify(picture=one, model="hf/tiny") for one in pictures]
    for answers in (tasks.answer(*jobs), [tasks.answer(job)[0] for job in jobs]):
        for data, answer in zip(pictures, answers, strict=True):
            assert isinstance(answer, Labels)
            found = {one.label: one.probability for one in answer.top}
            wanted = dict(zip(("cat", "dog", "pizza"), by_hand(folder, data).tolist(), strict=True))
            assert found == pytest.approx(wanted, abs=1e-5)
            assert Image.open(io.BytesIO(answer.crop)).size == (30, 30)
            assert (answer.width, answer.height) == (90, 70)


class Canary:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_neither_pickle_nor_code_is_run(folder: Path) -> None:
    """Of a repository whose weights are a pickle, or whose configuration names code."""
    sung = folder / "sung"
    code = f"from pathlib import Path\nPath({str(sung)!r}).touch()\n"
    (folder / "modeling.py").write_text(code)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Canary(sung)))
    config = json.loads((folder / "config.json").read_text())
    named = {"AutoModelForImageClassification": "modeling.Net", "AutoConfig": "modeling.Config"}
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": named}))
    job = Classify(picture=picture("red"), model="hf/tiny")
    HfTasks(folder, CARD).answer(job)
    (folder / "model.safetensors").unlink()
    (answer,) = HfTasks(folder, CARD).answer(job)
    assert isinstance(answer, Failure)
    assert not sung.exists()


def test_what_fails_is_a_sentence(folder: Path) -> None:
    """Sizes that are not those of the weights, another model's name, another task."""
    tasks = HfTasks(folder, CARD)
    others = (Classify(picture=picture("red"), model="hf/x"), Caption(picture=picture("red")))
    assert all(isinstance(answer, Failure) for answer in tasks.answer(*others))
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_size": 64, "hidden_sizes": [16, 32]}
    (folder / "config.json").write_text(json.dumps(config))
    (answer,) = tasks.answer(Classify(picture=picture("red"), model="hf/tiny"))
    assert isinstance(answer, Failure)
    assert answer.code == "model_failed"
