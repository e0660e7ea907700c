"""A publisher of weights on this machine, honest or not: a real HTTP server, whose bytes count.

Each file has its manners, one for each request in turn, the last one for good. It writes down what
was asked of it and how many bytes of body it wrote.
"""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

Manner = Callable[["Publisher", web.Request, bytes], Awaitable[web.StreamResponse]]
PIECE = 64 * 1024


@dataclass
class Asked:
    """One request: its path, its range, of which version, and the bytes of body written."""

    path: str
    range: str | None
    if_range: str | None = None
    sent: int = 0


@dataclass
class Publisher:
    """Serves `files` by name; open with `async with`. `pause` is slept between pieces."""

    files: dict[str, bytes] = field(default_factory=dict)
    manners: dict[str, list[Manner]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    pause: float = 0.0
    port: int = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
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
        """Where the files are."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        headers = request.headers
        self.asked.append(Asked(request.path, headers.get("Range"), headers.get("If-Range")))
        manners = self.manners.get(name, [])
        manner = manners.pop(0) if len(manners) > 1 else (manners[0] if manners else honest)
        if name not in self.files and not manners:
            return web.Response(status=404)
        return await manner(self, request, self.files.get(name, b""))

    async def write(
        self, request: web.Request, response: web.StreamResponse, body: bytes
    ) -> web.StreamResponse:
        """Send `response` with `body`, and count what goes out."""
        entry = self.asked[-1]
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for at in range(0, len(body), PIECE):
                piece = body[at : at + PIECE]
                await response.write(piece)
                entry.sent += len(piece)
                if self.pause:
                    await asyncio.sleep(self.pause)
            await response.write_eof()
        return response


def etag(body: bytes) -> str:
    """Return the strong validator of `body`."""
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


async def honest(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
    """Honour Range and If-Range, as RFC 9110 has it."""
    headers = {"ETag": etag(body), "Content-Length": str(len(body))}
    found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", etag(body)) != etag(body):
        return await server.write(request, web.StreamResponse(headers=headers), body)
    first = int(found[1])
    if first >= len(body):
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(body)}"})
    headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
    headers["Content-Length"] = str(len(body) - first)
    return await server.write(
        request, web.StreamResponse(status=206, headers=headers), body[first:]
    )


async def ignores_range(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
    """Send everything with 200, whatever was asked for."""
    headers = {"Content-Length": str(len(body))}
    return await server.write(request, web.StreamResponse(headers=headers), body)


def ignores_if_range(told: Mapping[str, str]) -> Manner:
    """Honour Range whatever version it is meant for; of its own version say only what is `told`."""

    async def manner(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        first = int(found[1]) if found else 0
        headers = {**told, "Content-Length": str(len(body) - first)}
        if found:
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        response = web.StreamResponse(status=206 if found else 200, headers=headers)
        return await server.write(request, response, body[first:])

    return manner


async def without_length(
    server: Publisher, request: web.Request, body: bytes
) -> web.StreamResponse:
    """Send everything in chunks and do not say how much it is."""
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    return await server.write(request, response, body)


def breaks_off_at(byte: int) -> Manner:
    """Promise the whole file, and hang up when its first `byte` bytes are sent."""

    async def manner(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {"ETag": etag(body), "Content-Length": str(len(body))}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(body[:byte])
        server.asked[-1].sent += byte
        await asyncio.sleep(0.1)  # so that the bytes arrive before the reset
        assert request.transport is not None
        request.transport.close()
        return response

    return manner


def brings_at_most(count: int) -> Manner:
    """Honour Range, and hang up after so many bytes each time."""

    async def manner(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        first = int(found[1]) if found else 0
        headers = {"ETag": etag(body), "Content-Length": str(len(body) - first)}
        if found:
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        response = web.StreamResponse(status=206 if found else 200, headers=headers)
        if len(body) - first <= count:
            return await server.write(request, response, body[first:])
        await response.prepare(request)
        await response.write(body[first : first + count])
        assert request.transport is not None
        request.transport.close()  # what is written is sent first
        return response

    return manner


async def tells_no_total(
    server: Publisher, request: web.Request, body: bytes
) -> web.StreamResponse:
    """Honour Range, and don't say of how many bytes it is one."""
    first = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    headers = {"Content-Range": f"bytes {first}-{len(body) - 1}/*"}
    return await server.write(
        request, web.StreamResponse(status=206, headers=headers), body[first:]
    )


async def calls_it_identity(
    server: Publisher, request: web.Request, body: bytes
) -> web.StreamResponse:
    """Send everything and say that it is not compressed."""
    headers = {"Content-Encoding": "Identity", "Content-Length": str(len(body))}
    return await server.write(request, web.StreamResponse(headers=headers), body)


async def stalls(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
    """Send half the file and then nothing, without hanging up."""
    headers = {"ETag": etag(body), "Content-Length": str(len(body))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    server.asked[-1].sent += len(body) // 2
    await asyncio.sleep(30)
    return response


async def trickles(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
    """Send a hundred bytes at a time, ten times a second."""
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(body), 100):
            await response.write(body[at : at + 100])
            server.asked[-1].sent += 100
            await asyncio.sleep(0.1)
    return response


async def sends_another_piece(
    server: Publisher, request: web.Request, body: bytes
) -> web.StreamResponse:
    """Answer any range with 206 and the first thousand bytes."""
    headers = {"Content-Range": f"bytes 0-999/{len(body)}", "ETag": etag(body)}
    return await server.write(request, web.StreamResponse(status=206, headers=headers), body[:1000])


async def redirects_to_itself(
    _server: Publisher, request: web.Request, _body: bytes
) -> web.StreamResponse:
    """Lead to another address of the same kind, for ever."""
    return web.Response(
        status=302, headers={"Location": f"{request.path}?{len(request.url.query_string)}x"}
    )


async def sends_a_page(
    _server: Publisher, _request: web.Request, _body: bytes
) -> web.StreamResponse:
    """Send the page by which a hotel asks for a room number."""
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


def answers(status: int, **headers: str) -> Manner:
    """Answer with `status` and nothing else."""

    async def manner(_server: Publisher, _request: web.Request, _body: bytes) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, headers=named)

    return manner


async def mute(_publisher: Publisher, _request: web.Request, _content: bytes) -> web.StreamResponse:
    """Take the question and never answer."""
    await asyncio.sleep(3600)
    return web.Response()


async def until_closed(
    _publisher: Publisher, request: web.Request, content: bytes
) -> web.StreamResponse:
    """Send the beginning, state no length, and end by closing, as HTTP/1.0 does."""
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.write(b"HTTP/1.0 200 OK\r\n\r\n" + content[:1000])
    request.transport.close()
    return web.Response()
