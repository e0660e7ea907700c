"""From a torch network to one that OpenVINO runs, and the check that both say the same.

Owns the conversion and the agreement, which are asked for once a network, its weights and the
versions of what is involved; `models.runtime.compiled` keeps the result. Nothing is sent anywhere:
OpenVINO's own `convert_model` would report on its use.
"""

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from models.images.arrays import Array
from models.runtime.compile_cache import Kept, Source
from models.runtime.compiled import TOLERANCE, Compiled, core, properties

_log = logging.getLogger(__name__)


def compile_source(source: Source, kept: Kept, threads: int) -> bytes | None:
    """See `models.runtime.compile_cache.Compile`."""
    form, difference, refusal = _made(source, threads)
    try:
        kept.keep(form, difference, refusal)
    except OSError as error:
        _log.warning("%s is compiled again at the next start: %s", source.name, error)
        return form
    return None


def _made(source: Source, threads: int) -> tuple[bytes | None, float | None, str | None]:
    """Return the compiled network if it agrees, by how much it differs, and else why not."""
    network = source.build()
    with torch.no_grad():
        examples = [torch.from_numpy(example) for example in source.examples]
        expected = [network(example).numpy() for example in examples]
    try:
        model = core().compile_model(
            converted(network, examples[0], source.shape), "CPU", properties(threads)
        )
        form: bytes = model.export_model().getvalue()
        runs = Compiled(model, len(form)).run
        found = [runs(example) for example in source.examples]
    except Exception as error:  # noqa: BLE001 - torch can still run it
        _log.debug("%s can't be compiled", source.name, exc_info=True)
        return None, None, f"OpenVINO can't compile it ({type(error).__name__})"
    difference = max(_difference(*pair) for pair in zip(found, expected, strict=True))
    if not difference <= TOLERANCE:
        return None, None, f"OpenVINO's output is off by {difference:.1e}"
    _log.info("%s is compiled; its output differs by %.1e", source.name, difference)
    return form, difference, None


def _difference(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf


def converted(network: nn.Module, example: torch.Tensor, shape: Sequence[int]) -> Any:  # noqa: ANN401 - an openvino.Model
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
