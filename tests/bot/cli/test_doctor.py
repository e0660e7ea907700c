"""What `bobby doctor` finds: each thing right, and each wrong with what to do."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import run_on_discord
from bot.cli import doctor
from bot.cli.doctor import Check, findings, run_checks
from bot.core.settings import Settings
from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from models.jobs.control import Ready
from tests.bot.conftest import Desk, card
from tests.bot.library.publisher import Publisher, mute
from tests.playground.clients import eventually

CARDS = (card("here", ready=True), card("there"), card("away", ready=True))
INTENT = "Message Content Intent"
APPROVED, LIMITED = 1 << 18, 1 << 19


@pytest_asyncio.fixture
async def playground() -> AsyncIterator[Playground]:
    """Run a playground of the test's own."""
    async with Playground() as playground:
        yield playground


@pytest.fixture
def healthy(desk: Desk) -> Desk:
    """Return a desk with a worker whose default model is here."""
    desk.ready = Ready(device="cuda:1", default="here", models=CARDS)
    return desk


def settings_of(desk: Desk, **fields: Any) -> Settings:
    """Return settings with which all is well but Discord."""
    known: dict[str, Any] = {
        "default_model": "here",
        "cache": desk.folder / "w",
        "data": desk.folder / "d",
    }
    return Settings(_env_file=None, **(known | fields))


def door(playground: Playground) -> dict[str, str]:
    """Return the settings that lead to `playground`."""
    return {"DISCORD_TOKEN": playground.bot_token, "api_url": playground.api}


async def found(settings: Settings, **environment: str) -> dict[str, Check]:
    """Return all findings by name, in their order."""
    return {one.name: one async for one in findings(settings, environment)}


async def test_everything_is_looked_at_in_order(healthy: Desk, playground: Playground) -> None:
    """The machine, the worker, Discord; where nothing is wrong, there is nothing to do."""
    seen = await found(settings_of(healthy, **door(playground)))
    machine = ["Python", "Weights folder", "Data folder"]
    memory = ["Memory"] if sys.platform == "linux" else []
    guild = playground.world.guild.name
    assert seen["Slash commands"].seen == "none yet, `bobby run` publishes them"
    ways = ["Proxy", "Certificates"]
    names = [*machine, *memory, *ways, "Worker", "Weights", "Words in pictures", "Token"]
    names += [INTENT, "Reach", "Logins", "Slash commands"]
    assert list(seen) == [*names, f"Server “{guild}”", "Invite link"]
    assert [one.wrong for one in seen.values()] == [None] * len(seen)
    assert seen["Worker"].seen == "running on cuda:1 (float32)"
    assert seen["Weights"].seen == "2 of 3 models installed, including here"
    assert seen["Token"].seen == f"valid (bot user {playground.world.bot.name})"
    assert seen["Logins"].seen == "1000 left today"
    assert f"client_id={playground.application_id}&" in seen["Invite link"].seen


async def test_a_setting_that_is_none(healthy: Desk) -> None:
    """The nearest is offered, if any is near; real settings and other programs' are left alone."""
    environment = {"BOBBY_PREFIX": "?", "BOBBY_CACHE": "/", "PERFIX": "?", "DISCORD_TOKEN": "x"}
    slips = {"BOBBY_ZZZZZZ": "1", "BOBBY_PERFIX": "?"}
    told = [one async for one in findings(settings_of(healthy), environment | slips)]
    wrong = {one.seen: one.wrong for one in told if one.name == "Setting"}
    assert wrong == {
        "BOBBY_PERFIX isn't a known setting": "Did you mean BOBBY_PREFIX?",
        "BOBBY_ZZZZZZ isn't a known setting": "Remove it. See .env.example for all settings.",
    }


