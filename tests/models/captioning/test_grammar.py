"""Slips of captions, and sentences that only look like them."""

import pytest

from models.captioning.grammar import flawed


@pytest.mark.parametrize(
    "text",
    [
        "a man with a hat and a hat",
        "a man in a black shirt and a black shirt is wearing a black hat",
        "a close up of a close up of a race car",
        "a dog are running through the grass",
        "a dog in the snow are running",
        "two dogs is running",
        "two men in red hats is standing",
        "a dog jumping over a",
        "a plate of food with a",
    ],
)
def test_slips_are_found(text: str) -> None:
    """A thing twice, the wrong verb, no end."""
    assert flawed(text)


@pytest.mark.parametrize(
    "text",
    [
        "a group of people are walking through the water",
        "a crowd of people is standing in front of a building",
        "a man and a dog are running",
        "a boy with a hat and a girl are sitting on a bench",
        "two dogs are running",
        "a man in a white shirt and a woman in a white dress",
        "a girl in a red jacket is standing next to a man in a red coat",
        "a laptop on top of a desk with a keyboard",
        "a cheeseburger",
    ],
)
def test_sentences_are_left_alone(text: str) -> None:
    """Several of something, two different things, a noun alone."""
    assert not flawed(text)
