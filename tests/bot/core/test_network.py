"""The one way out: which proxy an address is reached by, and what is said of a certificate."""

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.core.network import Connector, proxy_for, reason
from tests.bot.pictures.test_fetch import picture, site
from tests.proxy import Authority, Proxy, behind_tls


@pytest.mark.parametrize(
    ("url", "settings", "proxy"),
    [
        ("https://a.example/", {}, None),
        (
            "https://a.example/",
            {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:2"},
            "http://p:1",
        ),
        (
            "http://a.example/",
            {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:2"},
            "http://q:2",
        ),
        ("wss://a.example/", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("ws://a.example/", {"https_proxy": "http://p:1"}, None),
        ("https://a.example/", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        (
            "https://a.example/",
            {"ALL_PROXY": "http://p:1", "https_proxy": "http://q:2"},
            "http://q:2",
        ),
        ("https://a.example/", {"HTTPS_PROXY": "p:1"}, "http://p:1"),
        (
            "https://a.example/",
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b.example"},
            "http://p:1",
        ),
        ("https://a.example/", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example"}, None),
        ("https://a.example/", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example:443"}, None),
        ("https://a.example/", {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, None),
        ("http://localhost:8080/", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://127.0.0.1:8080/", {"HTTP_PROXY": "http://p:1"}, None),
        ("http://[::1]:8080/", {"HTTP_PROXY": "http://p:1"}, None),
    ],
)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, settings: dict[str, str], proxy: str | None
) -> None:
    """A gateway's is that of web pages; NO_PROXY and this machine itself have none."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(URL(url))
    assert (str(found) if found else None) == proxy


@pytest.mark.parametrize("login", ["ann:secret", "ann:wrong"])
async def test_the_password_is_for_the_proxy_alone(
    monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    """It is asked with the password of its address, and the site never sees it."""
    seen: list[str] = []

    async def page(request: web.Request) -> web.Response:
        seen.extend(request.headers)
        return await picture(request)

    async with site(page, "127.0.0.1") as url:
        proxy = Proxy({"a.example": int(url.rpartition(":")[2])}, login="ann:secret")
        async with proxy.serving() as address, aiohttp.ClientSession(connector=Connector()) as asks:
            monkeypatch.setenv("HTTP_PROXY", address.replace("//", f"//{login}@"))
            async with asks.get("http://a.example/") as answer:
                assert answer.status == (200 if login == "ann:secret" else 407)
    assert "Authorization" not in seen


async def test_a_proxy_that_bobby_does_not_speak_to_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Desktops set one for everything; without it Bobby may still have a way out."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    async with (
        site(picture, "127.0.0.1") as url,
        aiohttp.ClientSession(connector=Connector()) as session,
        session.get(url.replace("127.0.0.1", "0.0.0.0")) as answer,
    ):
        assert answer.status == 200


async def test_a_certificate_that_nobody_knows_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The tunnel is there, and the site at its end can't prove who it is."""
    context = Authority(tmp_path_factory.mktemp("ca")).context("a.example")
    async with (
        site(picture, "127.0.0.1") as url,
        behind_tls(int(url.rpartition(":")[2]), context) as port,
        (proxy := Proxy({"a.example": port})).serving() as address,
        aiohttp.ClientSession(connector=Connector()) as session,
    ):
        monkeypatch.setenv("HTTPS_PROXY", address)
        with pytest.raises(aiohttp.ClientConnectorCertificateError) as caught:
            await session.get("https://a.example/")
    assert proxy.asked == ["a.example:443"]
    told = reason(caught.value)
    assert told.startswith("the certificate of a.example isn't trusted: ")
    assert "SSL_CERT_FILE" in told
