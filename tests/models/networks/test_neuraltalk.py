"""FCDecoder against the published searches, written again with NumPy, one hypothesis at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from models.networks.neuraltalk import FCDecoder

_WORDS, _SIZE, _LONGEST = 60, 32, 16
_UNKNOWN = _WORDS

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reference:
    """The published decoder from its equations: float32 arrays by their published names."""

    weights: Mapping[str, Array]

    def linear(self, name: str, x: Array) -> Array:
        """Apply the linear map called `name`."""
        result: Array = self.weights[f"{name}.weight"] @ x + self.weights[f"{name}.bias"]
        return result

    def advance(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """Return the next h and c after the input `x`."""
        sums = self.linear("core.i2h", x) + self.linear("core.h2h", h)
        gates = (1 + np.tanh(sums[: 3 * _SIZE] / 2)) / 2
        candidate = np.maximum(sums[3 * _SIZE : 4 * _SIZE], sums[4 * _SIZE :])
        c = gates[_SIZE : 2 * _SIZE] * c + gates[:_SIZE] * candidate
        h = (gates[2 * _SIZE :] * np.tanh(c)).astype(np.float32)
        return h, c

    def say(self, token: int, h: Array, c: Array) -> tuple[Array, Array, Array]:
        """Return the log-probabilities after `token`, and the states."""
        h, c = self.advance(self.weights["embed.weight"][token], h, c)
        logits = self.linear("logit", h)
        top = logits.max()
        return logits - top - np.log(np.exp(logits - top).sum()), h, c

    def begin(self, feature: Array) -> tuple[Array, Array, Array]:
        """Return the first log-probabilities and states: the picture, then token 0."""
        zero = np.zeros(_SIZE, dtype=np.float32)
        return self.say(0, *self.advance(self.linear("img_embed", feature), zero, zero))

    def greedy(self, feature: Array) -> tuple[int, ...]:
        """Return the published greedy caption."""
        scores, h, c = self.begin(feature)
        tokens: list[int] = []
        while len(tokens) < _LONGEST and (token := int(scores.argmax())) != 0:
            tokens.append(token)
            scores, h, c = self.say(token, h, c)
        return tuple(tokens)

    def beams(self, feature: Array, width: int) -> tuple[int, ...]:
        """Return the published beam search's best caption, finished beams going on at -1000."""
        live: list[tuple[tuple[int, ...], Any, tuple[Array, Array, Array]]] = []
        live.append(((), np.float32(0), self.begin(feature)))
        done: list[tuple[tuple[int, ...], float]] = []
        for at in range(_LONGEST):
            candidates = []
            for tokens, total, (scores, h, c) in live:
                scores[_UNKNOWN] -= 1000
                likeliest = np.argsort(-scores, kind="stable")[:width].tolist()
                candidates += [((*tokens, t), total + scores[t], h, c) for t in likeliest]
            candidates.sort(key=lambda candidate: -candidate[1])
            live = []
            for tokens, total, h, c in candidates[:width]:
                ended = tokens[-1] == 0 or at == _LONGEST - 1
                done += [(tokens, float(total))] if ended else []
                said = self.say(tokens[-1], h, c)
                live.append((tokens, np.float32(-1000) if ended else total, said))
        best = max(done, key=lambda found: found[1])[0]
        return best[: best.index(0)] if 0 in best else best


@pytest.fixture(scope="module")
def decoder() -> FCDecoder:
    """Return a small decoder whose random weights make captions of many lengths."""
    torch.manual_seed(3)
    network = FCDecoder(_WORDS, _SIZE, _LONGEST)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(6)
    return network.eval()


@pytest.fixture(scope="module")
def reference(decoder: FCDecoder) -> Reference:
    """Return the reference with the same weights."""
    return Reference({name: tensor.numpy() for name, tensor in decoder.state_dict().items()})


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    """Return 60 random features."""
    return torch.randn(60, 2048, generator=torch.Generator().manual_seed(5))


def test_greedy_tokens_are_equal(
    decoder: FCDecoder, reference: Reference, features: torch.Tensor
) -> None:
    """One beam is the greedy search, token for token, in one batch; UNK may be said."""
    ours = [found[0].tokens for found in decoder.captions(features, 1)]
    assert ours == [reference.greedy(feature) for feature in features.numpy()]
    assert len({len(tokens) for tokens in ours}) > 5
    assert any(_UNKNOWN in tokens for tokens in ours)


@pytest.mark.parametrize("beams", [2, 5])
def test_beam_tokens_are_equal(
    decoder: FCDecoder, reference: Reference, features: torch.Tensor, beams: int
) -> None:
    """The best beam is the published one, token for token; UNK is not said."""
    ours = [found[0].tokens for found in decoder.captions(features, beams)]
    assert ours == [reference.beams(feature, beams) for feature in features.numpy()]
    assert len({len(tokens) for tokens in ours}) > 5
    assert not any(_UNKNOWN in tokens for tokens in ours)


def test_beams_are_sorted_and_different(decoder: FCDecoder, features: torch.Tensor) -> None:
    """Every beam comes back, the likeliest first, none twice."""
    for found in decoder.captions(features[:20], 10):
        sums = [sentence.log_probability for sentence in found]
        assert sums == sorted(sums, reverse=True)
        assert len({sentence.tokens for sentence in found}) == len(found) == 10


@pytest.mark.parametrize("beams", [1, 5])
def test_alone_as_in_a_batch(decoder: FCDecoder, features: torch.Tensor, beams: int) -> None:
    """A picture's caption does not depend on the others in its batch."""
    together = decoder.captions(features[:8], beams)
    alone = [decoder.captions(feature[None], beams)[0] for feature in features[:8]]
    assert [[s.tokens for s in found] for found in together] == [
        [s.tokens for s in found] for found in alone
    ]


@pytest.mark.parametrize("beams", [0, 11])
def test_beams_have_limits(decoder: FCDecoder, features: torch.Tensor, beams: int) -> None:
    """Fewer than one beam or more than ten are refused."""
    with pytest.raises(ValueError, match="from 1 to 10"):
        decoder.captions(features, beams)


def test_parameter_names_are_the_published_ones() -> None:
    """The names and shapes are those of the published FC model."""
    shapes = {name: tuple(t.shape) for name, t in FCDecoder(9487).state_dict().items()}
    assert shapes == {
        "img_embed.weight": (512, 2048),
        "img_embed.bias": (512,),
        "core.i2h.weight": (2560, 512),
        "core.i2h.bias": (2560,),
        "core.h2h.weight": (2560, 512),
        "core.h2h.bias": (2560,),
        "embed.weight": (9488, 512),
        "logit.weight": (9488, 512),
        "logit.bias": (9488,),
    }
