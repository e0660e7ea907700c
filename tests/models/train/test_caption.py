"""The recipe on a few made-up pictures: it learns, it can be stopped, and it goes on exactly."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from models.captioning.small import quantized
from models.networks.caption_shape import CELLS, CHANNELS, END, HEAD_CHANNELS, Shape
from models.networks.caption_transformer import CaptionTransformer
from models.train.caption import Recipe, Run
from models.train.caption_corpus import Corpus, Pictures, Share
from models.train.caption_data import Features, Standard
from models.train.caption_tagger import Evidence
from models.train.caption_text import Words, vocabulary

_PICTURES = 24
_RECIPE = Recipe(steps=8, reading=2, warm_up=1, cooling=2, seed=4)
_FINE = CHANNELS - HEAD_CHANNELS


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Return 24 pictures of random maps, each in both sets, with captions that follow from them."""
    random = np.random.default_rng(1)
    names = [f"{number}.jpg" for number in range(_PICTURES)]
    head = random.integers(256, size=(_PICTURES, 2, CELLS, HEAD_CHANNELS), dtype=np.uint8)
    np.save(tmp_path / "some-train-head.npy", head)
    fine = random.integers(-9, 9, size=(_PICTURES, 2, CELLS, _FINE), dtype=np.int8)
    np.save(tmp_path / "some-train-fine.npy", fine)
    (tmp_path / "some-train.json").write_text(json.dumps(names))
    captions = [[f"a dog runs in place{n}"] * 5 for n in range(_PICTURES)]
    texts = [text for some in captions for text in some]
    words = Words.of(vocabulary(texts, ["a cat on a couch"] * 9, 1, 1))
    features = Features(tmp_path, "some", "train")
    people = Pictures(features, [Evidence(some, []) for some in captions], words)
    things = Pictures(features, [Evidence([], ["cheeseburger"])] * _PICTURES, words)
    return Corpus(words, people, things, ["a cat on a couch", "two dogs"])


def _run(folder: Path, corpus: Corpus, steps: int) -> Run:
    folder.mkdir(exist_ok=True)
    ones = torch.ones(_FINE)
    recipe = Recipe(**{**vars(_RECIPE), "steps": steps})
    run = Run(folder, recipe, corpus, Standard(ones, ones))
    run.train()
    run.save()
    return run


def _loss(run: Run, corpus: Corpus) -> float:
    (batch,) = corpus.batches((Share.FLICKR8K,), 1, 0)
    with torch.no_grad():
        following = torch.cat([batch.tokens[:, 1:], batch.tokens[:, :1]], dim=1)[batch.real]
        logits = run.network(batch.cells, batch.tags, batch.tokens, batch.real)
    return float(torch.nn.functional.cross_entropy(logits, following))


def test_it_learns(tmp_path: Path, corpus: Corpus) -> None:
    """What was said of the pictures is likelier after eight steps than after three."""
    before = _loss(_run(tmp_path / "short", corpus, 3), corpus)
    assert _loss(_run(tmp_path / "long", corpus, 8), corpus) < before - 0.5


def test_a_stopped_run_goes_on_exactly(tmp_path: Path, corpus: Corpus) -> None:
    """Stopping while the rate is level and going on gives the weights of a run in one go."""
    whole = _run(tmp_path / "whole", corpus, 8)
    first = Run(tmp_path, _RECIPE, corpus, Standard(torch.ones(_FINE), torch.ones(_FINE)))
    first.recipe = Recipe(**{**vars(_RECIPE), "steps": 5, "cooling": 0.001})
    first.train()
    again = _run(tmp_path, corpus, 8)
    assert again.step == 8
    wanted = whole.average.state_dict()
    assert all(torch.equal(t, wanted[n]) for n, t in again.average.state_dict().items())


def test_new_words_begin_as_their_kin(tmp_path: Path, corpus: Corpus) -> None:
    """Old words keep what the older captioner knew, and a new one has its kind's or its parts'."""
    old = CaptionTransformer(Shape(4, hidden=512))
    words = ["<end>", "<unk>", "dog", "hot"]
    path = tmp_path / "old.safetensors"
    state = {name: tensor.numpy() for name, tensor in old.state_dict().items()}
    save_file(quantized(state), path, {"captioner": json.dumps({"words": words})})
    run = Run(tmp_path, _RECIPE, corpus, Standard(torch.ones(_FINE), torch.ones(_FINE)))
    run.inherit(path)
    place = corpus.words.number
    rows = run.network.word.weight
    torch.testing.assert_close(rows[place["dog"]], old.word.weight[2], atol=1e-3, rtol=0)
    parts = (old.word.weight[2] + old.word.weight[3]) / 2
    torch.testing.assert_close(rows[place["hot dog"]], parts, atol=1e-3, rtol=0)
    assert torch.equal(run.average.state_dict()["module.word.weight"], rows)


def test_everyday_pictures_and_texts_are_learned_too(corpus: Corpus) -> None:
    """Each step has pictures of both sets and sentences alone; tags are words or none."""
    people, things, texts = corpus.batches((Share.FLICKR8K, Share.EVERYDAY, Share.TEXT), 1, 0)
    assert len(people.tokens) == 5 * len(people.tags) == 5 * Share.FLICKR8K.value
    assert things.cells is not None
    assert len(things.tokens) == len(things.cells) == Share.EVERYDAY.value
    assert texts.cells is None
    words = corpus.words
    said = {words.words[token] for token in things.tokens.flatten().tolist()}
    assert "burger" in said
    assert (people.tokens[:, 0] == END).all()


def test_the_same_step_has_the_same_batches(corpus: Corpus) -> None:
    """Whatever came before it."""
    shares = tuple(Share)
    first, again = (corpus.batches(shares, 1, 7) for _ in range(2))
    other = corpus.batches(shares, 1, 8)
    for one, two, three in zip(first, again, other, strict=True):
        assert torch.equal(one.tokens, two.tokens)
        assert torch.equal(one.tags, two.tags)
        assert not torch.equal(one.tokens[:, : three.tokens.shape[1]], three.tokens)
