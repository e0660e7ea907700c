"""What is left of messages for a bot that lacks the message content intent, and for whom it is."""

from typing import Any

from bot.playground.gateway.intents import DIRECT_MESSAGES, GUILD_MESSAGES, MESSAGE_CONTENT
from bot.playground.server import Playground
from tests.playground.clients import Page, Rest
from tests.playground.test_sessions import listening

LINK = {"type": 1, "components": [{"type": 2, "style": 5, "label": "x", "url": "http://a/"}]}
PARTS: dict[str, Any] = {"embeds": [{"title": "x"}], "components": [LINK]}


def _parts(message: dict[str, Any]) -> list[bool]:
    """Tell which of the four parts `message` has."""
    return [bool(message[name]) for name in ("content", "embeds", "attachments", "components")]


async def test_what_a_bot_without_the_intent_hears(
    playground: Playground, person: Rest, bot_rest: Rest
) -> None:
    """Nothing of what was said, unless it is addressed, writes itself, or is in a conversation."""
    world, channel = playground.world, playground.channel_id
    ann = await playground.new_person("ann")
    dm = world.open_dm(world.owner, world.bot)
    file = ("a.png", b"x")
    own = await bot_rest.say(channel, "mine", file, **PARTS)
    async with listening(playground, GUILD_MESSAGES | DIRECT_MESSAGES) as wire:
        await wire.events("READY")
        sent = [
            await person.say(channel, f"hello <@{ann.id}>", file, **PARTS),
            await person.say(channel, f"hello <@{world.bot.id}>", file, **PARTS),
            await person.say(dm.id, "hello", file, **PARTS),
            await bot_rest.say(channel, "hello", file, **PARTS),
        ]
        heard = [(await wire.next())["d"] for _ in sent]
        assert [message["id"] for message in heard] == [message["id"] for message in sent]
        assert [_parts(message) for message in heard] == [[False] * 4, *[[True] * 4] * 3]
        path = f"/channels/{channel}/messages/{sent[0]['id']}"
        await person.ask("PATCH", path, {"content": "new"})
        edited = await wire.next()
        assert (edited["t"], edited["d"]["content"]) == ("MESSAGE_UPDATE", "")
        for target, there in ((own, True), (sent[0], False)):
            reply = {"message_reference": {"message_id": target["id"]}}
            await person.say(channel, "reply", **reply, allowed_mentions={"parse": []})
            answer = (await wire.next())["d"]
            assert answer["content"] == ""
            assert _parts(answer["referenced_message"]) == [there] * 4
        await person.say(channel, "reply", message_reference={"message_id": own["id"]})
        assert (await wire.next())["d"]["content"] == "reply"
        forward = {"type": 1, "channel_id": str(channel), "message_id": own["id"]}
        await person.say(channel, "", message_reference=forward)
        (snapshot,) = (await wire.next())["d"]["message_snapshots"]
        assert _parts(snapshot["message"]) == [False] * 4
        assert snapshot["message"]["timestamp"]
    assert world.channel.messages[int(sent[0]["id"])].content == "new"


async def test_with_the_intent_everything_is_heard(playground: Playground, person: Rest) -> None:
    """Content, embeds, files and components."""
    async with listening(playground, GUILD_MESSAGES | MESSAGE_CONTENT) as wire:
        await wire.events("READY")
        await person.say(playground.channel_id, "hello", ("a.png", b"x"), **PARTS)
        assert _parts((await wire.next())["d"]) == [True] * 4


async def test_rest_hides_what_the_gateway_hides() -> None:
    """Where the owner has not switched the intent on, lists and single messages are empty too."""
    async with Playground(message_content=False) as playground:
        world, channel = playground.world, playground.channel_id
        async with (
            Rest(playground.api, playground.user_token) as person,
            Rest(playground.api, f"Bot {playground.bot_token}") as bot,
            Page(playground, playground.user_token, person) as page,
        ):
            plain = await person.say(channel, "secret", ("a.png", b"x"), **PARTS)
            told = await person.say(channel, f"<@{world.bot.id}>", ("a.png", b"x"), **PARTS)
            dm = world.open_dm(world.owner, world.bot)
            direct = await person.say(dm.id, "hello", ("a.png", b"x"), **PARTS)
            for client, hidden in ((bot, True), (person, False)):
                path = f"/channels/{channel}/messages"
                listed = (await client.ask("GET", path)).data
                assert [_parts(one) for one in listed] == [[True] * 4, [not hidden] * 4]
                for message, there in ((plain, not hidden), (told, True)):
                    one = (await client.ask("GET", f"{path}/{message['id']}")).data
                    assert _parts(one) == [there] * 4
                one = (await client.ask("GET", f"/channels/{dm.id}/messages/{direct['id']}")).data
                assert _parts(one) == [True] * 4
            assert _parts(await page.event("MESSAGE_CREATE")) == [True] * 4
