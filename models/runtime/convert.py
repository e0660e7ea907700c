"""From a torch network to one that OpenVINO runs, and the check that both say the same.

Owns the conversion and the agreement, which are asked for once a network, its weights and the
versions of what is involved; `models.runtime.compiled` keeps the result. Nothing is sent anywhere:
OpenVINO's own `convert_model` would report on its use.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.runtime.compiled import FOLDER, Compiled, Kept, Verdict, core, load_from, properties

_log = logging.getLogger(__name__)

TOLERANCE = 1e-4
"""The output may differ from the plain network's by so much."""

_REFUSED = "%s runs in torch: %s"


@dataclass(frozen=True)
class Source:
    """What is compiled: `build` returns the network in eval mode, `weights` tells its weights.

    It takes `shape`, where -1 is any size. `examples` are what it is tried on.
    """

    name: str
    weights: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    examples: Sequence[Tensor]


def compiled(source: Source, cache: Path) -> Compiled | None:
    """Return the compiled network of `source`, made now if `cache` doesn't hold it.

    None means that torch has to run it; the log says why.

    Raises:
        Exception: Whatever `source.build` raised.
    """
    kept = Kept(cache / FOLDER, source.name, source.weights)
    threads = torch.get_num_threads()
    form: bytes | None = None
    if (verdict := kept.verdict()) is None:
        form, difference, refusal = _made(source, threads)
        try:
            verdict = kept.keep(form, difference, refusal)
        except OSError as error:
            _log.warning("%s is compiled again at the next start: %s", source.name, error)
            if form is not None:
                return load_from(form, threads)
            verdict = Verdict("", refusal=refusal)
    if verdict.refusal is not None:
        _log.warning(_REFUSED, source.name, verdict.refusal)
        return None
    try:
        return kept.load(threads)
    except (RuntimeError, OSError) as error:
        _log.warning(_REFUSED, source.name, f"its compiled form can't be read ({error})")
        return None


def _made(source: Source, threads: int) -> tuple[bytes | None, float | None, str | None]:
    """Return the compiled network if it agrees, by how much it differs, and else why not."""
    network = source.build()
    with torch.no_grad():
        expected = [network(example) for example in source.examples]
    try:
        model = core().compile_model(
            converted(network, source.examples[0], source.shape), "CPU", properties(threads)
        )
        form: bytes = model.export_model().getvalue()
        runs = Compiled(model, len(form)).run
        found = [torch.from_numpy(runs(example.numpy())) for example in source.examples]
    except Exception as error:  # noqa: BLE001 - torch can still run it
        _log.debug("%s can't be compiled", source.name, exc_info=True)
        return None, None, f"OpenVINO can't compile it ({type(error).__name__})"
    difference = max(_difference(*pair) for pair in zip(found, expected, strict=True))
    if not difference <= TOLERANCE:
        return None, None, f"OpenVINO's output is off by {difference:.1e}"
    _log.info("%s is compiled; its output differs by %.1e", source.name, difference)
    return form, difference, None


def _difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max()) if found.shape == expected.shape else torch.inf


def converted(network: nn.Module, example: Tensor, shape: Sequence[int]) -> Any:  # noqa: ANN401 - an openvino.Model
    """Return `network`, in eval mode, as OpenVINO has it; it takes `shape`, where -1 is any."""
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.no_grad():
        # Tracing is deprecated, and wonders at sizes that `shape` fixes or the check covers.
        warnings.simplefilter("ignore")
        # Our own check is enough: torch's would take four times as long as all of the rest.
        traced = torch.jit.trace(network, example, check_trace=False, strict=False)  # type: ignore[no-untyped-call]  # torch
        decoder = TorchScriptPythonDecoder(traced)
    frontend = FrontEndManager().load_by_framework("pytorch")
    model = frontend.convert(frontend.load(decoder))
    model.reshape(list(shape))
    return model
