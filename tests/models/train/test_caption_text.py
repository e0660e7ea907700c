"""Texts as the recipe takes them: words, short sentences, and tags that are mostly true."""

from collections import Counter

import numpy as np
import pytest

from models.captioning.nouns import found, joined, nouns
from models.networks.caption_shape import END, MAX_WORDS, TAGS, UNKNOWN
from models.train.caption_text import (
    Words,
    draw_tags,
    exchanged,
    short,
    tag_row,
    token_rows,
    vocabulary,
)


@pytest.fixture
def dice() -> np.random.Generator:
    """Return chance that is the same each time."""
    return np.random.default_rng(3)


def test_the_vocabulary_is_sorted_and_has_every_noun() -> None:
    """The special tokens, then words by how often they are said, of two words as one."""
    words = vocabulary(["a dog", "a zqx", "a dog runs"], ["a hot dog", "hot runs"], 2, 4)
    assert words[:4] == ["<end>", "<unk>", "a", "dog"]
    assert "zqx" not in words
    assert "runs" not in words
    assert set(nouns()) <= set(words)
    assert len(words) == len(set(words))


def test_a_row_has_unknown_words_and_an_end_of_length() -> None:
    """Nouns of two words are one token."""
    words = Words.of(["<end>", "<unk>", "a", "hot dog"])
    assert words.row("a hot dog zqx") == [2, 3, UNKNOWN]
    assert words.row("a " * 50) == [2] * MAX_WORDS


def test_labels_become_sentences(dice: np.random.Generator) -> None:
    """Two labels at most, each with its article; what is no noun is left out."""
    said = {short(["cheeseburger", "zqx", "orange juice"], dice).text for _ in range(40)}
    assert "a burger and some juice" in said
    assert "a close up of some juice and a burger" in said
    assert all(set(found(joined(text.split()))) == {"burger", "juice"} for text in said)


def test_of_an_animal_there_is_more_to_say(dice: np.random.Generator) -> None:
    """And of several things; of one thing alone there may be not."""
    labels = (["cow"], ["cheeseburger", "juice"], ["cheeseburger"])
    assert [short(some, dice).ended for some in labels] == [False, False, True]


def test_tags_are_mostly_true(dice: np.random.Generator) -> None:
    """Or guessed, or none; now and then one is wrong."""
    drawn = [draw_tags(Counter(dog=3, ball=1), ["cat"], dice) for _ in range(2000)]
    assert max(map(len, drawn)) <= TAGS
    share = {kind: sum(kind in tags for tags in drawn) / len(drawn) for kind in ("dog", "cat")}
    assert 0.3 < share["dog"] < 0.5
    assert 0.35 < share["cat"] < 0.55
    assert 0.05 < sum(not tags for tags in drawn) / len(drawn) < 0.25
    assert any(set(tags) - {"dog", "ball", "cat"} for tags in drawn)


def test_a_noun_is_exchanged_for_another_of_its_kind(dice: np.random.Generator) -> None:
    """With the article that it takes; a sentence without one stays."""
    texts = {exchanged("a bear on a red roof", dice) for _ in range(50)}
    assert len(texts) > 20
    for text in texts:
        (noun, *_) = found(joined(text.split()))
        assert nouns()[noun].kind == "animal"
        assert text.startswith(nouns()[noun].alone)
    assert exchanged("green and blue", dice) == "green and blue"


def test_tag_rows_are_filled_up() -> None:
    """With the token that is no word."""
    assert tag_row(["dog"], Words.of(["<end>", "<unk>", "dog"])) == [2, END, END, END]


def test_token_rows_are_begun_and_padded() -> None:
    """And a mask tells what is real."""
    tokens, real = token_rows([[5, 6], [7]])
    assert tokens.tolist() == [[END, 5, 6], [END, 7, END]]
    assert real.tolist() == [[True, True, True], [True, True, False]]
