"""Threads, conversations, channels and servers: what is made of them, and who is told."""

from typing import Any

import discord

from bot.playground.model.permissions import P
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest


async def test_a_thread_begins_at_a_message(page: Page, playground: Playground) -> None:
    """The message carries it from then on, and the thread's first message points back."""
    channel = playground.channel_id
    start = await page.rest.say(channel, "see here")
    path = f"/channels/{channel}/messages/{start['id']}"
    thread = (await page.rest.ask("POST", f"{path}/threads", {"name": "cats"})).data
    assert thread["member"]["user_id"] == thread["owner_id"] == str(playground.world.owner.id)
    assert (thread["parent_id"], thread["type"], thread["member_count"]) == (str(channel), 11, 1)
    told = await page.event("THREAD_CREATE")
    assert (told["id"], told["newly_created"]) == (start["id"], True)
    updated = await page.event("MESSAGE_UPDATE")
    assert updated["flags"] == 1 << 5
    assert updated["thread"]["name"] == "cats"
    assert updated["edited_timestamp"] is None
    (first,) = (await page.rest.ask("GET", f"/channels/{thread['id']}/messages")).data
    assert (first["type"], first["content"]) == (21, "")
    assert first["referenced_message"]["content"] == "see here"
    assert first["message_reference"]["message_id"] == start["id"]


async def test_a_public_thread_is_announced_and_a_private_one_is_not(
    page: Page, playground: Playground
) -> None:
    """The channel gets a message that names it; without a kind, a thread is private."""
    channel = f"/channels/{playground.channel_id}"
    for body, kind in (({"type": 11}, 11), ({"type": 12}, 12), ({}, 12)):
        made = await page.rest.ask("POST", f"{channel}/threads", {"name": "cats", **body})
        assert (made.status, made.data["type"], made.data["name"]) == (201, kind, "cats")
    (message,) = (await page.rest.ask("GET", f"{channel}/messages")).data
    assert (message["type"], message["content"]) == (18, "cats")
    first = page.heard("THREAD_CREATE")[0]["id"]
    assert message["message_reference"]["channel_id"] == first


async def test_a_thread_has_a_name_and_a_place(person: Rest, playground: Playground) -> None:
    """1 to 100 characters; no thread begins inside of one, nor in a conversation."""
    world = playground.world
    message = await person.say(world.channel.id, "x")
    channel = f"/channels/{world.channel.id}"
    for name in ("", "x" * 101, None, 5):
        for path in (f"{channel}/threads", f"{channel}/messages/{message['id']}/threads"):
            assert (await person.ask("POST", path, {"name": name})).data["code"] == 50035
    assert world.guild.threads == {}
    long = await person.ask("POST", f"{channel}/threads", {"name": "x" * 100})
    assert long.status == 201
    assert (await person.ask("POST", f"{channel}/threads", {"name": "x", "type": 5})).status == 400
    inside = await person.say(long.data["id"], "x")
    thread = f"/channels/{long.data['id']}"
    for path in (f"{thread}/threads", f"{thread}/messages/{inside['id']}/threads"):
        assert (await person.ask("POST", path, {"name": "x"})).data["code"] == 50024
    for method in ("PUT", "DELETE"):
        answer = await person.ask(method, f"{channel}/thread-members/@me")
        assert answer.data["code"] == 50024


async def test_members_of_a_thread(bot_rest: Rest, page: Page, playground: Playground) -> None:
    """Who writes in it has joined; one joins once, and leaves."""
    world = playground.world
    thread = world.add_thread(world.channel, "thread")
    members = f"/channels/{thread.id}/thread-members/@me"
    active = f"/guilds/{playground.guild_id}/threads/active"
    await bot_rest.say(thread.id, "x")
    for method, joined in (("PUT", True), ("DELETE", False), ("PUT", True)):
        assert (await bot_rest.ask(method, members)).status == 204
        assert (world.bot.id in thread.members) == joined
        listed = (await bot_rest.ask("GET", active)).data
        assert [one["id"] for one in listed["threads"]] == [str(thread.id)]
        assert [one["user_id"] for one in listed["members"]] == [str(world.bot.id)] * joined
    since = thread.members[world.bot.id]
    await bot_rest.say(thread.id, "y")
    await bot_rest.ask("PUT", members)
    assert thread.members[world.bot.id] == since
    assert world.bot.id in thread.members


async def test_only_open_threads_that_one_sees_are_active(
    bot_rest: Rest, playground: Playground
) -> None:
    """Archived ones and those below a hidden channel are left out."""
    world = playground.world
    hidden = world.add_channel("hidden")
    threads = [world.add_thread(world.channel, name) for name in ("open", "old")]
    world.add_thread(hidden, "secret")
    world.set_overwrite(hidden, world.bot, deny=P.VIEW_CHANNEL)
    threads[1].archived = True
    listed = await bot_rest.ask("GET", f"/guilds/{playground.guild_id}/threads/active")
    assert [one["name"] for one in listed.data["threads"]] == ["open"]
    async with Page(playground, playground.user_token, bot_rest) as page:
        created = await page.event("GUILD_CREATE")
    assert {one["name"] for one in created["threads"]} == {"open", "secret"}


