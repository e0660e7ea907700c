"""The process between the bot and a Ray cluster: a worker to the one, a client to the other.

Owns the pipe to the bot and the batches that are on their way; `models.worker.ray.cluster` knows
Ray. It is a process of its own because Ray unpickles what comes from a cluster, and the bot holds
the token. It imports no torch, looks at no picture, and ends with its standard input.
"""

import argparse
import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from queue import SimpleQueue

from models.jobs.control import CancelJob, Lost, Recount, Run, StartFailed, Submit, ToWorker
from models.jobs.log_context import FORMAT, Asked
from models.jobs.wire import frame, from_worker, split
from models.worker.pipe import Pipe, claim_pipe, leave
from models.worker.ray.cluster import ClusterError, Fleet, ReplicaConfig

_log = logging.getLogger(__name__)


class Relay:
    """Hands batches to `fleet` and what comes back to the bot, through `pipe`."""

    def __init__(self, pipe: Pipe, fleet: Fleet) -> None:
        self._pipe = pipe
        self._fleet = fleet
        self._jobs: dict[int, Submit] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, arrivals: "asyncio.Queue[ToWorker | None]") -> None:
        """Act on what arrives until the input has ended; batches on their way are dropped then."""
        while (message := await arrivals.get()) is not None:
            match message:
                case Submit(id=number):
                    self._jobs[number] = message
                case CancelJob(id=number):
                    self._jobs.pop(number, None)
                case Run():
                    self._start(self._run(message, [self._jobs.pop(one) for one in message.ids]))
                case Recount():
                    self._start(self._recount())

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, run: Run, submits: Sequence[Submit]) -> None:
        """Have a replica run the batch; say so when it got lost there."""
        batch = b"".join([*map(frame, submits), frame(run)])
        try:
            async for framed in self._fleet.run(batch):
                self._pipe.write(framed)
        except BrokenPipeError:
            _log.info("The bot is gone")
        except ClusterError as error:
            _log.warning("Batch %d got lost: %s", run.batch, error)
            self._pipe.send(Lost(batch=run.batch))

    async def _recount(self) -> None:
        try:
            self._pipe.write(await self._fleet.recount())
        except ClusterError as error:
            _log.warning("No replica could be asked what there is: %s", error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Be the relay; does not return. What follows `--` is each replica's command line."""
    pipe = claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the bot decides
    options, shape = _options(arguments)
    logs = logging.StreamHandler(sys.stderr)
    logs.addFilter(Asked())
    logging.basicConfig(level=options.log_level, format=FORMAT, handlers=[logs])
    incoming = StdinReader(pipe)
    fleet = Fleet(options.address, shape)
    try:
        fleet.open()
    except ClusterError as error:
        pipe.send(StartFailed(reason=str(error)))
        leave(1)
    leave(asyncio.run(_relay(pipe, fleet, incoming)))


class StdinReader:
    """The bot's messages, read on a thread; before anybody listens, their end ends the process."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._early: SimpleQueue[Callable[[ToWorker | None], object]] = SimpleQueue()
        threading.Thread(target=self._read, name="read", daemon=True).start()

    def listen(self) -> "asyncio.Queue[ToWorker | None]":
        """Return the messages, with None at the end; called once, within an event loop."""
        loop = asyncio.get_running_loop()
        arrivals: asyncio.Queue[ToWorker | None] = asyncio.Queue()

        def put(message: ToWorker | None) -> None:
            loop.call_soon_threadsafe(arrivals.put_nowait, message)

        self._early.put(put)
        return arrivals

    def _read(self) -> None:
        try:
            while (message := self._pipe.receive()) is not None:
                put = self._early.get()
                self._early.put(put)
                put(message)
        except Exception:  # noqa: BLE001 - nothing after it could be understood
            _log.exception("The stream from the bot is corrupt")
        if self._early.empty():
            leave(0)  # what Ray has started so far ends with this process
        self._early.get()(None)


async def _relay(pipe: Pipe, fleet: Fleet, incoming: StdinReader) -> int:
    """Serve the bot until its end or the cluster's; return the exit status."""
    try:
        said = await fleet.ready()
        pipe.write(said)
        (message,) = map(from_worker, split(said))
        if isinstance(message, StartFailed):
            return 1
        broken = asyncio.create_task(fleet.broken())
        serving = asyncio.create_task(Relay(pipe, fleet).serve(incoming.listen()))
        await asyncio.wait({serving, broken}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            return 0
        _log.error("The cluster is gone, or has ended the replicas")
    except ClusterError as error:
        _log.error("No replica could be asked how it is: %s", error)
    finally:
        await fleet.close()
    return 1


def _options(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, ReplicaConfig]:
    parser = argparse.ArgumentParser(prog="python -m models.worker.ray.relay", description=__doc__)
    parser.add_argument("--address", default="", metavar="ADDRESS", help="empty: a cluster here")
    parser.add_argument("--least", type=int, default=1, metavar="REPLICAS")
    parser.add_argument("--most", type=int, default=1, metavar="REPLICAS")
    parser.add_argument("--gpus", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--cpus", type=int, default=2, metavar="CORES")
    parser.add_argument("--hang-after", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--log-level", default="INFO", metavar="LEVEL")
    parser.add_argument("worker", nargs="*", metavar="ARGUMENT", help="of each replica")
    options = parser.parse_args(arguments)
    shape = ReplicaConfig(
        least=options.least,
        most=options.most,
        gpus=options.gpus,
        cpus=options.cpus,
        hang_after=options.hang_after,
        arguments=(*options.worker,),
    )
    return options, shape


if __name__ == "__main__":
    main()
