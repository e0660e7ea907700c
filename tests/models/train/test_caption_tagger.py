"""What a training picture shows by its words, and a head that learns it."""

import torch

from models.captioning.nouns import nouns
from models.train.caption_naming import counted, names_right
from models.train.caption_tagger import Evidence, fit

_PLACE = {name: index for index, name in enumerate(nouns())}


def _targets(evidence: Evidence, *names: str) -> list[float]:
    targets = evidence.targets()
    return [float(targets[_PLACE[name]]) for name in names]


def test_captions_show_what_two_of_five_name() -> None:
    """What one names, nobody knows; what none names is not there."""
    texts = ["a puppy on a beach", "a dog", "a dog by a car", "it runs", "it runs"]
    evidence = Evidence(texts, [])
    assert _targets(evidence, "dog", "animal", "car", "beach", "cat") == [1, 1, -1, -1, 0]


def test_labels_deny_things_and_not_people() -> None:
    """Except where they are of food."""
    cow = Evidence([], ["cow"])
    assert _targets(cow, "cow", "animal", "cat", "scissors", "man") == [1, 1, 0, 0, -1]
    assert _targets(Evidence([], ["granny smith", "apple"]), "apple", "fruit", "man") == [1, 1, 0]


def test_the_head_learns_what_pictures_show() -> None:
    """Cats by features that no class tells; what was never shown stays with its classes."""
    chance = torch.Generator().manual_seed(0)
    pooled, fresh = torch.randn(2, 400, 1280, generator=chance)
    cats = pooled[:, 0] > 0
    pooled[:, :60] += 4 * cats[:, None]
    fresh[:200, :60] += 4
    texts = [Evidence(["a cat"] if cat else ["a car"], []) for cat in cats.tolist()]
    targets = torch.stack([text.targets() for text in texts])
    head = fit(pooled, torch.zeros(400, 1000), targets, torch.ones(400))
    classes = torch.zeros(400, 1000).numpy()
    likely = head.probabilities(fresh.numpy(), classes)[:, _PLACE["cat"]]
    assert (likely[:200] > likely[200:].max()).mean() > 0.9
    assert not head.weight[_PLACE["owl"]].any()
    assert head.trust[_PLACE["owl"]] == 1


def test_a_caption_names_a_label_by_word_or_kind() -> None:
    """Not by so wide a kind as food, and people and dogs count for nothing."""
    apple = Evidence([], ["granny smith", "apple", "person"])
    assert counted(apple) == {"apple"}
    right = ["two apples", "some fruit", "a man with an apple"]
    wrong = ["some food", "a man", "an orange", ""]
    assert [names_right(text, apple) for text in right + wrong] == [True] * 3 + [False] * 4


def test_without_labels_the_first_noun_counts() -> None:
    """It must be one that people named."""
    evidence = Evidence(["a man rides a horse"], [])
    assert names_right("a man with a dog", evidence)
    assert not names_right("a dog with a man", evidence)