async def test_an_archived_thread_comes_back_by_a_message(
    page: Page, playground: Playground
) -> None:
    """Everyone is told; reactions and edits are refused as long as it is archived."""
    world = playground.world
    thread = world.add_thread(world.channel, "thread")
    message = await page.rest.say(thread.id, "x")
    thread.archived = True
    path = f"/channels/{thread.id}/messages/{message['id']}"
    assert (await page.rest.ask("PUT", f"{path}/reactions/👍/@me")).data["code"] == 50083
    assert (await page.rest.ask("PATCH", path, {"content": "y"})).data["code"] == 50083
    await page.rest.say(thread.id, "z")
    told = await page.event("THREAD_UPDATE")
    assert (told["thread_metadata"]["archived"], told["message_count"]) == (False, 2)
    await page.rest.say(thread.id, "z")
    await page.event("MESSAGE_CREATE", 3)
    assert len(page.heard("THREAD_UPDATE")) == 1
    await page.rest.ask("DELETE", f"/channels/{thread.id}")
    assert (await page.event("THREAD_DELETE"))["id"] == str(thread.id)
    assert (await page.rest.ask("GET", path)).data["code"] == 10003
    assert world.guild.threads == {}


async def test_no_channel_has_an_age_limit(bot: EchoBot, playground: Playground) -> None:
    """As discord.py understands it."""
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    assert not channel.is_nsfw()


async def test_a_channel_is_changed_as_far_as_is_named(page: Page, playground: Playground) -> None:
    """Name, topic and slow mode, each alone; a channel is neither archived nor locked."""
    channel = playground.world.channel
    path = f"/channels/{channel.id}"
    topic = channel.topic
    changes: list[dict[str, Any]] = [
        {"rate_limit_per_user": 5},
        {"name": "cats"},
        {"topic": None, "archived": True, "locked": True},
    ]
    shown = [(await page.rest.ask("PATCH", path, change)).data for change in changes]
    seen = [(one["name"], one["topic"], one["rate_limit_per_user"]) for one in shown]
    assert seen == [("pictures", topic, 5), ("cats", topic, 5), ("cats", None, 5)]
    assert (await page.event("CHANNEL_UPDATE", 3))["topic"] is None
    assert (channel.archived, channel.locked) == (False, False)
    gone = await page.rest.ask("DELETE", path)
    assert gone.data["id"] == str(channel.id)
    assert (await page.event("CHANNEL_DELETE"))["id"] == str(channel.id)
    guild = (await page.rest.ask("GET", f"/guilds/{playground.guild_id}/channels")).data
    assert guild == []


async def test_slow_mode_is_each_persons_own(bot_rest: Rest, playground: Playground) -> None:
    """One waits for oneself alone; bots and those who manage channel or messages do not wait."""
    world = playground.world
    ann, bob = [await playground.new_person(name) for name in ("ann", "bob")]
    world.channel.slow_mode = 60
    path = f"/channels/{playground.channel_id}/messages"
    async with Rest(playground.api, ann.token) as hers, Rest(playground.api, bob.token) as his:
        for client, statuses in ((hers, [200, 429]), (his, [200, 429]), (bot_rest, [200, 200])):
            for status in statuses:
                answer = await client.ask("POST", path, {"content": "x"})
                assert answer.status == status, answer.data
        assert answer.headers.get("Retry-After") is None
        refused = await his.ask("POST", path, {"content": "x"})
        assert float(refused.headers["Retry-After"]) == refused.data["retry_after"] > 50
        world.channel.spoke_at[ann.id] -= 60
        assert (await hers.ask("POST", path, {"content": "x"})).status == 200
        for right in (P.MANAGE_MESSAGES, P.MANAGE_CHANNELS):
            assert (await his.ask("POST", path, {"content": "x"})).status == 429
            world.set_overwrite(world.channel, bob, allow=right)
            assert (await his.ask("POST", path, {"content": "x"})).status == 200
            world.set_overwrite(world.channel, bob)


