"""`/settings` and `/forget`: what holds in one server, who says so, and that it can be undone."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from msgspec.structs import replace

from bot.app.command_sync import published
from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import Channel, Guild
from bot.playground.model.state import Event
from bot.storage.guild_settings import DEFAULTS, MOST_CHANNELS
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import page_of
from tests.playground.clients import Page, eventually

COMMAND, AUTOCOMPLETE = 2, 4
SUBCOMMAND, STRING, INTEGER, BOOLEAN, CHANNEL, ATTACHMENT = 1, 3, 4, 5, 7, 11
EPHEMERAL = 64
KINDS = {str: STRING, bool: BOOLEAN, int: INTEGER}
GRAY = ("grey.png", pictures.plain("grey"))

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A server of the test's own, with two channels, a manager and a member."""

    env: Env
    guild: Guild
    channel: Channel
    other: Channel
    manager: ChatUser
    member: ChatUser

    @asynccontextmanager
    async def page(self, user: ChatUser) -> AsyncIterator[Page]:
        """Connect somebody to the gateway, as the chat page would."""
        async with page_of(self.env.playground, user.person) as page:
            yield page

    async def use(self, user: ChatUser, of: str, part: str | None = None, /, **options: Any) -> Any:
        """Use a slash command, and return the answer; a file is attached to it."""
        files = [value for value in options.values() if isinstance(value, tuple)]
        given = [_option(key, value, files) for key, value in options.items()]
        if part:
            given = [{"name": part, "type": SUBCOMMAND, "options": given}]
        async with self.page(user) as page:
            command = await page.command(of, self.channel.id)
            named = [{"id": str(n), "filename": name} for n, (name, _) in enumerate(files)]
            data = {**command, "options": given, "attachments": named}
            answer = await page.interact(COMMAND, data, channel_id=user.channel_id, files=files)
            assert answer.status == 204, answer.data
            await eventually(lambda: any(_is_settled(m) for m in _messages(page)))
            return next(m for m in reversed(_messages(page)) if _is_settled(m))


def _option(name: str, value: Any, files: list[Any]) -> dict[str, Any]:
    if value in files:
        return {"name": name, "type": ATTACHMENT, "value": str(files.index(value))}
    if isinstance(value, Channel):
        return {"name": name, "type": CHANNEL, "value": str(value.id)}
    return {"name": name, "type": KINDS[type(value)], "value": value}


def _messages(page: Page) -> list[dict[str, Any]]:
    return [*page.heard("MESSAGE_CREATE"), *page.heard("MESSAGE_UPDATE")]


def _is_settled(message: dict[str, Any]) -> bool:
    return not message.get("flags", 0) & 128


@pytest_asyncio.fixture(loop_scope="package")
async def server(env: Env) -> AsyncIterator[Server]:
    """Return a server of the test's own."""
    world = env.playground.world
    number = next(_numbers)
    guild = world.add_guild(f"server {number}")
    channel, other = (world.add_channel(name, guild=guild) for name in ("bots", "chat"))
    people = [world.add_person(f"{kind}{number}", guild=guild) for kind in ("boss", "member")]
    world.give_role(people[0], world.add_role("managers", PermissionBits.MANAGE_GUILD, guild=guild))
    await eventually(lambda: env.bot.get_channel(other.id) is not None)
    async with (
        ChatUser(env.playground, people[0], channel.id) as manager,
        ChatUser(env.playground, people[1], channel.id) as member,
    ):
        yield Server(env, guild, channel, other, manager, member)


async def test_what_holds_is_shown_to_managers_alone(server: Server) -> None:
    """For their eyes only; anybody else reads who may."""
    shown = await server.use(server.manager, "settings", "show")
    assert shown["flags"] & EPHEMERAL
    assert "Classifier resnet101 (default)" in said(shown)
    assert "Channels all" in said(shown)
    for part in ("show", "model", "channels", "language", "limit", "export", "reset"):
        refused = await server.use(server.member, "settings", part)
        assert "You need the **Manage Server** permission to do that." in said(refused), part
        assert refused["flags"] & EPHEMERAL, part


