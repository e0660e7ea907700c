"""A network of one's own: a proxy that alone knows some names, and a CA that nobody else trusts."""

import asyncio
import base64
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from yarl import URL


class Proxy:
    """Forwards requests and tunnels; `asked` are the hosts and ports that were wanted of it.

    `names` lead to ports of this machine; it connects to nothing else. With a `login`, such as
    "ann:secret", it serves nobody else.
    """

    def __init__(self, names: dict[str, int], login: str | None = None) -> None:
        self.names = names
        self.asked: list[str] = []
        self._login = login and base64.b64encode(login.encode()).decode()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve within the block; yields the proxy's address."""
        async with listening(self._serve) as port:
            yield f"http://127.0.0.1:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split(" ", 2)
            url = URL(f"//{target}" if method == "CONNECT" else target)
            self.asked.append(f"{url.host}:{url.port}")
            port = self.names.get(str(url.host))
            if self._login and f"Basic {self._login}" not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            elif port is None:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            else:
                await self._relay(method, head, url, port, (reader, writer))

    async def _relay(
        self,
        method: str,
        head: str,
        url: URL,
        port: int,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        there = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            here[1].write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            path = url.raw_path_qs
            there[1].write(f"{method} {path} {head.split(' ', 2)[2]}".encode())
        await joined(here, there)


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Have `serve` talk to all who connect to the port that this yields, until the block ends."""
    talks = set[asyncio.Task[None]]()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        try:
            await serve(reader, writer)
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for talk in talks:
            talk.cancel()
        await asyncio.wait_for(asyncio.gather(*talks, return_exceptions=True), 5)


async def joined(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Pass on what either side says until one hangs up."""
    ways = [
        asyncio.create_task(_pour(one[0], other[1])),
        asyncio.create_task(_pour(other[0], one[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        for side in (one, other):
            side[1].close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(2**16):
            writer.write(chunk)
            await writer.drain()


class Authority:
    """A CA of one's own, made in `folder` with the program `openssl`, which need not be there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "ca.pem"
        self._make("ca", "-addext", "keyUsage=critical,keyCertSign")

    def context(self, name: str) -> ssl.SSLContext:
        """Return what a server named `name` needs; its certificate is this CA's."""
        self._make(
            name,
            *("-CA", str(self.file), "-CAkey", str(self.folder / "ca.key")),
            *("-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=CA:FALSE"),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def _make(self, name: str, *more: str) -> None:
        if (openssl := shutil.which("openssl")) is None:
            pytest.skip("There is no openssl here to make a certificate with.")
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        made = subprocess.run(
            [*command, *files, *more], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if made.returncode:
            pytest.skip(f"This openssl makes no certificate: {made.stderr}")


@contextlib.asynccontextmanager
async def behind_tls(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Serve what is at `port` of this machine by TLS, too; yields the port for that."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port)
        await joined((reader, writer), there)

    async with listening(serve, context) as own:
        yield own
