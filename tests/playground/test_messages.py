"""Messages as discord.py understands them: edits, forwards, threads, history, reactions, DMs."""

import io

import discord
import pytest

from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, eventually


def text_channel(bot: EchoBot, playground: Playground) -> discord.TextChannel:
    """Return the first channel, as the bot knows it."""
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_person_adds_the_forgotten_picture(
    bot: EchoBot, person: Rest, playground: Playground
) -> None:
    """An edit may bring a file, and what it does not name stays."""
    picture = playground.world.owner.avatar
    message = await person.say(playground.channel_id, "!classify")
    path = f"/channels/{playground.channel_id}/messages/{message['id']}"
    edited = (await person.ask("PATCH", path, {}, files=[("a.png", picture)])).data
    assert edited["content"] == "!classify"
    assert edited["edited_timestamp"]
    both = (await person.ask("PATCH", path, {"content": "!zebra"}, files=[("b.png", b"x")])).data
    assert [file["filename"] for file in both["attachments"]] == ["a.png", "b.png"]
    keep = {"attachments": [{"id": both["attachments"][1]["id"], "description": "b"}]}
    kept = (await person.ask("PATCH", path, keep)).data
    assert [file["description"] for file in kept["attachments"]] == ["b"]
    seen = await text_channel(bot, playground).fetch_message(int(message["id"]))
    assert seen.content == "!zebra"
    assert await seen.attachments[0].read() == b"x"


async def test_the_bot_edits_its_own_message(bot: EchoBot, playground: Playground) -> None:
    """discord.py replaces a file and an embed that shows it."""
    channel = text_channel(bot, playground)
    embed = discord.Embed(title="one").set_image(url="attachment://a.png")
    picture = playground.world.bot.avatar
    message = await channel.send(embed=embed, file=discord.File(io.BytesIO(picture), "a.png"))
    other = discord.Embed(title="two").set_image(url="attachment://b.png")
    other_file = discord.File(io.BytesIO(playground.world.owner.avatar), "b.png")
    edited = await message.edit(embed=other, attachments=[other_file])
    url = edited.embeds[0].image.url
    assert url is not None
    assert await bot.http.get_from_cdn(url) == playground.world.owner.avatar
    await edited.edit(content="bare", embed=None, attachments=[])
    await edited.delete()
    with pytest.raises(discord.NotFound):
        await channel.fetch_message(message.id)


async def test_a_deleted_message_is_told(
    bot: EchoBot, person: Rest, playground: Playground
) -> None:
    """The bot hears that a message is gone, and a reply to it fails as on Discord."""
    message = await person.say(playground.channel_id, "look")
    heard = await bot.hear()
    deleted = bot.wait_for("message_delete", timeout=5)
    path = f"/channels/{playground.channel_id}/messages/{message['id']}"
    await person.ask("DELETE", path)
    assert (await deleted).id == heard.id
    with pytest.raises(discord.HTTPException) as caught:
        await heard.reply("too late")
    assert caught.value.code == 50035
    reference = heard.to_reference(fail_if_not_exists=False)
    sent = await heard.channel.send("anyway", reference=reference)
    assert sent.content == "anyway"


async def test_a_forward_carries_a_snapshot(
    bot: EchoBot, person: Rest, playground: Playground
) -> None:
    """What was forwarded is in the message, with links that work, also when it came from a DM."""
    picture = playground.world.owner.avatar
    dm = playground.world.open_dm(playground.world.owner, await playground.new_person("ann"))
    original = await person.say(dm.id, "a cat", ("cat.png", picture))
    reference = {"type": 1, "channel_id": str(dm.id), "message_id": original["id"]}
    await person.say(playground.channel_id, "", message_reference=reference)
    (snapshot,) = (await bot.hear()).message_snapshots
    assert snapshot.content == "a cat"
    assert await snapshot.attachments[0].read() == picture


async def test_a_thread_from_a_message(bot: EchoBot, person: Rest, playground: Playground) -> None:
    """A thread begun at a message is known to discord.py, which answers in it."""
    start = await person.say(playground.channel_id, "see here")
    message = playground.world.channel.messages[int(start["id"])]
    thread = playground.posting.begin_thread(message, "cats")
    assert thread.id == message.id
    while not isinstance((await bot.hear()).channel, discord.Thread):
        pass
    await person.say(thread.id, "!ping")
    await eventually(lambda: [m.content for m in thread.messages.values()][-1] == "pong")


async def test_history_in_every_direction(bot: EchoBot, playground: Playground) -> None:
    """Before, after and limits give what discord.py expects."""
    channel = text_channel(bot, playground)
    sent = [await channel.send(str(number)) for number in range(9)]
    newest = [m.content async for m in channel.history(limit=3)]
    before = [m.content async for m in channel.history(limit=2, before=sent[4])]
    after = [m.content async for m in channel.history(limit=2, after=sent[4])]
    assert newest == ["8", "7", "6"]
    assert before == ["3", "2"]
    assert after == ["5", "6"]