async def test_folders_without_room(healthy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not there yet is where it will be made; the setting is named."""
    monkeypatch.setattr(doctor, "LEAST_DISK", 2**70)
    seen = await found(settings_of(healthy))
    for name, folder, setting in (("Weights", "w", "BOBBY_CACHE"), ("Data", "d", "BOBBY_DATA")):
        finding = seen[f"{name} folder"]
        assert finding.seen.startswith(f"{healthy.folder / folder}, ")
        assert finding.seen.endswith(" GiB free")
        assert finding.wrong == (f"Free up space, or set {setting} to a folder on another disk.")


@pytest.mark.parametrize(("free", "fits"), [(1.9, False), (2.1, True)])
async def test_a_disk_has_room_for_a_few_models(
    healthy: Desk, monkeypatch: pytest.MonkeyPatch, free: float, *, fits: bool
) -> None:
    """Two GiB are enough."""
    usage = SimpleNamespace(free=int(free * 2**30))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    seen = await found(settings_of(healthy))
    assert (seen["Data folder"].wrong is None) is fits


async def test_a_file_is_no_folder(healthy: Desk) -> None:
    """Nothing can be made in its place, nor below it."""
    healthy.file("d")
    seen = await found(settings_of(healthy, cache=healthy.folder / "d" / "weights"))
    for name, setting in (("Weights folder", "BOBBY_CACHE"), ("Data folder", "BOBBY_DATA")):
        wrong = f"Bobby can't write there. Set {setting} to another folder."
        assert seen[name].wrong == wrong


@pytest.mark.skipif(sys.platform != "linux", reason="It reads memory as Linux tells it.")
async def test_too_little_memory(healthy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is free of what there is."""
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 2**70)
    memory = (await found(settings_of(healthy)))["Memory"]
    assert memory.wrong is not None
    free, whole = memory.seen.removesuffix(" GiB free").split(" of ")
    assert 0 < float(free) <= float(whole)


@pytest.mark.parametrize(
    ("proxy", "seen", "well"),
    [
        ("", "none for discord.com", True),
        ("http://ann:secret@proxy:3128", "http://proxy:3128 for discord.com", True),
        ("socks5://proxy:1080", "socks5://proxy:1080 for discord.com", False),
    ],
)
async def test_the_proxy(
    healthy: Desk, monkeypatch: pytest.MonkeyPatch, proxy: str, seen: str, *, well: bool
) -> None:
    """The one for Discord, without its password; one that Bobby can't use is wrong."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    finding = (await found(settings_of(healthy)))["Proxy"]
    assert finding.seen == seen
    assert (finding.wrong is None) == well


async def test_the_certificates(healthy: Desk) -> None:
    """The file is named; one that is missing or is none would be ignored without a word."""
    system = (await found(settings_of(healthy)))["Certificates"]
    assert (system.seen, system.wrong) == ("this system's own", None)
    for file in (healthy.folder / "missing.pem", healthy.file("no.pem")):
        seen = (await found(settings_of(healthy), SSL_CERT_FILE=str(file)))["Certificates"]
        assert str(file) in seen.seen
        assert seen.wrong is not None


async def test_a_model_that_stands_in(healthy: Desk) -> None:
    """The default that was set is not here: how to have it."""
    weights = (await found(settings_of(healthy, default_model="there")))["Weights"]
    assert weights.seen == "2 of 3 models installed"
    assert weights.wrong == (
        "The default model there isn't installed, so Bobby uses here."
        " To install it: `bobby fetch there`"
    )


async def test_a_worker_that_can_not_start(broken: Desk) -> None:
    """Its reason; of the weights nothing is known then, and Discord is looked at nevertheless."""
    seen = await found(settings_of(broken))
    assert seen["Worker"].seen == "it does not start"
    assert (seen["Worker"].wrong or "").endswith("There are no weights here.")
    assert "Weights" not in seen
    assert "Token" in seen


async def test_without_a_token(healthy: Desk) -> None:
    """How to get one is the last word."""
    *_, token = (await found(settings_of(healthy))).values()
    assert (token.name, token.seen) == ("Token", "not set")
    assert "Reset Token" in (token.wrong or "")


async def test_a_token_that_is_refused(healthy: Desk, playground: Playground) -> None:
    """Nothing else is asked of Discord then."""
    settings = settings_of(healthy, **(door(playground) | {"DISCORD_TOKEN": "MTIz.abc.def"}))
    *_, token = (await found(settings)).values()
    assert (token.name, token.seen) == ("Token", "rejected by Discord")
    assert "Reset Token" in (token.wrong or "")
    assert "MTIz" not in str(token)


@pytest.mark.parametrize("route", ["/users/@me", "/gateway/bot"])
async def test_discord_in_trouble(healthy: Desk, playground: Playground, route: str) -> None:
    """A 500, sooner or later, is told as what it is."""
    playground.faults.answer("GET", route, 500)
    *_, trouble = (await found(settings_of(healthy, **door(playground)))).values()
    assert trouble.name == "Discord"
    assert trouble.seen.startswith(f"{playground.api} can't be reached (500")
    assert "BOBBY_API_URL" in (trouble.wrong or "")


async def test_discord_that_says_nothing(healthy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for any longer than is granted."""
    monkeypatch.setattr(doctor, "SECONDS", 0.1)
    async with Publisher(manners={"users/@me": [mute]}) as silent:
        settings = settings_of(healthy, DISCORD_TOKEN="x", api_url=silent.url)
        *_, trouble = (await found(settings)).values()
    assert trouble.name == "Discord"
    assert trouble.seen == f"{silent.url} can't be reached (TimeoutError)"
    assert trouble.wrong is not None


