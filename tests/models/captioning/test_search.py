"""The searches with a small random decoder: what they return, always and exactly."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from models.captioning import search as searching
from models.captioning.search import LONGEST, SearchOptions, SearchResult, _Beams
from models.networks.caption_shape import CELLS, CHANNELS, END, TAGS, UNKNOWN, Shape
from models.networks.caption_transformer import CaptionTransformer
from tests.models.captioning.decoding import decoder_of

_NOTHING = SearchOptions.none(12)
_TAGS = torch.from_numpy(_NOTHING.tags[None])
_GROUPS = np.array([0, 0, 0, 1, 1, 0, 2, 3, 0, 0, 0, 0])
"""Tokens 3 and 4 mean one noun, 6 and 7 another each."""


def _wish(*lift: float) -> SearchOptions:
    return SearchOptions(np.full(TAGS, END), _GROUPS, np.array([0.0, *lift], np.float32))


def search(
    network: CaptionTransformer,
    picture: Tensor,
    wish: SearchOptions,
    beams: int,
    *,
    draws: int = 0,
    temperature: float = 1.0,
) -> tuple[list[SearchResult], list[SearchResult]]:
    """Search the captions of one picture's cells (81, 1780)."""
    (found,) = searching.search(
        decoder_of(network),
        picture.numpy()[None],
        [wish],
        [beams],
        draws=[draws],
        temperature=temperature,
    )
    return found


@pytest.fixture(scope="module")
def network() -> CaptionTransformer:
    """Return a decoder of 12 tokens whose random weights prefer some words to others."""
    torch.manual_seed(2)
    network = CaptionTransformer(Shape(tokens=12, width=16, layers=2, heads=2, hidden=32)).eval()
    with torch.no_grad():
        network.word.weight.mul_(30)
        network.bias[END] += 1
    return network


@pytest.fixture(scope="module")
def cells() -> Tensor:
    """Return the cells of four random pictures."""
    return torch.randn(4, CELLS, CHANNELS, generator=torch.Generator().manual_seed(3))


def _log_probability(network: CaptionTransformer, cells: Tensor, tokens: tuple[int, ...]) -> float:
    """Return a caption's log-probability by one pass over the whole of it."""
    row = torch.tensor([[END, *tokens]])
    with torch.inference_mode():
        logits = network(cells[None], _TAGS, row, torch.ones_like(row, dtype=torch.bool))
    following = torch.tensor([*tokens, END])
    return float(logits.log_softmax(1).gather(1, following[:, None]).sum())


def _every(network: CaptionTransformer, cells: Tensor) -> list[list[SearchResult]]:
    return [
        found
        for picture in cells
        for beams in (1, 2, 5, 10)
        for found in search(network, picture, _NOTHING, beams, draws=20, temperature=0.8)
    ]


def test_captions_hold_what_they_may(network: CaptionTransformer, cells: Tensor) -> None:
    """No caption is empty, too long, or holds the end, the unknown word or a word twice running."""
    for found in itertools.chain.from_iterable(_every(network, cells)):
        assert 1 <= len(found.tokens) <= LONGEST
        assert not {END, UNKNOWN} & set(found.tokens)
        assert all(first != second for first, second in itertools.pairwise(found.tokens))


def test_log_probabilities_are_those_of_the_whole_caption(
    network: CaptionTransformer, cells: Tensor
) -> None:
    """Step by step with caches is what one pass over the caption says."""
    for picture in cells:
        for found in itertools.chain(
            *search(network, picture, _wish(3, 0, 0), 5, draws=10, temperature=0.8)
        ):
            wanted = _log_probability(network, picture, found.tokens)
            assert found.log_probability == pytest.approx(wanted, abs=1e-4)
            tokens = len(found.tokens) + 1  # and the end
            assert found.mean == pytest.approx(wanted / tokens, abs=1e-4)
            assert found.lifted == (3 if {3, 4} & set(found.tokens) else 0)
            assert found.score == pytest.approx((wanted + found.lifted) / tokens**0.7, abs=1e-4)


def test_beams_differ_and_are_sorted(network: CaptionTransformer, cells: Tensor) -> None:
    """Five beams give five captions, the best score first."""
    for picture in cells:
        found = search(network, picture, _NOTHING, 5)[0]
        scores = [caption.score for caption in found]
        assert scores == sorted(scores, reverse=True)
        assert len({caption.tokens for caption in found}) == 5


def _beams(network: CaptionTransformer, cells: Tensor, width: int) -> list[tuple[int, ...]]:
    """Return what beam search finds when it is not stopped before the greatest length."""
    with torch.inference_mode():
        live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        done: list[tuple[tuple[int, ...], float]] = []
        for words in range(LONGEST + 1):
            rows = torch.tensor([[END, *tokens] for tokens, _ in live])
            real = torch.zeros_like(rows, dtype=torch.bool)
            real[:, -1] = True
            scores = network(cells[None], _TAGS, rows, real).log_softmax(1)
            going: list[tuple[tuple[int, ...], float]] = []
            for (tokens, total), row in zip(live, scores.tolist(), strict=True):
                if words:
                    done.append((tokens, (total + row[END]) / (words + 1) ** 0.7))
                barred = {END, UNKNOWN, *tokens[-1:]}
                going += [((*tokens, t), total + row[t]) for t in range(12) if t not in barred]
            live = sorted(going, key=lambda found: -found[1])[:width]
    return [tokens for tokens, _ in sorted(done, key=lambda found: -found[1])[:width]]


def test_it_is_beam_search(network: CaptionTransformer, cells: Tensor) -> None:
    """It stops as soon as nothing better can come, and no sooner."""
    for picture in cells[:3]:
        for width in (1, 3):
            found = search(network, picture, _NOTHING, width)[0]
            assert [caption.tokens for caption in found] == _beams(network, picture, width)


