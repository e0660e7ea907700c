"""When a caption is a guess: the odds, on numbers whose answer is known."""

import numpy as np
import pytest

from models.captioning.nouns import nouns
from models.train.caption_export import Tried, _table, guess_below, odds
from models.train.caption_tagger import Evidence
from models.train.caption_text import Words, rarity_of


def test_the_odds_are_those_of_the_curve() -> None:
    """Observations that a logistic curve gives lead back to it."""
    chance = np.random.default_rng(0)
    evidence = chance.normal(0, 1, (20_000, 2))
    likely = 1 / (1 + np.exp(-(1.5 * evidence[:, 0] - 0.5 * evidence[:, 1] + 1)))
    holds = chance.random(len(evidence)) < likely
    assert odds(evidence, holds) == pytest.approx([1.5, -0.5, 1.0], abs=0.07)


def test_evidence_that_tells_all_has_an_end() -> None:
    """Where one number divides right from wrong, its weight stays finite."""
    weights = odds(np.array([[-1.0], [-2.0], [1.0], [2.0]]), np.array([False, False, True, True]))
    assert 0 < weights[0] < 10
    assert weights[1] == pytest.approx(0, abs=1e-6)


def test_rarity_counts_pictures() -> None:
    """An n-gram counts once a picture, not with an unknown word; below five it isn't shipped."""
    words = Words.of(["<end>", "<unk>", "a", "dog", "runs"])
    pictures = [["a dog runs", "a dog"]] * 6 + [["a cat runs"]] * 5 + [["runs a"]] * 4
    rarity = rarity_of([[words.row(text) for text in texts] for texts in pictures])
    usual = {(2,): 15, (3,): 6, (4,): 15, (2, 3): 6, (3, 4): 6, (2, 3, 4): 6}
    assert rarity.pictures == 15
    assert rarity.seen == {**usual, (4, 2): 4}
    rows, counts = _table(rarity)
    shipped = [tuple(token for token in row if token >= 0) for row in rows.tolist()]
    assert dict(zip(shipped, counts.tolist(), strict=True)) == usual


def test_a_guess_is_what_is_too_often_wrong() -> None:
    """The threshold is the least at which few pictures are said wrongly without a word."""
    nothing = np.zeros(len(nouns()), np.float32)
    right = [Tried("a cat", -0.1, nothing, Evidence([], ["cat"]))] * 80
    wrong = [
        Tried("a car", mean, nothing, Evidence([], ["cat"])) for mean in np.linspace(-2, 0, 20)
    ]
    below = guess_below(right + wrong, (1.0, 0.0, 0.0, 0.0, 2.0))
    sure = [one for one in wrong if 1 / (1 + np.exp(-(one.mean + 2))) >= below]
    assert 5 <= len(sure) <= 9
