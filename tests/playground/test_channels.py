"""Threads, conversations, channels and servers: what is made of them, and who is told."""

from typing import Any

import discord

from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest


async def test_a_thread_begins_at_a_message(page: Page, playground: Playground) -> None:
    """The message carries it from then on, and the thread's first message points back."""
    channel = playground.channel_id
    start = await page.rest.say(channel, "see here")
    world = playground.world
    thread = playground.posting.begin_thread(world.channel.messages[int(start["id"])], "cats")
    told = await page.event("THREAD_CREATE")
    assert (told["id"], told["newly_created"]) == (start["id"], True)
    assert (told["parent_id"], told["type"]) == (str(channel), 11)
    assert told["owner_id"] == str(world.owner.id)
    updated = await page.event("MESSAGE_UPDATE")
    assert updated["flags"] == 1 << 5
    assert updated["thread"]["name"] == "cats"
    assert updated["edited_timestamp"] is None
    (first,) = (await page.rest.ask("GET", f"/channels/{thread.id}/messages")).data
    assert (first["type"], first["content"]) == (21, "")
    assert first["referenced_message"]["content"] == "see here"
    assert first["message_reference"]["message_id"] == start["id"]


async def test_only_open_threads_that_one_sees_are_active(
    person: Rest, playground: Playground
) -> None:
    """Archived ones and those below a hidden channel are left out."""
    world = playground.world
    hidden = world.add_channel("hidden")
    threads = [world.add_thread(world.channel, name) for name in ("open", "old")]
    world.add_thread(hidden, "secret")
    ann = world.add_person("ann")
    world.set_overwrite(hidden, ann, deny=PermissionBits.VIEW_CHANNEL)
    threads[1].archived = True
    for token, names in ((ann.token, {"open"}), (playground.user_token, {"open", "secret"})):
        async with Page(playground, token, person) as page:
            created = await page.event("GUILD_CREATE")
        assert {one["name"] for one in created["threads"]} == names


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
    world.remove_channel(thread)
    assert (await page.event("THREAD_DELETE"))["id"] == str(thread.id)
    assert (await page.rest.ask("GET", path)).data["code"] == 10003
    assert world.guild.threads == {}


async def test_no_channel_has_an_age_limit(bot: EchoBot, playground: Playground) -> None:
    """As discord.py understands it."""
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    assert not channel.is_nsfw()


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
        assert int(refused.headers["Retry-After"]) - refused.data["retry_after"] < 1
        assert refused.data["retry_after"] > 50
        world.channel.spoke_at[ann.id] -= 60
        assert (await hers.ask("POST", path, {"content": "x"})).status == 200
        for right in (PermissionBits.MANAGE_MESSAGES, PermissionBits.MANAGE_CHANNELS):
            assert (await his.ask("POST", path, {"content": "x"})).status == 429
            world.set_overwrite(world.channel, bob, allow=right)
            assert (await his.ask("POST", path, {"content": "x"})).status == 200
            world.set_overwrite(world.channel, bob)


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


async def test_a_conversation_is_opened_once(page: Page, playground: Playground) -> None:
    """Both ends have the same one; people are told at once whom they have there."""
    world = playground.world
    dm = world.open_dm(world.owner, world.bot)
    assert world.open_dm(world.bot, world.owner) is dm
    told = await page.event("CHANNEL_CREATE")
    assert (told["id"], told["type"]) == (str(dm.id), 1)
    assert [one["username"] for one in told["recipients"]] == ["Bobby"]
    for wanted, status in ((world.bot.id, 200), (world.owner.id, 400), (1, 400)):
        body = {"recipient_id": str(wanted)}
        answer = await page.rest.ask("POST", "/users/@me/channels", body)
        assert answer.status == status


async def test_a_member_is_shown_to_fellow_members(bot_rest: Rest, playground: Playground) -> None:
    """With their roles; strangers to the server get 50001."""
    world = playground.world
    role = world.add_role("cats", PermissionBits.MANAGE_MESSAGES)
    world.give_role(world.owner, role)
    path = f"/guilds/{{}}/members/{world.owner.id}"
    shown = (await bot_rest.ask("GET", path.format(playground.guild_id))).data
    assert (shown["user"]["username"], shown["roles"]) == ("you", [str(role.id)])
    elsewhere = world.add_guild("elsewhere", with_bot=False)
    assert (await bot_rest.ask("GET", path.format(elsewhere.id))).data["code"] == 50001
