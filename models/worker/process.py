"""The worker process: frames in on standard input, frames out on standard output.

Owns the way it starts and ends; `models.worker.loop` says what it does meanwhile, and
`models.worker.tasks` what is done to a picture. The process ends when its standard input
ends, also in the middle of a batch.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from models.catalog.classifiers import Catalog, catalog
from models.images.decode import guard_process
from models.images.decoder_pool import DecoderPool
from models.jobs.base import PRECISIONS, Precision, Runtime
from models.jobs.control import Ready, StartFailed
from models.jobs.errors import JobError
from models.jobs.log_context import FORMAT, Asked
from models.runtime.compiled import threads, unusable
from models.runtime.device import DeviceError, device_for
from models.runtime.failures import is_device_lost
from models.weights.store import WeightsStore
from models.worker.compile import compile_elsewhere
from models.worker.cpu_quota import quota
from models.worker.loop import TaskRunner, Worker
from models.worker.pipe import Pipe, claim_pipe, leave
from models.worker.tasks import Tasks

_log = logging.getLogger(__name__)

_NO_UNITS = (
    "The device %s has no units for %s, so it is many times slower than float32."
    " Unset BOBBY_PRECISION."
)

_GRACE = 1.0
"""Seconds that a running batch gets to end by itself once the input has ended."""


def serve(pipe: Pipe, make: Callable[[], TaskRunner]) -> int:
    """Start, say ready or why not, answer until the input ends; return the exit status."""
    arrivals: SimpleQueue[Worker | None] = SimpleQueue()
    threading.Thread(target=_read, args=(pipe, arrivals), name="read", daemon=True).start()
    tasks, message = started(make)
    pipe.send(message)
    if tasks is None:
        return 1
    worker = Worker(tasks, pipe.send)
    arrivals.put(worker)
    try:
        worker.run_batches()
    except BrokenPipeError:
        _log.info("The bot is gone")
    except Exception as error:
        if not is_device_lost(error):
            raise
        # Whatever is asked of the device from now on fails, too: another process can use it again.
        _log.exception("The device failed")
        return 1
    return 0


def _read(pipe: Pipe, arrivals: "SimpleQueue[Worker | None]") -> None:
    """Hand every message to the worker once there is one; end the process with the input."""
    worker: Worker | None = None
    try:
        while (message := pipe.receive()) is not None:
            worker = worker or arrivals.get()
            if worker is not None:
                worker.handle(message)
    except Exception:  # noqa: BLE001 - nothing after it could be understood
        _log.exception("The stream from the bot is corrupt")
    if worker is not None:
        worker.close()
        threading.Event().wait(_GRACE)
    leave(0)


def started(make: Callable[[], TaskRunner]) -> tuple[TaskRunner | None, Ready | StartFailed]:
    """Make the tasks and warm them up; return them, if that went well, and what the bot is told."""
    try:
        tasks = make()
        ready = tasks.ready()
    except (DeviceError, JobError) as error:
        return None, StartFailed(reason=str(error))
    except Exception as error:  # noqa: BLE001 - the operator gets the reason, the log the rest
        _log.exception("The warm-up failed")
        return None, StartFailed(reason=f"The default model failed its warm-up: {error}")
    return tasks, ready


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a worker's command line; None is this process's own."""
    parser = argparse.ArgumentParser(prog="python -m models.worker.process", description=__doc__)
    parser.add_argument("--default-model", default="resnet101", metavar="NAME")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda[:N]|mps")
    parser.add_argument("--precision", default="float32", choices=PRECISIONS)
    parser.add_argument("--runtime", default="torch", choices=["auto", "torch", "openvino"])
    parser.add_argument("--cache", type=Path, metavar="DIR")
    parser.add_argument("--threads", type=int, metavar="N", help="threads within one operation")
    parser.add_argument("--log-level", default="INFO", metavar="LEVEL")
    return parser.parse_args(arguments)


def main(
    arguments: Sequence[str] | None = None, classifiers: Callable[[], Catalog] = catalog
) -> None:
    """Be the worker process, for `classifiers` beside the other tasks; does not return."""
    pipe = claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the bot decides
    options = options_of(arguments)
    set_up(options)
    leave(serve(pipe, partial(tasks_of, options, classifiers)))


def set_up(options: argparse.Namespace) -> None:
    """Prepare this process: what it logs, how strict Pillow is, how many threads a network has."""
    logs = logging.StreamHandler(sys.stderr)
    logs.addFilter(Asked())
    logging.basicConfig(level=options.log_level, format=FORMAT, handlers=[logs])
    guard_process()
    usable = options.threads or min(threads(), quota() or threads())
    os.environ["OMP_NUM_THREADS"] = str(usable)  # which torch reads, too, where it is imported


def tasks_of(options: argparse.Namespace, classifiers: Callable[[], Catalog] = catalog) -> Tasks:
    """Return the tasks that `options` describe.

    Raises:
        DeviceError: The device or the runtime is not here.
    """
    device, precision = device_for(options.device), options.precision
    if precision != "float32":
        _warn_where_slow(precision, device)
    store, default = WeightsStore(options.cache), options.default_model
    runtime = runtime_for(options.runtime, device)
    do = DecoderPool()
    compiles = partial(compile_elsewhere, store.cache)
    shared = (store, device, default, precision, classifiers())
    return Tasks(*shared, runtime=runtime, compiles=compiles, do=do)


def _warn_where_slow(precision: Precision, device: str) -> None:
    from models.runtime.inference import is_fast

    if not is_fast(precision, device):
        _log.warning(_NO_UNITS, device, precision)


def runtime_for(name: str, device: str) -> Runtime:
    """Return what `name` means; "auto" is OpenVINO for a processor where it is installed.

    Raises:
        DeviceError: OpenVINO was asked for, but it can't be used here.
    """
    if name == "torch" or device != "cpu":
        return "torch"
    if (reason := unusable()) is None:
        return "openvino"
    if name == "openvino":
        raise DeviceError(f"The runtime should be OpenVINO, but it can't be used: {reason}.")
    _log.info("Networks run in torch, since OpenVINO can't be used: %s", reason)
    return "torch"


if __name__ == "__main__":
    main()