async def test_discord_shows_settings_to_managers_in_servers(env: Env) -> None:
    """Nobody else finds the command; what is a server's is offered in no direct message."""
    there = {one["name"]: one for one in await published(env.bot)}
    assert there["settings"]["default_member_permissions"] == str(PermissionBits.MANAGE_GUILD.value)
    for name in ("settings", "teach", "taught", "unteach"):
        assert there[name]["contexts"] == [0], name
    assert there["settings"]["integration_types"] == [0]
    assert there["forget"]["contexts"] != [0]


async def test_a_server_has_a_classifier_of_its_own(server: Server) -> None:
    """It answers when nobody names one, there and nowhere else; an unknown one is refused."""
    shown = await server.use(server.manager, "settings", "model", name="AlexNet")
    assert "Classifier alexnet" in said(shown)
    answer = await server.member.ask("!classify", GRAY)
    assert "alexnet isn't installed here" in said(answer)
    named = await server.member.ask("!classify efficientnet_lite0", GRAY)
    assert "alexnet" not in said(named)
    refused = await server.use(server.manager, "settings", "model", name="alexnot")
    assert "I know no such classifier" in said(refused)
    assert refused["flags"] & EPHEMERAL
    other = await server.use(server.manager, "settings", "model", name="horse2zebra")
    assert "I know no such classifier" in said(other)
    assert server.env.bot.store.servers.get(server.guild.id).model == "alexnet"
    assert "Classifier resnet101" in said(await server.use(server.manager, "settings", "model"))


async def test_bobby_answers_in_the_channels_that_are_named(server: Server) -> None:
    """Elsewhere it is silent to a message, and says where to a slash command; threads count."""
    await server.use(server.manager, "settings", "channels", add=server.other)
    refused = await server.use(server.member, "help")
    assert refused["flags"] & EPHEMERAL
    assert f"I only answer in <#{server.other.id}>" in said(refused)
    unheard = await server.member.say("!help")
    thread = server.env.playground.world.add_thread(server.other, "a thread")
    for place in (server.other, thread):
        heard = await server.member.ask("!help", channel_id=place.id)
        assert "What I can do" in said(heard)
    assert server.member.replies(unheard) == []
    shown = await server.use(server.manager, "settings", "channels", everywhere=True)
    assert "Channels all" in said(shown)
    assert "What I can do" in said(await server.member.ask("!help"))


async def test_channels_are_added_and_removed(server: Server) -> None:
    """One after the other, up to the most there may be; the last one's end is everywhere."""
    store = server.env.bot.store.servers
    many = tuple(10**18 + n for n in range(MOST_CHANNELS - 1))
    await store.change(server.guild.id, lambda now: replace(now, channels=many))
    added = await server.use(server.manager, "settings", "channels", add=server.channel)
    assert f"Channels {MOST_CHANNELS}" in said(added)
    assert store.get(server.guild.id).channels == (*many, server.channel.id)
    changed = await server.use(
        server.manager, "settings", "channels", add=server.other, everywhere=True
    )
    assert f"Only active in: <#{server.other.id}>\n" in said(changed)
    removed = await server.use(server.manager, "settings", "channels", remove=server.other)
    assert "Channels all" in said(removed)


async def test_a_classifiers_name_completes(server: Server) -> None:
    """Classifiers alone, those that are ready first."""
    for typed, first in (("", "efficientnet_lite0"), ("resnet10", "resnet101"), ("zebra", None)):
        option = {"name": "name", "type": STRING, "value": typed, "focused": True}
        async with server.page(server.manager) as page:
            command = await page.command("settings", server.channel.id)
            data = {**command, "options": [{"name": "model", "type": SUBCOMMAND}]}
            data["options"][0]["options"] = [option]
            await page.interact(AUTOCOMPLETE, data, channel_id=server.channel.id)
            offered = await page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
        assert [one["value"] for one in offered["choices"]][:1] == ([first] if first else [])