async def test_a_conversation_is_opened_once(
    page: Page, bot_rest: Rest, playground: Playground
) -> None:
    """Both ends have the same one; each sees the other; closing it takes nothing away."""
    world = playground.world
    body = {"recipient_id": str(world.bot.id)}
    first = (await page.rest.ask("POST", "/users/@me/channels", body)).data
    assert (await page.event("CHANNEL_CREATE"))["id"] == first["id"]
    back = {"recipient_id": str(world.owner.id)}
    second = (await bot_rest.ask("POST", "/users/@me/channels", back)).data
    assert (first["id"], first["type"]) == (second["id"], 1)
    assert [one["recipients"][0]["username"] for one in (first, second)] == ["Bobby", "you"]
    path = f"/channels/{first['id']}"
    shown = (await bot_rest.ask("GET", path)).data
    assert [one["username"] for one in shown["recipients"]] == ["you"]
    assert (await page.rest.ask("PATCH", path, {"name": "x"})).data["code"] == 50024
    assert (await page.rest.ask("DELETE", path)).data["id"] == first["id"]
    assert (await page.rest.ask("GET", path)).status == 200
    listed = (await page.rest.ask("GET", "/users/@me/channels")).data
    assert [one["id"] for one in listed] == [first["id"]]
    for client, wanted in (
        (page.rest, world.owner.id),
        (page.rest, 1),
        (page.rest, "x"),
        (page.rest, None),
    ):
        answer = await client.ask("POST", "/users/@me/channels", {"recipient_id": wanted})
        assert answer.data["code"] == 50035
    robot = world.add_person("robot", bot=True)
    body = {"recipient_id": str(robot.id)}
    assert (await bot_rest.ask("POST", "/users/@me/channels", body)).data["code"] == 50007
    assert (await page.rest.ask("POST", "/users/@me/channels", body)).status == 200


async def test_whom_a_bot_may_write_to(bot_rest: Rest, playground: Playground) -> None:
    """People it shares a server with, and those who have installed it; who left is out of reach."""
    world = playground.world
    stranger = world.add_stranger("stranger")
    dm = world.open_dm(world.bot, stranger)
    path = f"/channels/{dm.id}/messages"

    async def code() -> Any:
        return (await bot_rest.ask("POST", path, {"content": "x"})).data.get("code")

    assert await code() == 50007
    world.application.installed_by.add(stranger.id)
    assert await code() is None
    world.application.installed_by.clear()
    world.join(world.guild, stranger)
    assert await code() is None
    world.bot.accepts_dms = False
    assert await code() is None
    world.leave(world.guild, world.bot)
    assert await code() == 50007
    async with Rest(playground.api, stranger.token) as theirs:
        assert (await theirs.ask("POST", path, {"content": "x"})).data["code"] == 50007


async def test_members_are_listed_by_id(bot_rest: Rest, playground: Playground) -> None:
    """One at a time unless asked for more, after the id given, up to a thousand."""
    people = [playground.world.add_person(name) for name in ("ann", "bob")]
    path = f"/guilds/{playground.guild_id}/members"

    async def names(query: str) -> list[str]:
        return [one["user"]["username"] for one in (await bot_rest.ask("GET", path + query)).data]

    assert await names("") == ["you"]
    assert await names("?limit=1000") == ["you", "Bobby", "ann", "bob"]
    assert await names(f"?limit=2&after={playground.bot_user_id}") == ["ann", "bob"]
    assert await names(f"?limit=1&after={people[0].id}") == ["bob"]
    for wrong in ("limit=0", "limit=1001", "limit=x", "after=x"):
        assert (await bot_rest.ask("GET", f"{path}?{wrong}")).data["code"] == 50035
    one = (await bot_rest.ask("GET", f"{path}/{people[1].id}")).data
    assert (one["user"]["username"], one["nick"], one["roles"]) == ("bob", None, [])


async def test_a_server_is_shown_to_its_members(bot_rest: Rest, playground: Playground) -> None:
    """Its counts only on request, its roles, emoji and stickers; strangers get 50001."""
    world = playground.world
    role = world.add_role("cats", P.MANAGE_MESSAGES)
    world.give_role(world.bot, role)
    emoji = world.add_emoji("cat", world.bot.avatar, animated=True)
    sticker = world.add_sticker("wave", world.bot.avatar)
    world.guild.tier = 2
    path = f"/guilds/{playground.guild_id}"
    plain = (await bot_rest.ask("GET", path)).data
    counted = (await bot_rest.ask("GET", f"{path}?with_counts=true")).data
    assert "approximate_member_count" not in plain
    assert counted["approximate_member_count"] == 2
    assert (plain["owner_id"], plain["premium_tier"]) == (str(world.owner.id), 2)
    roles = (await bot_rest.ask("GET", f"{path}/roles")).data
    assert roles == plain["roles"]
    seen = [(one["name"], one["permissions"], one["position"]) for one in roles[1:]]
    assert seen == [("cats", str(int(P.MANAGE_MESSAGES)), 1)]
    assert roles[0]["id"] == str(playground.guild_id)
    (shown,) = (await bot_rest.ask("GET", f"{path}/emojis")).data
    assert (shown["id"], shown["animated"]) == (str(emoji.id), True)
    assert (await bot_rest.ask("GET", f"{path}/stickers/{sticker.id}")).data["name"] == "wave"
    missing = await bot_rest.ask("GET", f"{path}/stickers/1")
    assert (missing.status, missing.data["code"]) == (404, 10060)
    me = (await bot_rest.ask("GET", f"{path}/members/{world.bot.id}")).data
    assert me["roles"] == [str(role.id)]
    elsewhere = world.add_guild("elsewhere", with_bot=False)
    for route in ("", "/channels", "/members", "/roles", "/threads/active", "/emojis"):
        answer = await bot_rest.ask("GET", f"/guilds/{elsewhere.id}{route}")
        assert answer.data["code"] == 50001, route
