"""Discord's rules, each with the error that breaks it."""

import io
import random
from typing import Any

import discord
import pytest

from bot.playground.model.permissions import EVERYONE, PermissionBits, in_channel
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, eventually


def embed(**parts: Any) -> dict[str, Any]:
    """Return a message of one embed."""
    return {"embeds": [parts]}


def button(custom_id: str) -> dict[str, Any]:
    """Return a button."""
    return {"type": 2, "style": 1, "label": "x", "custom_id": custom_id}


def row(*components: dict[str, Any]) -> dict[str, Any]:
    """Return a message of one row of components."""
    return {"content": "x", "components": [{"type": 1, "components": list(components)}]}


OPTIONS = [{"label": str(n), "value": str(n)} for n in range(26)]
TOO_MUCH: list[tuple[dict[str, Any], str]] = [
    ({"content": "x" * 2001}, "content"),
    (embed(title="x" * 257), "embeds.0.title"),
    (embed(description="x" * 4097), "embeds.0.description"),
    (embed(title="x", footer={"text": "x" * 2049}), "embeds.0.footer.text"),
    (embed(fields=[{"name": "x", "value": "x"}] * 26), "embeds.0.fields"),
    (embed(fields=[{"name": "x" * 257, "value": "x"}]), "embeds.0.fields.0.name"),
    (embed(fields=[{"name": "x", "value": "x" * 1025}]), "embeds.0.fields.0.value"),
    (embed(fields=[{"name": "x", "value": ""}]), "embeds.0.fields.0.value"),
    ({"embeds": [{"description": "x" * 3500}] * 2}, "embeds"),
    ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    (embed(image={"url": "file:///etc/passwd"}), "embeds.0.image.url"),
    (embed(title="x", url="http://["), "embeds.0.url"),
    (embed(title="x", url="attachment://a.png"), "embeds.0.url"),
    (embed(thumbnail={"url": "https://a..b/x.png"}), "embeds.0.thumbnail.url"),
    (embed(author={"name": "x", "url": "javascript:alert(1)"}), "embeds.0.author.url"),
    (embed(author={"name": "x", "icon_url": "http://a:99999/"}), "embeds.0.author.icon_url"),
    (embed(footer={"text": "x", "icon_url": "http://"}), "embeds.0.footer.icon_url"),
    (row(button("")), "components.0.components.0.custom_id"),
    (row(button("x" * 101)), "components.0.components.0.custom_id"),
    (row(button("a"), button("a")), "components.0.components.1.custom_id"),
    (row(*[button(str(n)) for n in range(6)]), "components.0.components"),
    (row({"type": 3, "custom_id": "a", "options": OPTIONS}), "components.0.components.0.options"),
    ({"content": 5}, "content"),
    ({"embeds": ["x"]}, "embeds.0"),
    (embed(image={"url": 1}), "embeds.0.image.url"),
    ({"components": [{"type": 1, "components": [{}]}]}, "components.0.components.0.type"),
    ({"content": "x", "message_reference": {"message_id": "1"}}, "message_reference"),
    (
        {"content": "x", "message_reference": {"message_id": "first"}},
        "message_reference.message_id",
    ),
    ({"content": "x", "sticker_ids": ["1"]}, "sticker_ids"),
]


@pytest.mark.parametrize(("body", "field"), TOO_MUCH, ids=[f for _, f in TOO_MUCH])
async def test_an_invalid_form_names_its_field(
    bot_rest: Rest, playground: Playground, body: dict[str, Any], field: str
) -> None:
    """What is too long, too many or of the wrong kind gets 50035 at its place in the tree."""
    answer = await bot_rest.ask("POST", f"/channels/{playground.channel_id}/messages", body)
    assert (answer.status, answer.data["code"]) == (400, 50035)
    node = answer.data["errors"]
    for part in field.split("."):
        node = node[part]
    assert node["_errors"][0]["code"]
    assert playground.world.channel.messages == {}


NO_ADDRESSES = [
    "",
    "no address",
    "//elsewhere.example/a.png",
    "ftp://elsewhere.example/a.png",
    "http://[",
    "http://[::g]/",
    "http://elsewhere.example:99999/a.png",
    "http://elsewhere.example:port/",
    "http://a..b/",
    "http://-a.example/",
    "http://300.1.1.1/",
    "http:///a.png",
    "http://elsewhere.example/a b.png",
    f"http://{'x' * 64}.example/",
    f"http://elsewhere.example/{'x' * 2048}",
    "attachment://",
]
ADDRESSES = [
    "https://elsewhere.example/a.png?x=%20#y",
    "http://127.0.0.1:8080/attachments/1/2/a.png",
    "http://[::1]:8080/",
    "HTTP://localhost/",
    "https://bücher.example/",
    "https://a_b.elsewhere.example./",
    "attachment://a.png",
]