async def test_names_complete_where_bobby_does_not_answer(server: Server) -> None:
    """Nothing can be said while somebody types; what they send off is refused."""
    await server.use(server.manager, "settings", "channels", add=server.other)
    typed = {"name": "model", "type": STRING, "value": "resnet10", "focused": True}
    async with server.page(server.member) as page:
        data = {**await page.command("classify", server.channel.id), "options": [typed]}
        await page.interact(AUTOCOMPLETE, data, channel_id=server.channel.id)
        offered = await page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
    assert offered["choices"][0]["value"] == "resnet101"
    refused = await server.use(server.member, "classify")
    assert f"I only answer in <#{server.other.id}>" in said(refused)


async def test_as_many_channels_as_may_be_named_are_shown(server: Server) -> None:
    """All of them; one more is refused, and nothing changes."""
    store, guild = server.env.bot.store.servers, server.guild
    many = tuple(10**18 + n for n in range(MOST_CHANNELS))
    await store.change(guild.id, lambda now: replace(now, channels=many))
    shown = await server.use(server.manager, "settings", "show")
    assert all(f"<#{channel}>" in said(shown) for channel in many)
    refused = await server.use(server.manager, "settings", "channels", add=server.other)
    assert f"The limit is {MOST_CHANNELS} channels" in said(refused)
    assert store.get(guild.id).channels == many
    sent_off = await server.use(server.member, "help")
    assert f"<#{many[-1]}>." in said(sent_off)


async def test_a_server_limits_what_each_person_asks_at_once(server: Server) -> None:
    """The refusal names the number; no server goes beyond the operator's."""
    await server.use(server.manager, "settings", "limit", pictures=1)
    answer = await server.member.ask("!classify", GRAY, GRAY)
    assert "You already have 1 picture in the queue" in said(answer)
    shown = await server.use(server.manager, "settings", "limit", pictures=1000)
    assert "Queue limit per person 40" in said(shown)
    assert server.env.bot.store.servers.get(server.guild.id).per_person == 1000
    shown = await server.use(server.manager, "settings", "limit")
    assert "Queue limit per person 40" in said(shown)
    assert server.env.bot.store.servers.get(server.guild.id) == DEFAULTS


async def test_all_that_is_kept_can_be_had_and_deleted(server: Server) -> None:
    """As a file, for the manager's eyes; then nothing is left."""
    await server.use(server.manager, "settings", "teachers", everyone=True)
    exported = await server.use(server.manager, "settings", "export")
    assert exported["flags"] & EPHEMERAL
    async with server.page(server.manager) as page:
        status, file = await page.rest.fetch(exported["attachments"][0]["url"])
    assert status == 200
    assert json.loads(file)["settings"] == {"teachers": "everyone"}
    deleted = await server.use(server.manager, "settings", "reset")
    assert deleted["flags"] & EPHEMERAL
    assert "Done. I deleted 1 record." in said(deleted)
    assert server.env.bot.store.servers.get(server.guild.id) == DEFAULTS
    again = await server.use(server.manager, "settings", "reset")
    assert "Nothing to delete. I had nothing stored." in said(again)


async def test_an_outage_deletes_nothing(server: Server) -> None:
    """Discord then says that a server is gone, too, but as one that is coming back."""
    await server.use(server.manager, "settings", "limit", pictures=3)
    world, bot = server.env.playground.world, server.env.bot
    gone = {"id": str(server.guild.id), "unavailable": True}
    world.publish(Event("GUILD_DELETE", gone, to=(world.bot,)))
    here = bot.get_guild(server.guild.id)
    assert here is not None
    await eventually(lambda: here.unavailable)
    await bot.on_ready()  # as after a restart during the outage
    assert bot.store.servers.get(server.guild.id).per_person == 3


async def test_leaving_a_server_deletes_what_is_kept_of_it(server: Server) -> None:
    """At once."""
    await server.use(server.manager, "settings", "limit", pictures=3)
    store, playground = server.env.bot.store, server.env.playground
    assert server.guild.id in store.servers.known
    playground.world.leave(server.guild, playground.world.bot)
    await eventually(lambda: server.guild.id not in store.servers.known)