async def test_reactions(bot: EchoBot, page: Page, playground: Playground) -> None:
    """Reactions are counted, told and taken back."""
    channel = text_channel(bot, playground)
    message = await channel.send("nice?")
    await message.add_reaction("👍")
    event = await page.event("MESSAGE_REACTION_ADD")
    assert event["emoji"] == {"id": None, "name": "👍"}
    await page.rest.ask(
        "PUT", f"/channels/{channel.id}/messages/{message.id}/reactions/%F0%9F%91%8D/@me"
    )
    fetched = await channel.fetch_message(message.id)
    assert [(r.count, r.me) for r in fetched.reactions] == [(2, True)]
    assert bot.user is not None
    await fetched.remove_reaction("👍", bot.user)
    await page.event("MESSAGE_REACTION_REMOVE")
    again = (await page.rest.ask("GET", f"/channels/{channel.id}/messages/{message.id}")).data
    assert [(r["count"], r["me"]) for r in again["reactions"]] == [(1, True)]


async def test_spoilers_are_marked(bot: EchoBot, person: Rest, playground: Playground) -> None:
    """By the prefix or by the flag: both are seen as spoilers."""
    entry = {"id": "0", "filename": "a.png", "is_spoiler": True}
    picture = playground.world.owner.avatar
    await person.say(playground.channel_id, "", ("a.png", picture), attachments=[entry])
    await person.say(playground.channel_id, "", ("SPOILER_b.png", picture))
    for _ in range(2):
        (attachment,) = (await bot.hear()).attachments
        assert attachment.is_spoiler()
        assert attachment.flags.value & 8


async def test_stickers_are_files(bot: EchoBot, person: Rest, playground: Playground) -> None:
    """A sticker can be read where discord.py looks for it."""
    picture = playground.world.owner.avatar
    sticker = playground.world.add_sticker("wave", picture)
    await person.say(playground.channel_id, "", sticker_ids=[str(sticker.id)])
    message = await bot.hear()
    assert await message.stickers[0].read() == picture


async def test_direct_messages(bot: EchoBot, page: Page, playground: Playground) -> None:
    """A person writes in a conversation, and is answered there."""
    dm = playground.world.open_dm(playground.world.owner, playground.world.bot)
    await page.rest.say(dm.id, "!ping")
    assert isinstance((await bot.hear()).channel, discord.DMChannel)
    answer = await page.event("MESSAGE_CREATE", 2)
    assert (answer["content"], answer["channel_id"]) == ("pong", str(dm.id))
    assert "guild_id" not in answer


async def test_a_channel_or_guild_may_go(bot: EchoBot, playground: Playground) -> None:
    """The bot learns of it, and gets 10003 or 50001 for what it still tries."""
    world = playground.world
    doomed = world.add_channel("doomed")
    other = world.add_guild("other")
    there = world.add_channel("there", guild=other)
    await eventually(lambda: bot.get_channel(there.id))
    channels = [bot.get_partial_messageable(one.id) for one in (doomed, there)]
    world.remove_channel(doomed)
    world.leave(other, world.bot)
    codes = []
    for channel in channels:
        with pytest.raises(discord.HTTPException) as caught:
            await channel.send("x")
        codes.append(caught.value.code)
    assert codes == [10003, 50001]
    await eventually(lambda: not bot.get_channel(doomed.id) and not bot.get_guild(other.id))


async def test_a_poll_has_its_answers(bot: EchoBot, person: Rest, playground: Playground) -> None:
    """Numbered, each with its emoji; a message may be nothing else."""
    answers = [
        {"poll_media": {"text": "yes", "emoji": {"id": "123456789012345678", "name": "dog"}}},
        {"poll_media": {"text": "no"}},
    ]
    poll = {"question": {"text": "Which?"}, "answers": answers}
    message = await person.say(playground.channel_id, "", poll=poll)
    seen = await text_channel(bot, playground).fetch_message(int(message["id"]))
    assert seen.poll
    assert [(one.id, one.text) for one in seen.poll.answers] == [(1, "yes"), (2, "no")]
    assert seen.poll.answers[0].emoji
    assert seen.poll.answers[0].emoji.id == 123456789012345678


async def test_a_channel_is_fetched(bot: EchoBot, playground: Playground) -> None:
    """As the gateway told of it."""
    known = text_channel(bot, playground)
    fetched = await bot.fetch_channel(playground.channel_id)
    assert isinstance(fetched, discord.TextChannel)
    assert (fetched.name, fetched.guild) == (known.name, known.guild)


async def test_a_number_of_messages_is_one(person: Rest, playground: Playground) -> None:
    """From 1 to 100."""
    path = f"/channels/{playground.channel_id}/messages"
    codes = {"abc": "NUMBER_TYPE_COERCE", "0": "NUMBER_TYPE_MIN", "101": "NUMBER_TYPE_MAX"}
    for limit, code in codes.items():
        refused = await person.ask("GET", f"{path}?limit={limit}")
        assert refused.data["errors"]["limit"]["_errors"][0]["code"] == code
    assert (await person.ask("GET", f"{path}?limit=100")).status == 200
