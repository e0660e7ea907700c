"""Every classifier of torchvision is built, prepares a picture and answers, on random weights.

Slow as a whole: 80 networks, of up to 645 million parameters.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torchvision import models as torchvision_models
from torchvision.models import list_models

from models.catalog.classifiers import catalog
from models.catalog.selection import Choice
from models.tasks import classify
from tests.models.pictures import encoded, scene

NAMES = list_models(module=torchvision_models)
SMALL = 76
"""Pixels of a side; Inception v3 takes no fewer than 75."""
ONE_SIZE = ("vit_", "maxvit")
"""These take pictures of the size that they were built for, and no others."""

_FILLS = {
    *(Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_),
    *(Tensor.erfinv_, Tensor.mul_, Tensor.add_, Tensor.clamp_),
}
"""What initial weights are drawn with."""


@pytest.fixture(scope="module")
def noise() -> Tensor:
    """Return as many random numbers as the largest layer of all has weights."""
    return 0.01 * torch.randn(25088 * 4096, generator=torch.Generator().manual_seed(0))


class _Shared(TorchFunctionMode):
    """Gives all layers the same random numbers, without a copy, instead of drawing new ones.

    To draw and hold two billion of them takes nearly all the time that building needs.
    """

    def __init__(self, noise: Tensor) -> None:
        super().__init__()
        self._noise = noise

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        if func in _FILLS and args[0].ndim > 1:
            return args[0]
        made = func(*args, **(kwargs or {}))
        if func is torch.empty and isinstance(made, Tensor) and made.ndim > 1:
            return self._noise[: made.numel()].view(made.shape)
        return made


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute on one thread: most of the work is small, and waiting threads take time as well."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.timeout(600)  # the largest alone takes a minute and a half on a busy machine
@pytest.mark.parametrize("name", NAMES)
def test_it_builds_prepares_and_answers(noise: Tensor, name: str) -> None:
    """A picture goes in, five of a thousand labels come out, and the parameters are counted."""
    record = catalog()[name]
    prepared = classify.prepare(encoded(scene(), "PNG"), Choice(record))
    side = record.preset.crop
    assert prepared.pixels.shape == (3, side, side)
    pictures = torch.from_numpy(prepared.pixels[None])
    if not name.startswith(ONE_SIZE):
        pictures = functional.interpolate(pictures, size=(SMALL, SMALL), mode="bilinear")
    with _Shared(noise):
        network = record.build().eval()
    auxiliary = ("aux1.", "aux2.") if name == "googlenet" else ()
    counted = sum(p.numel() for n, p in network.named_parameters() if not n.startswith(auxiliary))
    assert counted == record.parameters
    with torch.inference_mode():
        logits = network(pictures)
    assert logits.shape == (1, 1000)
    assert logits.isfinite().all()
    answer = classify.present(prepared, logits[0], "cpu", 0.0, 1)
    assert len({label.label for label in answer.top}) == 5
    assert 0 < answer.top[4].probability <= answer.top[0].probability <= 1
