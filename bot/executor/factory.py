"""From settings to an executor: which worker is started, with what in its environment.

Owns the worker's command line and the allow-list of its environment. The worker may run
strangers' code, so it never gets this process's environment, where the token may be. It is this
very Bobby's worker, whatever packages lie in the working directory.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.core.errors import BobbyError, SetupError, WorkerUnavailable
from bot.core.settings import Settings
from bot.executor.engines import ray
from bot.executor.engines.base import Engine
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.pool import EnginePool
from bot.executor.engines.supervisor import WorkerCommand
from bot.executor.executor import Executor
from bot.executor.queue import Limits
from models import jobs

_PASSED_ON = frozenset(
    {
        # where things are
        *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "TORCH_HOME", "XDG_CACHE_HOME"),
        # how Python and its libraries are found
        *("PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
        # language and time
        *("LANG", "LC_ALL", "LC_CTYPE", "TZ"),
        # which devices, how many threads
        *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_PATH", "NVIDIA_VISIBLE_DEVICES"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "PYTORCH_ENABLE_MPS_FALLBACK"),
        *("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"),
        # how weights are downloaded
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
        # what Windows programs need to run at all
        *("SYSTEMROOT", "SYSTEMDRIVE", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
    }
)
"""Every variable that the worker may see, besides those that tell it where Bobby is."""

_WAITING = {"GOMP_SPINCOUNT": "3000"}
"""How long torch's threads wait for one another awake, in turns of a loop: some microseconds.

By default they do for milliseconds, which on a busy machine keeps the very thread that they wait
for off the processor: a caption then takes seconds. An operator's own setting wins.
"""

WORKER = "models.worker.process"
"""The module that is run as a worker."""

_HOME = str(Path(jobs.__file__).parents[2])
"""The folder that the packages `bot` and `models` of this process lie in."""

_SLOWEST_LOAD = 30.0
"""Seconds that reading a big network from disk may take."""

_LONGEST_SILENCE = 15.0
"""Seconds that one layer of a network may take, on a busy machine."""


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the worker gets: never the token, and the very `models` that this process has."""
    passed_on = {name: value for name, value in environment.items() if name in _PASSED_ON}
    # A relative folder would be where the settings and the token lie, and readable to a hub.
    added = environment.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join([_HOME, *filter(os.path.isabs, added)])
    waiting = {} if "OMP_WAIT_POLICY" in passed_on else _WAITING
    # NumPy multiplies only small matrices here, at which a second thread waits more than it works.
    ours = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "OPENBLAS_NUM_THREADS": "1"}
    return waiting | passed_on | ours


def worker_command(settings: Settings, device: str) -> list[str]:
    """Return the command line that starts the worker for `device` under this very Python."""
    command = [sys.executable, "-m", WORKER]
    command += ["--default-model", settings.default_model, "--device", device]
    command += ["--precision", settings.precision, "--runtime", settings.runtime]
    command += ["--log-level", settings.log_level]
    return [*command, "--cache", str(settings.weights_folder)]


def inventory_command(settings: Settings, *, verify: bool) -> list[str]:
    """Return the command line that prints the catalog, or checks what is here of it."""
    command = [
        sys.executable,
        "-m",
        "models.worker.inventory",
        "--cache",
        str(settings.weights_folder),
    ]
    return [*command, "--verify"] if verify else command


def open_executor(
    settings: Settings, set_by: Callable[[int], int | None] = lambda _: None
) -> Executor:
    """Return the executor that `settings` describe: local workers or a Ray cluster's replicas.

    `set_by` returns how many pictures a server lets each person have waiting, see `Limits`.

    Enter it with `async with`: that starts the workers and waits for none; `warm` does that.
    Leaving ends them, in less than 5 seconds.
    """
    return Executor(
        _engine(settings),
        limits=Limits.of(settings, set_by),
        batch_size=settings.batch_size,
        timeout=settings.timeout,
    )


def _engine(settings: Settings) -> Engine:
    hang_after = longest_work(settings)
    environment = worker_environment(os.environ)
    commands = [worker_command(settings, device) for device in settings.devices]
    if settings.engine == "ray":
        environment = ray.access(os.environ) | environment
        arguments = commands[0][commands[0].index(WORKER) + 1 :]
        return ray.ray_engine(settings, arguments, environment, hang_after=hang_after)
    engines = [
        LocalEngine(
            WorkerCommand(c, environment), hang_after=hang_after, silence=longest_silence(settings)
        )
        for c in commands
    ]
    return engines[0] if len(engines) == 1 else EnginePool(engines)


def longest_work(settings: Settings) -> float:
    """Return the seconds that a worker may be at work without an answer.

    Every job of a batch was asked for before the batch began, so once it has run for the timeout
    without progress, nobody waits for any of it.
    """
    return max(settings.timeout, _SLOWEST_LOAD)


def longest_silence(settings: Settings) -> float:
    """Return the seconds after which a silent worker hangs.

    They leave those beside and behind the hung job enough to be answered by the next worker.
    """
    return min(_LONGEST_SILENCE, max(_LONGEST_SILENCE / 3, settings.timeout / 3))


async def warm(executor: Executor) -> None:
    """Wait until the worker of `executor` answers.

    Raises:
        SetupError: It can't be started; the sentence tells the operator why.
    """
    try:
        await executor.ready()
    except WorkerUnavailable:
        reason = executor.snapshot().reason
        raise SetupError(f"The worker process can't start. {reason}") from None
    except BobbyError as error:
        raise SetupError(str(error)) from None
