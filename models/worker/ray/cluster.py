"""Replicas of the worker on a Ray cluster: started, found, asked and left in order.

Owns everything that is Ray's, which it imports when it is opened: a cluster of its own on this
machine's loopback, or the one at an address, shared with other bots. Only bytes go to a replica and
only bytes are taken from one. What they mean is up to `models.worker.ray.relay` and
`models.worker.ray.replica`.
"""

import asyncio
import contextlib
import functools
import hashlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

NAMESPACE = "bobby"
_log = logging.getLogger(__name__)

_LOOK_SECONDS, _LOOK_LIMIT = 2.0, 8.0
"""Between two looks at whether the cluster is there, and what an answer may take."""
_CLOSE_SECONDS = 3.0
_STORE_BYTES = 2**30
"""Of shared memory for pictures on their way, on a cluster of our own; more goes to the disk."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_COLOR_PREFIX": "0",
    "RAY_DEDUP_LOGS": "0",
}
_HERE = {
    # Named for other systems, it keeps to the loopback on every one.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_GRAFANA_HOST": "",
}


class ClusterError(Exception):
    """The cluster can't be used, or a replica ended over a batch; says why in a sentence."""


@dataclass(frozen=True)
class ReplicaConfig:
    """How many replicas there are, from `least` to `most` as they are needed, and what each has.

    `gpus` is a share of one, or several; `cpus` whole cores, which are the threads of a network.
    `arguments` are its worker's command line; it is replaced when it hangs for `hang_after` s.
    """

    least: int
    most: int
    gpus: float
    cpus: int
    hang_after: float
    arguments: tuple[str, ...]

    @functools.cached_property
    def application(self) -> str:
        """The name on the cluster, which bots of the same code and the same settings share."""
        told = hashlib.sha256(repr(astuple(self)).encode())
        for file in sorted(Path(__file__).parents[2].rglob("*.py")):
            told.update(file.read_bytes())
        return f"bobby-{told.hexdigest()[:12]}"


class Fleet:
    """Replicas of `shape` on the cluster at `address`; an empty one is a cluster of our own."""

    def __init__(self, address: str, shape: ReplicaConfig) -> None:
        self._address = address
        self._shape = shape
        self._handle: Any = None
        self._presence: Any = None
        self._folder: str | None = None

    def open(self) -> None:
        """Start or find the cluster and the replicas; for the main thread, which takes seconds.

        Raises:
            ClusterError: Ray is not installed, or the cluster can't be reached or used.
        """
        os.environ.update(_QUIET)
        if not self._address:
            os.environ.update(_HERE | {"RAY_AUTH_TOKEN": secrets.token_hex(32)})
        try:
            self._open()
        except ImportError as error:
            raise ClusterError(
                f"Ray is not installed ({error}). Install it with `pip install 'bobby[ray]'`."
            ) from error
        except Exception as error:
            where = f"at {self._address}" if self._address else "on this machine"
            raise ClusterError(f"Ray {where} can't be used: {_first_line(error)}") from error

    def _open(self) -> None:
        import ray
        from ray import serve

        name = self._shape.application
        if self._address:
            _reach(self._address)
            ray.init(self._address, namespace=NAMESPACE)
            presence = ray.remote(num_cpus=0)(_BotPresence)
            self._presence = presence.options(name=f"{name} {secrets.token_hex(8)}").remote()
        else:
            self._folder = tempfile.mkdtemp(prefix="bobby-ray-")
            ray.init(
                "local",
                namespace=NAMESPACE,
                include_dashboard=False,
                num_cpus=self._shape.most * self._shape.cpus,
                object_store_memory=_STORE_BYTES,
                _temp_dir=self._folder,
            )
        quiet = {"log_level": "WARNING"}
        logging.getLogger("ray").setLevel(logging.WARNING)
        serve.start(proxy_location="Disabled", logging_config=quiet)
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        there = serve.status().applications.get(name)
        if there is None or there.status not in {"RUNNING", "DEPLOYING"}:
            serve.run(_deployed(self._shape), name=name, route_prefix=None)
        self._handle = serve.get_app_handle(name)

    async def run(self, batch: bytes) -> AsyncIterator[bytes]:
        """Have one replica run `batch`; yield its frames as they come.

        Raises:
            ClusterError: The replica ended, or answered with something else than bytes.
        """
        answers = self._handle.options(method_name="run", stream=True).remote(batch)
        try:
            async for answer in answers:
                yield _bytes(answer)
        except ClusterError:
            raise
        except Exception as error:
            raise ClusterError(_first_line(error)) from error

    async def ready(self) -> bytes:
        """Return the frame of `Ready` or `StartFailed` in which a replica tells how its start went.

        Raises:
            ClusterError: None could be asked.
        """
        return await self._ask("ready")

    async def recount(self) -> bytes:
        """Return the frame in which a replica tells what there is now.

        Raises:
            ClusterError: None could be asked.
        """
        return await self._ask("recount")

    async def _ask(self, method: str) -> bytes:
        try:
            return _bytes(await getattr(self._handle, method).remote())
        except ClusterError:
            raise
        except Exception as error:
            raise ClusterError(_first_line(error)) from error

    async def broken(self) -> None:
        """Return when the cluster is gone, or no longer has the replicas."""
        from ray import serve

        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                look = asyncio.to_thread(serve.status)
                status = await asyncio.wait_for(look, _LOOK_LIMIT)
            except Exception:  # noqa: BLE001 - whatever Ray raises: it does not answer
                return
            application = status.applications.get(self._shape.application)
            if application is None or application.status in {"DEPLOY_FAILED", "DELETING"}:
                return

    async def close(self) -> None:
        """Leave the cluster: end one of our own, elsewhere the replicas if nobody else is there."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self._close), _CLOSE_SECONDS)
        except TimeoutError:
            _log.warning("The cluster does not answer any more. Its logs: %s", self._folder)

    def _close(self) -> None:
        import ray
        from ray import serve
        from ray.util import list_named_actors

        if self._address:
            with contextlib.suppress(Exception):
                ours = [n for n in list_named_actors() if n.startswith(self._shape.application)]
                if len(ours) <= 1:
                    serve.delete(self._shape.application, _blocking=False)
        ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class _BotPresence:
    """An actor that lives as long as its bot's connection: what tells bots of one another."""