@pytest.mark.parametrize("address", NO_ADDRESSES + ADDRESSES)
async def test_a_picture_has_a_well_formed_address(
    bot_rest: Rest, playground: Playground, address: str
) -> None:
    """Discord refuses what is no address; nobody looks whether a picture is there."""
    path = f"/channels/{playground.channel_id}/messages"
    answer = await bot_rest.ask("POST", path, embed(image={"url": address}))
    if address in ADDRESSES:
        assert answer.status == 200
        assert answer.data["embeds"][0]["image"]["url"] == address
    else:
        assert (answer.status, answer.data["code"]) == (400, 50035)
        assert answer.data["errors"]["embeds"]["0"]["image"]["url"]["_errors"][0]["message"]


@pytest.mark.parametrize("longest", [embed(title="x" * 256), {"content": "x" * 2000}])
async def test_exactly_the_limit_is_fine(
    bot_rest: Rest, playground: Playground, longest: dict[str, Any]
) -> None:
    """The limits themselves are allowed."""
    answer = await bot_rest.ask("POST", f"/channels/{playground.channel_id}/messages", longest)
    assert answer.status == 200


async def test_files_have_limits(person: Rest, playground: Playground) -> None:
    """A file too large, too many of them, and alt text too long."""
    playground.world.upload_limit = 1000
    path = f"/channels/{playground.channel_id}/messages"
    fits = await person.ask("POST", path, {}, files=[("a.bin", b"x" * 1000)])
    large = await person.ask("POST", path, {}, files=[("a.bin", b"x" * 1001)])
    many = await person.ask("POST", path, {}, files=[("a.txt", b"x")] * 11)
    entry = {"id": "0", "description": "x" * 1025}
    long = await person.ask("POST", path, {"attachments": [entry]}, files=[("a.txt", b"x")])
    codes = [answer.data.get("code") for answer in (fits, large, many, long)]
    assert codes == [None, 40005, 50035, 50035]
    assert large.status == 413


async def test_discord_py_sees_413(bot: EchoBot, playground: Playground) -> None:
    """A file of several megabytes over the limit is answered, not cut off."""
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    file = discord.File(io.BytesIO(bytes(12 * 1024 * 1024)), "large.bin")
    with pytest.raises(discord.HTTPException) as caught:
        await channel.send(file=file)
    assert (caught.value.status, caught.value.code) == (413, 40005)


@pytest.mark.parametrize("body", [{}, {"content": "  \n"}, {"content": None}, {"embeds": []}])
async def test_an_empty_message_is_refused(
    person: Rest, playground: Playground, body: dict[str, Any]
) -> None:
    """Nothing but white space is nothing."""
    answer = await person.ask("POST", f"/channels/{playground.channel_id}/messages", body)
    assert answer.data["code"] == 50006


Case = tuple[PermissionBits, dict[str, Any], list[tuple[str, bytes]] | None, int]
DENIALS: list[Case] = [
    (PermissionBits.VIEW_CHANNEL, {"content": "x"}, None, 50001),
    (PermissionBits.SEND_MESSAGES, {"content": "x"}, None, 50013),
    (PermissionBits.EMBED_LINKS, {"embeds": [{"title": "x"}]}, None, 50013),
    (PermissionBits.ATTACH_FILES, {}, [("a.txt", b"x")], 50013),
    (PermissionBits.READ_MESSAGE_HISTORY, {"content": "x", "message_reference": ...}, None, 160002),
]


@pytest.mark.parametrize("case", DENIALS, ids=[str(denied) for denied, *_ in DENIALS])
async def test_a_missing_permission_has_its_code(
    bot_rest: Rest, person: Rest, playground: Playground, case: Case
) -> None:
    """Overwrites take from the bot what its roles give."""
    denied, body, files, code = case
    world = playground.world
    first = await person.say(playground.channel_id, "x")
    if "message_reference" in body:
        body = body | {"message_reference": {"message_id": first["id"]}}
    path = f"/channels/{playground.channel_id}/messages"
    assert (await bot_rest.ask("POST", path, body, files=files)).status == 200
    world.set_overwrite(world.channel, world.bot, deny=denied)
    assert (await bot_rest.ask("POST", path, body, files=files)).data["code"] == code
    world.set_overwrite(world.channel, world.bot, allow=denied)
    assert (await bot_rest.ask("POST", path, body, files=files)).status == 200


