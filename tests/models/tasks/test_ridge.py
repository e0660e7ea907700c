"""A last layer from a few examples: what it finds, and how it checks itself."""

import pytest
import torch

from models.tasks.few_shot.ridge import fit, leave_one_out, relative_similarity


def clouds(each: int, labels: int, spread: float, seed: int = 0) -> tuple[torch.Tensor, list[int]]:
    """Return unit vectors (N, 64) in `labels` clouds, and whose each is."""
    chance = torch.Generator().manual_seed(seed)
    centers = torch.nn.functional.normalize(torch.randn(labels, 64, generator=chance), dim=1)
    places = [at for at in range(labels) for _ in range(each)]
    noise = torch.randn(len(places), 64, generator=chance) * spread
    return torch.nn.functional.normalize(centers[places] + noise, dim=1), places


def test_clear_labels_are_learned_from_three_examples() -> None:
    """New ones of the same clouds get their label, with probabilities that sum to one."""
    features, places = clouds(13, 3, 0.1)
    seen = [at for at in range(len(places)) if at % 13 < 3]
    new = [at for at in range(len(places)) if at % 13 >= 3]
    head = fit(features[seen], [places[at] for at in seen], 3)
    chances = head.probabilities(features[new])
    assert chances.argmax(1).tolist() == [places[at] for at in new]
    assert torch.allclose(chances.sum(1), torch.ones(len(new)))
    assert chances.max(1).values.min() > 0.6


def test_a_label_with_many_examples_does_not_win_by_their_number() -> None:
    """What lies between two labels is as much the one as the other."""
    features, _ = clouds(1, 2, 0.0)
    head = fit(features[[0] * 9 + [1]], [0] * 9 + [1], 2)
    middle = torch.nn.functional.normalize(features.sum(0), dim=0)
    assert torch.allclose(head.probabilities(middle[None]), torch.full((1, 2), 0.5), atol=0.01)


def test_the_order_of_the_examples_does_not_matter() -> None:
    """But for rounding."""
    features, places = clouds(4, 2, 0.3)
    back = list(reversed(range(8)))
    one, other = fit(features, places, 2), fit(features[back], [places[at] for at in back], 2)
    assert torch.allclose(one.weight, other.weight, atol=1e-5)


def test_the_size_of_the_features_does_not_matter() -> None:
    """Networks have features of very different sizes; the ridge follows them."""
    features, places = clouds(5, 3, 0.4)
    one, large = fit(features, places, 3), fit(100 * features, places, 3)
    assert torch.allclose(100 * large.weight, one.weight, atol=1e-4)
    assert leave_one_out(100 * features, places, 3) == leave_one_out(features, places, 3)


def test_what_is_of_no_label_is_like_none() -> None:
    """More of the same kind is about as like as the examples are; of another kind it is not."""
    features, places = clouds(40, 3, 0.1)
    taught = [at for at in range(80) if at % 40 < 8]
    seen, whose = features[taught], [places[at] for at in taught]
    alike = relative_similarity(features, seen, whose)
    assert alike[8:40, 0].mean() == pytest.approx(1, abs=0.1)
    assert alike[8:40, 0].min() > 0.85
    assert alike[80:].max() < 0.85


def test_a_single_example_compares_with_nothing() -> None:
    """It can't tell how much its kind varies."""
    features, _ = clouds(3, 2, 0.1)
    alike = relative_similarity(features, features[[0, 3, 4]], [0, 1, 1])
    assert torch.equal(alike[:, 0], torch.ones(6))
    assert alike[5, 1] > alike[1, 1]


def test_leaving_out_tells_clear_labels_from_noise() -> None:
    """All right where the clouds are apart; about as by chance where there are none."""
    assert leave_one_out(*clouds(5, 3, 0.1), 3) == (15, 15)
    noise = torch.nn.functional.normalize(
        torch.randn(60, 64, generator=torch.Generator().manual_seed(1)), dim=1
    )
    right, asked = leave_one_out(noise, [at % 2 for at in range(60)], 2)
    assert asked == 60
    assert 15 < right < 45


def test_an_only_example_is_not_tried() -> None:
    """Without it nobody knows its label."""
    features, places = clouds(2, 2, 0.1)
    assert leave_one_out(features[:3], places[:3], 2) == (2, 2)
    assert leave_one_out(features[[0, 2]], [0, 1], 2) == (0, 0)


def test_leaving_out_is_what_it_says() -> None:
    """Each is judged by a head of all others, in the features as they are."""
    features, places = clouds(5, 3, 0.6)
    right = 0
    for at, place in enumerate(places):
        rest = [other for other in range(15) if other != at]
        head = fit(features[rest], [places[other] for other in rest], 3)
        right += int(head.probabilities(features[at : at + 1]).argmax()) == place
    assert 0 < right < 15
    assert leave_one_out(features, places, 3) == (right, 15)


def test_of_very_many_some_are_left_out() -> None:
    """Evenly, so that each label has its turn."""
    features, places = clouds(20, 20, 0.1)
    assert leave_one_out(features, places, 20) == (58, 58)


def test_examples_that_are_all_the_same_are_no_reason_to_fail() -> None:
    """The same picture under two labels: nobody can tell, and it says so."""
    features, _ = clouds(1, 1, 0.0)
    head = fit(features[[0, 0]], [0, 1], 2)
    assert torch.allclose(head.probabilities(features), torch.full((1, 2), 0.5))
