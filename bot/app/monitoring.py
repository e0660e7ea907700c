"""The port on which an operator's tools watch Bobby: `/metrics`, `/healthz` and `/status`.

Open on this machine alone, and only when a setting says so. It reads, and changes nothing.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.app import status
from bot.app.client import Bobby
from bot.core import metrics
from bot.core.errors import SetupError

HOST = "127.0.0.1"


class _BotCollector(Collector):
    """The figures that are read off `bot` when somebody asks."""

    def __init__(self, bot: Bobby) -> None:
        self._bot = bot

    def collect(self) -> Iterator[Metric]:
        """Yield each figure as it is now."""
        now = self._bot.executor.snapshot()
        queue = GaugeMetricFamily("bobby_queue_jobs", "Jobs that wait or run", labels=["state"])
        queue.add_metric(["waiting"], now.waiting)
        queue.add_metric(["running"], now.running)
        yield queue
        yield CounterMetricFamily("bobby_answers", "Pictures answered", value=now.answered)
        yield CounterMetricFamily(
            "bobby_worker_restarts", "Workers started after the first", value=now.restarts
        )
        yield GaugeMetricFamily(
            "bobby_worker_up", "1 when the worker answers", value=now.state == "ready"
        )
        yield GaugeMetricFamily(
            "bobby_gateway_up", "1 when the gateway is connected", value=self._bot.connected
        )
        yield GaugeMetricFamily(
            "bobby_loop_lag_seconds",
            "The longest that the event loop was late within the last minute",
            value=self._bot.pulse.worst_ms / 1000,
        )


class Watched:
    """Lets `bot` be watched on `port` while the block lasts; 0 takes a free one."""

    def __init__(self, bot: Bobby, port: int) -> None:
        self._bot = bot
        self._port = port
        self._now = CollectorRegistry()
        self._now.register(_BotCollector(bot))

    async def __aenter__(self) -> Self:
        """Open the port.

        Raises:
            SetupError: It is taken, or may not be opened.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/status", self._status)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise SetupError(
                f"Can't open port {self._port} for metrics ({error.strerror}). Set "
                f"BOBBY_METRICS_PORT to another port, or to 0 to turn metrics off."
            ) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(metrics.REGISTRY) + generate_latest(self._now)
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return web.Response(body=body, headers={"Content-Type": kind})

    async def _health(self, _: web.Request) -> web.Response:
        trouble = status.health_problem(self._bot)
        return web.Response(text=f"{trouble or 'ok'}\n", status=503 if trouble else 200)

    async def _status(self, _: web.Request) -> web.Response:
        return web.json_response(dict(status.rows(self._bot)))