async def test_in_threads_only_the_right_for_threads_counts(
    bot_rest: Rest, playground: Playground
) -> None:
    """Send Messages says nothing in a thread, Send Messages in Threads everything."""
    world = playground.world
    thread = world.add_thread(world.channel, "thread")
    path = f"/channels/{thread.id}/messages"
    everyone = world.guild.roles[world.guild.id]
    world.set_role(everyone, EVERYONE & ~PermissionBits.SEND_MESSAGES)
    assert (await bot_rest.ask("POST", path, {"content": "x"})).status == 200
    world.set_role(everyone, EVERYONE & ~PermissionBits.SEND_MESSAGES_IN_THREADS)
    assert (await bot_rest.ask("POST", path, {"content": "x"})).data["code"] == 50013


async def test_roles_add_up(bot_rest: Rest, playground: Playground) -> None:
    """A role gives what everyone lacks, and an administrator may do anything."""
    world = playground.world
    everyone = world.guild.roles[world.guild.id]
    world.set_role(everyone, PermissionBits.VIEW_CHANNEL)
    path = f"/channels/{playground.channel_id}/messages"
    assert (await bot_rest.ask("POST", path, {"content": "x"})).data["code"] == 50013
    role = world.add_role("speaker", PermissionBits.SEND_MESSAGES)
    world.give_role(world.bot, role)
    assert (await bot_rest.ask("POST", path, {"content": "x"})).status == 200
    world.set_overwrite(world.channel, role, deny=PermissionBits.SEND_MESSAGES)
    assert (await bot_rest.ask("POST", path, {"content": "x"})).data["code"] == 50013
    world.set_role(role, PermissionBits.ADMINISTRATOR)
    assert (await bot_rest.ask("POST", path, {"content": "x"})).status == 200