class _Deployment:
    """What is deployed: a `models.worker.ray.replica.Replica`, imported only where it runs."""

    def __init__(self, arguments: tuple[str, ...], hang_after: float) -> None:
        from models.worker.ray.replica import Replica

        self._replica = Replica(arguments, hang_after)

    async def ready(self) -> bytes:
        """See `Replica.ready`."""
        return await self._replica.ready()

    async def recount(self) -> bytes:
        """See `Replica.recount`."""
        return await self._replica.recount()

    async def run(self, batch: bytes) -> AsyncIterator[bytes]:
        """See `Replica.run`."""
        async for framed in self._replica.run(batch):
            yield framed

    def check_health(self) -> None:
        """See `Replica.check_health`; Ray calls it by this name."""
        self._replica.check_health()


def _deployed(shape: ReplicaConfig) -> Any:  # noqa: ANN401 - Ray's own type
    """Return what Ray Serve is to run for `shape`."""
    from ray import serve

    deployment: Callable[[type], Any] = serve.deployment(
        name="worker",
        # One batch is decoded while the other runs.
        max_ongoing_requests=2,
        max_queued_requests=-1,
        ray_actor_options={"num_cpus": shape.cpus, "num_gpus": shape.gpus},
        autoscaling_config={
            "min_replicas": shape.least,
            "max_replicas": shape.most,
            "target_ongoing_requests": 1.5,
            "upscale_delay_s": 5.0,
            "downscale_delay_s": 300.0,
        },
        health_check_period_s=1.0,
        health_check_timeout_s=30.0,
        graceful_shutdown_timeout_s=5.0,
        logging_config={"log_level": "WARNING", "enable_access_log": False},
    )
    return deployment(_Deployment).bind(shape.arguments, shape.hang_after)


def _reach(address: str) -> None:
    """See that somebody listens at `address`; Ray itself would try for minutes.

    Raises:
        OSError: Nobody does.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_LOOK_LIMIT):
        pass


def _bytes(answer: object) -> bytes:
    if not isinstance(answer, bytes):
        raise ClusterError(f"A replica answered with a {type(answer).__name__}")
    return answer


def _first_line(error: Exception) -> str:
    """Return what is said first; of an error that was raised on the cluster, what is said last."""
    from ray.exceptions import RayTaskError

    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if isinstance(error, RayTaskError) else 0]