def test_an_open_beam_may_still_reach_the_score_of_the_longest_caption() -> None:
    """If no further word cost anything: to stop sooner could lose the best one."""
    beams = _Beams(2, 12, _NOTHING)
    beams._sums = np.array([-5.0, -3.0], np.float32)
    reachable = [-3.0 / (words + 1) ** 0.7 for words in range(LONGEST + 1)]
    assert beams._best_possible() >= max(reachable) - 1e-6


def test_more_beams_find_no_worse(network: CaptionTransformer, cells: Tensor) -> None:
    """Over some pictures, ten beams score at least what one does."""
    one = sum(search(network, picture, _NOTHING, 1)[0][0].score for picture in cells)
    ten = sum(search(network, picture, _NOTHING, 10)[0][0].score for picture in cells)
    assert ten >= one


def test_the_searches_do_not_meddle(network: CaptionTransformer, cells: Tensor) -> None:
    """Beams find beside draws what they find alone, and draws are the same beside any beams."""
    for picture in cells:
        alone, none = search(network, picture, _NOTHING, 5)
        beside, drawn = search(network, picture, _NOTHING, 5, draws=20, temperature=0.8)
        assert [found.tokens for found in beside] == [found.tokens for found in alone]
        assert not none
        again = search(network, picture, _NOTHING, 1, draws=20, temperature=0.8)[1]
        assert [found.tokens for found in drawn] == [found.tokens for found in again]


def test_samples_are_drawn_from_the_decoder(network: CaptionTransformer, cells: Tensor) -> None:
    """The first words drawn at temperature 1 are as frequent as they are likely."""
    drawn = search(network, cells[0], _NOTHING, 1, draws=4000, temperature=1.0)[1]
    with torch.inference_mode():
        start = network.start(cells[:1], _TAGS, 1)
        scores, _ = network.step(torch.tensor([END]), start)
        scores[0, [END, UNKNOWN]] = -torch.inf
        wanted = scores[0].softmax(0)
    first = torch.tensor([found.tokens[0] for found in drawn])
    frequency = torch.bincount(first, minlength=12) / len(drawn)
    torch.testing.assert_close(frequency, wanted, rtol=0, atol=0.03)


def test_what_may_not_be_named_is_not(network: CaptionTransformer, cells: Tensor) -> None:
    """No search names it, in one word or another, and all still find captions."""
    free = [f for p in cells for f in search(network, p, _NOTHING, 5, draws=20)[0]]
    assert any({3, 4} & set(found.tokens) for found in free)
    for picture in cells:
        found, drawn = search(network, picture, _wish(-torch.inf, 0, 0), 5, draws=20)
        assert len(found) == 5
        assert len(drawn) == 20
        assert not any({3, 4} & set(caption.tokens) for caption in found + drawn)


def test_a_noun_is_named_once(network: CaptionTransformer, cells: Tensor) -> None:
    """Neither its word nor its other word comes again; other words may."""
    for picture in cells:
        for caption in itertools.chain(*search(network, picture, _wish(4, 4, 4), 5, draws=20)):
            groups = [int(_GROUPS[token]) for token in caption.tokens if _GROUPS[token]]
            assert len(groups) == len(set(groups))


def test_a_lifted_noun_is_named(network: CaptionTransformer, cells: Tensor) -> None:
    """Far enough lifted, it is in every caption found, whatever the picture."""
    for picture in cells:
        found, drawn = search(network, picture, _wish(0, 60, 0), 5, draws=20, temperature=0.8)
        assert all(6 in caption.tokens for caption in found + drawn)


def test_the_same_cells_give_the_same_captions(network: CaptionTransformer, cells: Tensor) -> None:
    """Nothing is left to chance, in the drawing either."""
    assert _every(network, cells[:2]) == _every(network, cells[:2])


def test_pictures_do_not_meddle(network: CaptionTransformer, cells: Tensor) -> None:
    """Side by side, each finds what it finds alone, whatever its own wish, beams and draws."""
    wishes = [_NOTHING, _wish(3, 0, 0), _NOTHING, _wish(0, 60, 0)]
    beams, draws = [1, 5, 3, 2], [0, 20, 7, 1]
    together = searching.search(
        decoder_of(network), cells.numpy(), wishes, beams, draws=draws, temperature=0.8
    )
    for place, found in enumerate(together):
        alone = search(
            network,
            cells[place],
            wishes[place],
            beams[place],
            draws=draws[place],
            temperature=0.8,
        )
        for mine, expected in zip(found, alone, strict=True):
            assert [one.tokens for one in mine] == [one.tokens for one in expected]


def test_a_step_is_the_networks(network: CaptionTransformer, cells: Tensor) -> None:
    """Without torch, for rows of several pictures at once, as with it for each alone."""
    decoder = decoder_of(network)
    with torch.inference_mode():
        plain = network.standardise(cells)
        state = decoder.start(decoder.standardize(cells.numpy()), np.full((4, TAGS), END))
        rows, tokens = np.array([0, 0, 0, 2, 3]), np.array([3, 4, 5, 6, 3])
        state = state.rows(rows, [3, 0, 1, 1])
        found, state = decoder.step(tokens, state)
        found, _ = decoder.step(tokens[::-1].copy(), state)
        for row, picture in enumerate(rows):
            own = network.start(plain[picture][None], _TAGS, 1)
            for token in (tokens[row], tokens[::-1][row]):
                expected, own = network.step(torch.tensor([token]), own)
            assert np.allclose(found[row], expected[0].numpy(), atol=1e-5)