async def test_discord_py_agrees_on_permissions(bot: EchoBot, playground: Playground) -> None:
    """The library computes from the events what the server computes itself."""
    world = playground.world
    role = world.add_role("quiet", PermissionBits.SEND_MESSAGES)
    world.give_role(world.bot, role)
    world.set_overwrite(
        world.channel, role, deny=PermissionBits.ATTACH_FILES | PermissionBits.EMBED_LINKS
    )
    channel = bot.get_channel(world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await eventually(lambda: not channel.permissions_for(channel.guild.me).attach_files)
    theirs = channel.permissions_for(channel.guild.me)
    ours = in_channel(world.bot, world.channel)
    assert theirs.value & int(EVERYONE) == int(ours & EVERYONE)


async def test_locked_and_archived_threads(bot_rest: Rest, playground: Playground) -> None:
    """A locked thread refuses, an archived one comes back, one that is both stays shut."""
    world = playground.world
    thread = world.add_thread(world.channel, "thread")
    path = f"/channels/{thread.id}/messages"
    own = (await bot_rest.ask("POST", path, {"content": "x"})).data
    thread.locked = True
    assert (await bot_rest.ask("POST", path, {"content": "x"})).data["code"] == 160005
    thread.archived = True
    assert (await bot_rest.ask("POST", path, {"content": "x"})).data["code"] == 50083
    edit = await bot_rest.ask("PATCH", f"{path}/{own['id']}", {"content": "y"})
    assert edit.data["code"] == 50083
    thread.locked = False
    assert (await bot_rest.ask("POST", path, {"content": "x"})).status == 200
    assert not thread.archived


async def test_words_and_slow_mode(playground: Playground) -> None:
    """AutoMod blocks a word, slow mode makes people wait; the owner is free of both."""
    world = playground.world
    world.guild.blocked_words.add("Zebra")
    world.channel.slow_mode = 60
    ann = await playground.new_person("ann")
    path = f"/channels/{playground.channel_id}/messages"
    async with (
        Rest(playground.api, ann.token) as rest,
        Rest(playground.api, playground.user_token) as owner,
    ):
        blocked = await rest.ask("POST", path, {"content": "a zebra!"})
        assert (blocked.status, blocked.data["code"]) == (400, 200000)
        assert (await rest.ask("POST", path, {"content": "a horse"})).status == 200
        slow = await rest.ask("POST", path, {"content": "another"})
        assert (slow.status, slow.data["code"]) == (429, 20016)
        assert 0 < slow.data["retry_after"] <= 60
        for _ in range(2):
            assert (await owner.ask("POST", path, {"content": "zebra"})).status == 200


async def test_direct_messages_can_be_closed(bot_rest: Rest, playground: Playground) -> None:
    """50007 for people who take none, and for those the bot shares nothing with."""
    world = playground.world
    ann = await playground.new_person("ann")
    stranger = world.add_stranger("stranger")
    codes = []
    for person in (ann, stranger):
        path = f"/channels/{world.open_dm(world.bot, person).id}/messages"
        sent = await bot_rest.ask("POST", path, {"content": "x"})
        codes.append(sent.data.get("code"))
    ann.accepts_dms = False
    path = f"/channels/{world.open_dm(world.bot, ann).id}/messages"
    codes.append((await bot_rest.ask("POST", path, {"content": "x"})).data["code"])
    assert codes == [None, 50007, 50007]


async def test_what_is_gone_is_unknown(bot_rest: Rest, playground: Playground) -> None:
    """Channel, guild, message and member each have their code."""
    channel = f"/channels/{playground.channel_id}"
    answers = {
        "/channels/1/messages": 10003,
        "/guilds/1/members/1": 10004,
        f"{channel}/messages/1": 10008,
        f"/guilds/{playground.guild_id}/members/1": 10007,
        f"{channel}/messages/one": 50035,
        f"{channel}/messages?limit=101": 50035,
    }
    found = {path: (await bot_rest.ask("GET", path)).data["code"] for path in answers}
    assert found == answers


async def test_only_authors_edit(person: Rest, bot_rest: Rest, playground: Playground) -> None:
    """Another's text is not to be edited; deleting it takes Manage Messages."""
    message = await person.say(playground.channel_id, "mine")
    path = f"/channels/{playground.channel_id}/messages/{message['id']}"
    assert (await bot_rest.ask("PATCH", path, {"content": "yours"})).data["code"] == 50005
    assert (await bot_rest.ask("DELETE", path)).data["code"] == 50013
    role = playground.world.add_role("moderator", PermissionBits.MANAGE_MESSAGES)
    playground.world.give_role(playground.world.bot, role)
    assert (await bot_rest.ask("PATCH", path, {"content": "yours"})).data["code"] == 50005
    assert (await bot_rest.ask("PATCH", path, {"flags": 4})).status == 200
    assert (await bot_rest.ask("DELETE", path)).status == 204


async def test_allowed_mentions_hold(page: Page, bot_rest: Rest, playground: Playground) -> None:
    """Nobody is mentioned whom the author did not allow; a reply pings unless told not to."""
    world = playground.world
    asked = await page.rest.say(playground.channel_id, "hi")
    path = f"/channels/{playground.channel_id}/messages"
    body: dict[str, Any] = {
        "content": f"@everyone <@{world.owner.id}>",
        "message_reference": {"message_id": asked["id"]},
    }
    loud = (await bot_rest.ask("POST", path, body)).data
    quiet = (await bot_rest.ask("POST", path, {**body, "allowed_mentions": {"parse": []}})).data
    assert loud["mention_everyone"]
    assert [user["username"] for user in loud["mentions"]] == ["you"]
    assert not quiet["mention_everyone"]
    assert quiet["mentions"] == []


async def test_no_body_breaks_the_server(bot_rest: Rest, playground: Playground) -> None:
    """Bodies of wild JSON, the right fields with anything in them, are refused or taken: no 5xx."""
    wild = random.Random(3)
    names = ["content", "embeds", "components", "attachments", "flags", "message_reference"]
    names += ["allowed_mentions", "sticker_ids", "title", "fields", "image", "url", "type", "id"]
    names += ["parse", "users", "message_id", "name", "value", "items", "media", "accessory"]

    def anything(depth: int) -> Any:
        kind = wild.randrange(9 if depth else 6)
        if kind < 6:
            return [None, True, wild.randrange(-5, 20), "x", "attachment://a", 1.5][kind]
        if kind == 6:
            return [anything(depth - 1) for _ in range(wild.randrange(3))]
        return {name: anything(depth - 1) for name in wild.sample(names, wild.randrange(4))}

    path = f"/channels/{playground.channel_id}/messages"
    playground.rates.limit = 1000
    for _ in range(400):
        body = {name: anything(4) for name in wild.sample(names[:8], 3)}
        answer = await bot_rest.ask("POST", path, body)
        assert answer.status < 500, body