@pytest.mark.parametrize(
    ("flags", "held"), [(APPROVED, True), (LIMITED, True), (1 << 17 | 1 << 20, False)]
)
@pytest.mark.parametrize("wanted", ["auto", "on", "off"])
async def test_the_intent(
    healthy: Desk, playground: Playground, flags: int, held: bool, wanted: str
) -> None:
    """A large bot's counts as a small one's; only who insists on it is told where the switch is."""
    order = playground.faults.answer(
        "GET", "/applications/@me", 200, extra={"id": "77", "flags": flags}
    )
    settings = settings_of(healthy, message_content=wanted, **door(playground))
    intent = (await found(settings))[INTENT]
    assert order.left == 0
    told = "not used" if wanted == "off" else "enabled" if held else "disabled"
    assert intent.seen.startswith(told)
    assert (intent.wrong is None) == (held or wanted != "on")
    if intent.wrong:
        assert "applications/77/bot" in intent.wrong
        assert "client_id=77&" in intent.wrong


@pytest.mark.parametrize(
    ("members", "flags", "wanted", "told"),
    [
        (4_999, LIMITED, "auto", "nothing"),
        (5_000, LIMITED, "auto", "seen"),
        (10_000, LIMITED, "auto", "seen"),
        (10_001, LIMITED, "auto", "wrong"),
        (10_001, LIMITED, "off", "nothing"),
        (10_001, APPROVED, "auto", "seen"),
        (10_001, 0, "auto", "seen"),
    ],
)
async def test_how_near_the_review_is(
    healthy: Desk, members: int, flags: int, wanted: str, told: str
) -> None:
    """All servers count, on however many pages; something is to be done above ten thousand."""
    full = [{"id": str(n), "approximate_member_count": 0} for n in range(1, 200)]
    full.append({"id": "200", "approximate_member_count": members - 20})
    servers = {"": full, "200": [{"id": "201", "approximate_member_count": 20}]}
    facts: dict[str, Any] = {
        "users/@me": {"username": "bobby"},
        "applications/@me": {"id": "77", "flags": flags},
        "gateway/bot": {"session_start_limit": {"remaining": 1}},
    }
    slow = [True]

    async def say(_: Publisher, request: web.Request, _body: bytes) -> web.Response:
        return web.json_response(facts[request.match_info["name"]])

    async def count(_: Publisher, request: web.Request, _body: bytes) -> web.Response:
        if slow.pop():
            slow.extend([False, False])
            return web.Response(status=429, headers={"Retry-After": "0.01"})
        assert request.query["with_counts"] == "true"
        page = servers[request.query.get("after", "")]
        return web.json_response([{"name": "Zoo", "permissions": "8"} | one for one in page])

    manners: dict[str, Any] = {name: [say] for name in facts}
    manners["users/@me/guilds"] = [count] * 3
    async with Publisher(manners=manners) as discord:
        where = {"DISCORD_TOKEN": "x", "api_url": discord.url, "message_content": wanted}
        reach = (await found(settings_of(healthy, **where)))["Reach"]
    assert reach.seen.startswith(f"about {members:,} members (servers: 201)")
    assert ("90 days" in reach.seen) is (told == "seen")
    assert (reach.wrong is not None) is (told == "wrong")


@pytest.mark.parametrize("left", [0, 1])
async def test_logins(healthy: Desk, playground: Playground, left: int) -> None:
    """The last one is still a login."""
    limit = {"session_start_limit": {"remaining": left}}
    playground.faults.answer("GET", "/gateway/bot", 200, extra=limit)
    logins = (await found(settings_of(healthy, **door(playground))))["Logins"]
    assert logins.seen == f"{left} left today"
    assert (logins.wrong is None) == (left > 0)


