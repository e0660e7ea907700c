"""Self-critical training on a few made-up pictures: praise, draws, and what they teach."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.networks.caption_shape import CELLS, CHANNELS, END, HEAD_CHANNELS, Shape
from models.networks.caption_transformer import CaptionTransformer
from models.train.caption_corpus import Corpus, Pictures
from models.train.caption_critical import CriticalRecipe, CriticalRun, drawn, praised
from models.train.caption_data import Features
from models.train.caption_tagger import Evidence
from models.train.caption_text import Words, rarity_of, vocabulary

_PICTURES = 24
_RECIPE = CriticalRecipe(steps=4, cooling=1, warm_up=1, rate=1e-3)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Return 24 pictures of random maps, half of which are said to show a dog, half a cat."""
    random = np.random.default_rng(1)
    head = random.integers(256, size=(_PICTURES, 1, CELLS, HEAD_CHANNELS), dtype=np.uint8)
    np.save(tmp_path / "some-train-head.npy", head)
    fine = random.integers(-9, 9, size=(_PICTURES, 1, CELLS, CHANNELS - HEAD_CHANNELS))
    np.save(tmp_path / "some-train-fine.npy", fine.astype(np.int8))
    (tmp_path / "some-train.json").write_text(json.dumps([f"{n}.jpg" for n in range(_PICTURES)]))
    texts = ["a dog runs", "a cat sits on a couch"]
    words = Words.of(vocabulary(texts, [], 1, 1))
    known = [Evidence([texts[n % 2]], []) for n in range(_PICTURES)]
    pictures = Pictures(Features(tmp_path, "some", "train"), known, words)
    return Corpus(words, pictures, pictures, texts)


def _network(corpus: Corpus) -> CaptionTransformer:
    torch.manual_seed(0)
    return CaptionTransformer(Shape(len(corpus.words.words))).eval()


def test_praise_is_agreement_with_people(corpus: Corpus) -> None:
    """What people said is praised most, a part of it less, and what never ends less than all."""
    rows = [corpus.words.row(text) for text in ("a dog runs", "a dog", "a dog runs a", "cat")]
    rarity = rarity_of([[[*row, END] for row in known] for known in corpus.references()])
    same, part, endless, other = praised(rows, rows[:1], rarity).tolist()
    assert same > part > other
    assert same > endless > other
    assert other == 0


def test_draws_are_several_captions_of_each_picture(corpus: Corpus) -> None:
    """Several pictures at once are each looked at by their own captions."""
    network = _network(corpus)
    cells, tags = torch.rand(3, CELLS, CHANNELS), torch.full((3, 4), END)
    rows = drawn(network, cells, tags, 5)
    assert len(rows) == 15
    assert all(END not in row for row in rows)
    last = torch.full((15,), END)
    together, _ = network.step(last, network.start(cells, tags, 15))
    for index in range(3):
        alone, _ = network.step(last[:5], network.start(cells[index, None], tags[:1], 5))
        torch.testing.assert_close(together[5 * index : 5 * index + 5], alone)


def test_a_stopped_run_goes_on_exactly(tmp_path: Path, corpus: Corpus) -> None:
    """Two steps and then two more give the weights of four in one go, and they have moved."""
    start = _network(corpus).state_dict()
    whole = CriticalRun(tmp_path / "whole", _RECIPE, corpus, start)
    whole.train()
    short = CriticalRecipe(**{**vars(_RECIPE), "steps": 2, "cooling": 1e-3})
    CriticalRun(tmp_path / "parts", short, corpus, start).train()
    again = CriticalRun(tmp_path / "parts", _RECIPE, corpus, start)
    again.train()
    wanted = whole.average.state_dict()
    assert all(torch.equal(t, wanted[n]) for n, t in again.average.state_dict().items())
    assert not torch.equal(start["word.weight"], wanted["module.word.weight"])
