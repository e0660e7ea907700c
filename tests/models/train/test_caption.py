"""The recipe on a few made-up pictures: it learns, it can be stopped, and it goes on exactly."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.networks.lite_maps import CELLS, CHANNELS, HEAD_CHANNELS
from models.train.caption import Captions, Folders, Recipe, Run, Team
from models.train.caption_data import Features, Flickr8k, Standard, vocabulary

_PICTURES = 16
_RECIPE = Recipe(epochs=3, pictures=8, seen=1, warm_up=2, cooling=1, seed=4)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Return a data set of 16 pictures with random maps and captions that follow from them."""
    random = np.random.default_rng(1)
    names = [f"{number}.jpg" for number in range(_PICTURES)]
    shape = (_PICTURES, 2, CELLS)
    fine = CHANNELS - HEAD_CHANNELS
    np.save(
        tmp_path / "train-head.npy",
        random.integers(256, size=(*shape, HEAD_CHANNELS), dtype=np.uint8),
    )
    np.save(tmp_path / "train-fine.npy", random.integers(-9, 9, size=(*shape, fine), dtype=np.int8))
    np.save(tmp_path / "standard.npy", np.ones((2, fine), dtype=np.float32))
    (tmp_path / "train.json").write_text(json.dumps(names))
    lines = [
        f"{name}\ta dog{n} runs in place{k} .\n" for n, name in enumerate(names) for k in range(5)
    ]
    (tmp_path / "captions.tsv").write_text("".join(lines))
    return Folders(tmp_path, tmp_path, tmp_path)


def _run(folders: Folders, epochs: int) -> tuple[Run, list[float]]:
    features = Features(folders.maps, "train")
    data = Flickr8k(folders.data)
    words = vocabulary([text for name in features.names for text in data.captions[name]], 1)
    run = Run(folders.run, _RECIPE, words, Standard.read(folders.maps), Team(0, 1))
    captions = Captions(data, features.names, words)
    losses = []
    while run.epoch < epochs:
        losses.append(run.train_epoch(features, captions))
        run.save()
    return run, losses


def test_it_learns(folders: Folders) -> None:
    """The loss falls from epoch to epoch."""
    _, losses = _run(folders, 3)
    assert losses == sorted(losses, reverse=True)


@pytest.mark.slow
def test_a_stopped_run_goes_on_exactly(folders: Folders) -> None:
    """Stopping after an epoch and going on gives the very weights of a run in one go."""
    whole, _ = _run(folders, 3)
    (folders.run / "run.pt").unlink()
    _run(folders, 1)
    again, _ = _run(folders, 3)
    wanted = whole.average.state_dict()
    assert all(torch.equal(t, wanted[n]) for n, t in again.average.state_dict().items())


def test_a_team_shares_a_batch() -> None:
    """Every picture of a batch goes to one process, and all get the same number."""
    batch = list(range(8))
    shares = [Team(rank, 2).share(batch) for rank in range(2)]
    assert sorted(shares[0] + shares[1]) == batch
    assert {len(share) for share in shares} == {4}


def test_captions_begin_with_the_end_token(folders: Folders) -> None:
    """Rows are five a picture, padded behind, and masked where they are padded."""
    data = Flickr8k(folders.data)
    words = vocabulary(data.captions["0.jpg"], 1)
    tokens, real = Captions(data, ["0.jpg"], words).batch([0])
    assert tokens.shape == real.shape == (5, 6)
    assert [words[token] for token in tokens[0]] == ["<end>", "a", "dog0", "runs", "in", "place0"]