async def test_slash_commands(healthy: Desk, playground: Playground) -> None:
    """Those that a Bobby has published are right; what is missing, too many or another is named."""
    settings = settings_of(healthy, **door(playground))
    service = asyncio.create_task(run_on_discord(settings))
    application = playground.world.application
    await eventually(lambda: application.commands)
    known = application.commands
    os.kill(os.getpid(), signal.SIGTERM)
    await service
    point_discord_at(DISCORD)
    commands = (await found(settings))["Slash commands"]
    assert (commands.seen, commands.wrong) == (f"{len(known)} published", None)
    by_name = {one.body["name"]: one for one in known.values()}
    by_name["status"].body["description"] = "Another."
    by_name["help"].body["name"] = "old"
    commands = (await found(settings))["Slash commands"]
    assert commands.seen == "not up to date: help, old, status"
    assert "200 new commands a day" in (commands.wrong or "")


async def test_a_list_of_repositories_that_can_not_be_read(
    healthy: Desk, playground: Playground
) -> None:
    """It is named, and the rest is looked at."""
    (healthy.folder / "hub.toml").write_text("[")
    seen = await found(settings_of(healthy, **door(playground)))
    assert "hub.toml can't be read" in (seen["Slash commands"].wrong or "")
    assert seen["Invite link"].wrong is None


async def test_a_server_of_many(healthy: Desk, playground: Playground) -> None:
    """Each has a finding; what Bobby lacks there is named as Discord names it."""
    world = playground.world
    everyone = world.guild.roles[world.guild.id]
    world.set_role(
        everyone,
        PermissionBits(everyone.permissions)
        & ~(PermissionBits.ATTACH_FILES | PermissionBits.EMBED_LINKS),
    )
    guild = world.add_guild("Zoo")
    seen = await found(settings_of(healthy, **door(playground)))
    lacking = seen[f"Server “{world.guild.name}”"]
    assert lacking.seen == "missing Embed Links, Attach Files"
    assert "permissions" in (lacking.wrong or "")
    assert seen[f"Server “{guild.name}”"].wrong is None


async def test_an_administrator_may_everything(healthy: Desk) -> None:
    """Discord tells that one permission and none of those that it stands for."""
    told: dict[str, Any] = {
        "users/@me": {"username": "bobby"},
        "applications/@me": {"id": "77", "flags": 0},
        "gateway/bot": {"session_start_limit": {"remaining": 1}},
        "applications/77/commands": [],
        "users/@me/guilds": [
            {"name": "Zoo", "permissions": str(PermissionBits.ADMINISTRATOR.value)},
            {"name": "Circus", "permissions": "0"},
        ],
    }

    async def say(_: Publisher, request: web.Request, _body: bytes) -> web.Response:
        return web.json_response(told[request.match_info["name"]])

    async with Publisher(manners={name: [say] for name in told}) as discord:
        seen = await found(settings_of(healthy, DISCORD_TOKEN="x", api_url=discord.url))
    assert seen["Server “Zoo”"].wrong is None
    assert seen["Server “Circus”"].wrong is not None


async def test_one_wrong_thing_is_not_well(
    healthy: Desk, playground: Playground, capsys: pytest.CaptureFixture[str]
) -> None:
    """However much after it is right; programs read what is seen and what to do of each."""
    settings = settings_of(healthy, **door(playground))
    assert await run_checks(settings, as_json=True) is True
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {tuple(line) for line in lines} == {("name", "seen", "wrong")}
    assert {line["wrong"] for line in lines} == {None}
    assert await run_checks(
        settings.model_copy(update={"default_model": "there"}), as_json=False
    ) is (False)
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("ok     Invite link: ")


def test_people_read_what_to_do_below(healthy: Desk) -> None:
    """Each line of it stands apart from the findings; one thing wrong makes the status 1."""
    run = healthy.run("doctor", BOBBY_DEFAULT_MODEL="here", BOBBY_PERFIX="?")
    assert run.exit_code == 1
    lines = run.stdout.splitlines()
    assert lines[0].startswith("ok     Python: ")
    slip = lines.index("WRONG  Setting: BOBBY_PERFIX isn't a known setting")
    assert lines[slip + 1] == "       Did you mean BOBBY_PREFIX?"
    token = lines.index("WRONG  Token: not set")
    assert all(line.startswith("       ") for line in lines[token + 1 :])
    assert len(lines[token + 1 :]) > 4
