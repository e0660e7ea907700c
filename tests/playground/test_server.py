"""The server as a whole: who may ask, what the page is, what is not there."""

import asyncio
import io
import logging
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from bot.playground.model import media
from bot.playground.rest.static import PAGE
from bot.playground.server import Playground
from tests.playground.clients import Rest


async def _status(url: str, **headers: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status


@pytest.mark.parametrize("path", ["/", "/gateway", "/api/v10/gateway", "/avatars/1/a.png"])
async def test_only_its_own_name_is_answered(playground: Playground, path: str) -> None:
    """A foreign Host or Origin is refused everywhere: no DNS rebinding, no other pages."""
    base = playground.api.removesuffix("/api/v10")
    assert await _status(base + path, Host="evil.example") == 403
    assert await _status(base + path, Origin="http://evil.example") == 403
    port = base.rsplit(":", 1)[1]
    assert await _status(base + path, Host=f"localhost:{port}") != 403
    assert await _status(base + path, Origin=base) != 403


async def test_it_listens_on_loopback_alone(playground: Playground) -> None:
    """The socket is bound to 127.0.0.1."""
    assert [address[0] for address in playground._runner.addresses] == ["127.0.0.1"]


async def test_the_page_is_served_strictly(playground: Playground) -> None:
    """Every file of the page has its type, and may load nothing from elsewhere."""
    base = playground.api.removesuffix("/api/v10")
    async with aiohttp.ClientSession() as session:
        page = await session.get(playground.page)
        assert page.content_type == "text/html"
        assert "<html" in await page.text()
        for file in filter(Path.is_file, PAGE.rglob("*")):
            response = await session.get(f"{base}/page/{file.relative_to(PAGE).as_posix()}")
            assert response.status == 200, file.name
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'self';")
            assert "unsafe" not in policy
            if file.suffix == ".js":
                assert response.content_type.endswith("/javascript")


@pytest.mark.parametrize(
    "path",
    ["/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/page/none.js"],
)
async def test_nothing_but_the_page_is_served(playground: Playground, path: str) -> None:
    """Paths that lead out of the folder lead nowhere."""
    host, port = "127.0.0.1", int(playground.api.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 404")


async def test_unknown_routes_are_named_in_the_log(
    person: Rest, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord may well have them, so they are 501; another version of its API, it hasn't."""
    with caplog.at_level(logging.WARNING):
        answer = await person.ask("GET", "/guilds/1/audit-logs")
    missing = "The playground has no GET /guilds/1/audit-logs"
    assert (answer.status, answer.data) == (501, {"message": missing, "code": 0})
    assert (await person.ask("DELETE", "/users/@me")).status == 501
    async with Rest(playground.api.replace("v10", "v9"), playground.user_token) as other:
        old = await other.ask("GET", "/users/@me")
    assert (old.status, old.data["code"]) == (400, 50041)
    assert "/api/v10" in old.data["message"]
    assert answer.headers["Content-Type"] == "application/json"
    assert "/guilds/1/audit-logs" in caplog.text
    assert [one.status for one in playground.faults.requests] == [501, 501, 400]


async def test_without_a_token_nothing_is_told(playground: Playground) -> None:
    """REST without a login is 401, and as a bot one has to say so."""
    for token in (playground.bot_token, f"Bot {playground.user_token}"):
        async with Rest(playground.api, token) as other:
            assert (await other.ask("GET", "/users/@me")).status == 401
    async with Rest(playground.api, "wrong") as nobody:
        path = f"/channels/{playground.channel_id}/messages"
        for method, body in (("GET", None), ("POST", {"content": "x"})):
            answer = await nobody.ask(method, path, body)
            assert (answer.status, answer.data["message"]) == (401, "401: Unauthorized")


async def test_uploads_never_run_in_the_browser(person: Rest, playground: Playground) -> None:
    """A web page as an attachment is a download, in a sandbox."""
    message = await person.say(playground.channel_id, "", ("a.html", b"<script>alert(1)</script>"))
    async with (
        aiohttp.ClientSession() as session,
        session.get(message["attachments"][0]["url"]) as response,
    ):
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.content_type == "text/html"


async def test_bad_bodies_are_refused(person: Rest, playground: Playground) -> None:
    """What is no JSON object is 400, whatever it claims to be."""
    path = f"{playground.api}/channels/{playground.channel_id}/messages"
    for kind, data in (
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data", b""),
    ):
        async with person._session.post(path, data=data, headers={"Content-Type": kind}) as answer:
            assert answer.status == 400, (kind, data)


async def test_a_taken_port_is_an_error(playground: Playground) -> None:
    """A second server on the same port does not start."""
    port = int(playground.api.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="address already in use"):
        async with Playground(port=port):
            pass


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (b"GIF89a\x30\x00\x20\x00", (48, 32)),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x2f\0\0\x1f\0\0", (48, 32)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc2\x00\x11\x08\x00\x20\x00\x30", (48, 32)),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30", (30000, 30000)),
        (b"\xff\xd8\xff\xe0\x00\x04ab", None),
        (b"\xff\xd8" + b"\xff" * 100, None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None),
        (b"no picture", None),
        (b"", None),
    ],
)
def test_sizes_are_read_from_headers(header: bytes, size: tuple[int, int] | None) -> None:
    """PNG, JPEG, GIF and WebP; what is cut short has no size."""
    assert media.dimensions(header) == size


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("lossless", [True, False])
def test_sizes_agree_with_pillow(form: str, lossless: bool) -> None:
    """What Pillow writes, the header reader measures alike."""
    file = io.BytesIO()
    options = {"lossless": lossless} if form == "WEBP" else {}
    Image.new("RGB", (201, 77), (9, 99, 199)).save(file, form, **options)
    assert media.dimensions(file.getvalue()) == (201, 77)


def test_names_are_made_safe() -> None:
    """Folders, spaces and odd characters go; something always stays."""
    names = ["a b.png", "../../etc/passwd", "ünï.png", "???", "C:\\x\\y.gif", "SPOILER_a.png"]
    safe = [media.safe_name(name) for name in names]
    assert safe == ["a_b.png", "passwd", "n.png", "unknown", "y.gif", "SPOILER_a.png"]


def test_drawn_avatars_are_pictures() -> None:
    """Pillow reads the avatar, which is the same for the same name."""
    with Image.open(io.BytesIO(media.avatar("ann"))) as picture:
        picture.load()
        assert picture.size == (128, 128)
    assert media.avatar("ann") == media.avatar("ann") != media.avatar("bob")
