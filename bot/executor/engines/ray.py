"""The Ray engine: a local worker whose answers come from replicas on a Ray cluster.

Owns what differs from an engine that runs its batches itself: the command line of the relay, what
its environment holds besides, how many batches are in flight and how patient to be. The relay
speaks the worker's own protocol, so all of `local` and `supervisor` holds for it as well, and the
bot process, where the token is, never sees Ray.
"""

import sys
from collections.abc import Mapping

from bot.core.settings import Settings
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.process import RetryPolicy
from bot.executor.engines.supervisor import Restarts, WorkerCommand

_PERSISTENT = Restarts(failed_starts=20)
"""A cluster elsewhere that is started again takes a while until it can be reached."""

_PATIENCE = RetryPolicy(end_of_input=3.5)
"""Seconds until a cluster of our own has ended, all of its processes with it."""


def ray_engine(
    settings: Settings, worker: list[str], environment: dict[str, str], *, hang_after: float
) -> LocalEngine:
    """Return the engine whose batches run on replicas, each of which takes `worker`'s arguments.

    `environment` is a worker's; a cluster that is started here inherits it, and nothing else.
    """
    command = [sys.executable, "-m", "models.worker.ray.relay"]
    command += ["--address", settings.ray_address, "--log-level", settings.log_level]
    command += ["--least", str(settings.ray_replicas), "--most", str(most(settings))]
    command += ["--gpus", str(settings.ray_gpus), "--cpus", str(settings.ray_cpus)]
    command += ["--hang-after", str(hang_after), "--", *worker]
    return LocalEngine(
        WorkerCommand(command, environment),
        hang_after=hang_after,
        restarts=_PERSISTENT if settings.ray_address else None,
        patience=_PATIENCE,
        batches_in_flight=2 * most(settings),
    )


def most(settings: Settings) -> int:
    """Return up to how many replicas there may be."""
    return max(settings.ray_replicas, settings.ray_max_replicas)


def access(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with which Ray reaches and trusts a cluster, such as its own token."""
    return {name: value for name, value in environment.items() if name.startswith("RAY_")}
