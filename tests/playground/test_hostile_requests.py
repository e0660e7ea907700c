"""Requests that no client makes by accident are refused, and told apart from faults of ours."""

import io
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from bot.playground.server import Playground


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Playground, str, dict[str, str]]]:
    """Return a playground, the address of a channel's messages, and who may post there."""
    async with Playground() as playground:
        person = await playground.new_person("ann")
        channel = playground.world.add_channel("room")
        address = f"{playground.api}/channels/{channel.id}/messages"
        yield playground, address, {"Authorization": person.token}


@pytest.mark.parametrize(
    "body",
    [b"[" * 600_000, b'{"a":' * 600_000, b'{"content": ' + b"9" * 4_400 + b"}", b"\xff", b"[]"],
    ids=["list", "object", "number", "bytes", "no-object"],
)
async def test_what_is_no_json_object_is_a_bad_request(
    server: tuple[Playground, str, dict[str, str]], body: bytes
) -> None:
    """However deep or long it is."""
    _, address, who = server
    headers = who | {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=io.BytesIO(body), headers=headers) as answer,
    ):
        assert answer.status == 400
        assert isinstance((await answer.json())["code"], int)


@pytest.mark.parametrize("body", [b"{", b"{}", b"[1]", b"[" * 600_000])
async def test_what_is_no_list_of_objects_is_a_bad_request(
    server: tuple[Playground, str, dict[str, str]], body: bytes
) -> None:
    """Where commands are published."""
    playground, _, _ = server
    address = f"{playground.api}/applications/{playground.application_id}/commands"
    headers = {
        "Authorization": f"Bot {playground.bot_token}",
        "Content-Type": "application/json",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.put(address, data=io.BytesIO(body), headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_a_part_with_endless_headers_is_a_bad_request(
    server: tuple[Playground, str, dict[str, str]],
) -> None:
    """It is not read to its end."""
    _, address, who = server
    lines = b"".join(b"X-%d: 1\r\n" % number for number in range(300_000))
    body = (
        b"--edge\r\nContent-Disposition: form-data; name=a\r\n" + lines + b"\r\nb\r\n--edge--\r\n"
    )
    headers = who | {"Content-Type": "multipart/form-data; boundary=edge"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=io.BytesIO(body), headers=headers) as answer,
    ):
        assert answer.status == 400


async def test_a_page_file_of_no_name_is_not_found(
    server: tuple[Playground, str, dict[str, str]],
) -> None:
    """Nothing outside of the page's folder either."""
    playground, _, _ = server
    host = playground.api.removesuffix("/api/v10")
    async with aiohttp.ClientSession() as session:
        for name in ("app.js%00.html", "%2e%2e/server.py", "%00"):
            async with session.get(f"{host}/page/{name}") as answer:
                assert answer.status == 404
