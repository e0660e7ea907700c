"""When a caption is a guess: the rule, on numbers whose answer is known."""

import numpy as np
import pytest

from models.train.caption_export import even_odds


def test_the_odds_are_even_where_the_curve_says_so() -> None:
    """Observations that a logistic curve gives lead back to where it crosses one half."""
    chance = np.random.default_rng(0)
    values = chance.normal(-0.9, 0.2, 20_000)
    likely = 1 / (1 + np.exp(5 * (values + 1.1)))
    holds = chance.random(len(values)) < likely
    assert even_odds(values, holds) == pytest.approx(-1.1, abs=0.02)
    assert even_odds(-values, holds) == pytest.approx(1.1, abs=0.02)


def test_four_observations() -> None:
    """Two of each, symmetric about 3, even the odds there."""
    values, holds = np.array([1.0, 2.0, 4.0, 5.0]), np.array([True, False, True, False])
    assert even_odds(values, holds) == pytest.approx(3.0)
