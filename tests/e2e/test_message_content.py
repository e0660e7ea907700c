"""Bobby whose application lacks the Message Content Intent: every way to ask that is left."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bot.playground.model.records import Channel
from bot.playground.server import Playground
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.processes import START, TOKEN, Running, running
from tests.e2e.test_interactions import ATTACHMENT, COMMAND, answered, slash
from tests.e2e.test_models import page_of, press
from tests.playground.clients import Page, eventually

PICTURE = ("a.png", pictures.striped())


@dataclass(frozen=True)
class Reserved:
    """A Bobby that reads only what is meant for it, and where it is."""

    playground: Playground
    process: Running

    @property
    def mention(self) -> str:
        """What a message to Bobby begins with."""
        return f"<@{self.playground.bot_user_id}>"


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def reserved(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reserved]:
    """Run `bobby run` against a playground that grants no such intent."""
    async with Playground(message_content=False) as playground:
        door = {TOKEN: playground.bot_token, "BOBBY_API_URL": playground.api}
        with running("run", folder=tmp_path_factory.mktemp("run"), **door) as process:
            bot = playground.world.bot
            await eventually(lambda: playground.hub.connected(bot), within=START)
            ann = await playground.new_person("ann")
            async with ChatUser(playground, ann, playground.channel_id) as user:
                first = await user.say(f"<@{bot.id}> classify", PICTURE)
                assert top(await user.reply(first, within=START))
            yield Reserved(playground, process)


@pytest.fixture
def room(reserved: Reserved, request: pytest.FixtureRequest) -> Channel:
    """Return a channel of the test's own."""
    return reserved.playground.world.add_channel(request.node.name[:90])


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(reserved: Reserved, room: Channel) -> AsyncIterator[ChatUser]:
    """Return a person in it."""
    person = await reserved.playground.new_person(room.name[-20:])
    async with ChatUser(reserved.playground, person, room.id) as user:
        yield user


@pytest_asyncio.fixture(loop_scope="package")
async def page(reserved: Reserved, visitor: ChatUser) -> AsyncIterator[Page]:
    """Connect the visitor to the gateway, as the chat page would."""
    async with page_of(reserved.playground, visitor.person) as connected:
        yield connected


async def test_a_mention_with_a_picture(reserved: Reserved, visitor: ChatUser) -> None:
    """It is answered, a message without the mention is not, and the log has said so once."""
    unheard = await visitor.say("!classify", PICTURE)
    assert top(await visitor.ask(f"{reserved.mention} classify", PICTURE))
    assert visitor.replies(unheard) == []
    assert reserved.process.printed().count("Message Content Intent: off") == 1


async def test_an_edit_that_adds_the_picture(reserved: Reserved, visitor: ChatUser) -> None:
    """The command is heard again, and its reply edited."""
    question = await visitor.say(f"{reserved.mention} classify")
    assert "couldn't find a picture" in said(await visitor.reply(question))
    await visitor.edit(question, f"{reserved.mention} classify", PICTURE)
    assert await visitor.heard(lambda one: "%" in said(one), within=START)
    assert len(visitor.replies(question)) == 1


async def test_a_reply_to_what_bobby_sees(reserved: Reserved, visitor: ChatUser) -> None:
    """A picture that was sent to Bobby may be asked about by anybody's reply."""
    shown = await visitor.say(f"look, {reserved.mention}", PICTURE)
    question = f"{reserved.mention} classify"
    assert top(await visitor.ask(question, reply_to=shown["id"]))
    assert top(await visitor.ask(question))  # it is the newest to be seen, too


async def test_a_reply_to_what_bobby_does_not_see(reserved: Reserved, visitor: ChatUser) -> None:
    """Neither there nor as the newest; the way that is left is told."""
    hidden = await visitor.say("mine", PICTURE)
    reference = {"type": 1, "channel_id": hidden["channel_id"], "message_id": hidden["id"]}
    forward = await visitor.say("", message_reference=reference)
    question = f"{reserved.mention} classify"
    for one in (hidden, forward):
        assert "**Apps**" in said(await visitor.ask(question, reply_to=one["id"]))
    newest = said(await visitor.ask(question))
    assert "Which picture?" in newest
    assert "**Apps**" in newest


async def test_a_reply_that_pings_bobby(reserved: Reserved, visitor: ChatUser) -> None:
    """Its own picture, asked about with the ordinary command."""
    zebra = await visitor.ask(f"{reserved.mention} zebra", PICTURE)
    assert top(await visitor.ask("!classify", reply_to=zebra["id"]))
    quiet: dict[str, Any] = {"allowed_mentions": {"parse": [], "replied_user": False}}
    unheard = await visitor.say("!classify", reply_to=zebra["id"], **quiet)
    await visitor.ask(f"{reserved.mention} status")
    assert visitor.replies(unheard) == []


async def test_a_direct_message(reserved: Reserved, visitor: ChatUser) -> None:
    """Everything is as ever there, the words of `!help` too."""
    world = reserved.playground.world
    direct = world.open_dm(visitor.person, world.bot)
    asked = await visitor.ask("!classify", PICTURE, channel_id=direct.id)
    assert top(asked)
    helped = said(await visitor.ask("!help", channel_id=direct.id))
    assert "`!classify" in helped
    assert "reply to a picture" in helped


async def test_a_slash_command(page: Page, room: Channel) -> None:
    """With its picture."""
    option = {"name": "picture", "type": ATTACHMENT, "value": "0"}
    data = await slash(page, room, option)
    data["attachments"] = [{"id": "0", "filename": "a.png"}]
    assert top(await answered(page, room, data, files=[PICTURE]))


async def test_a_menu_and_the_button_below_its_answer(
    page: Page, room: Channel, visitor: ChatUser
) -> None:
    """Discord shows the message to the menu alone, so the button has to remember its picture."""
    target = await visitor.say("mine", PICTURE)
    await page.event("MESSAGE_CREATE")
    data = {**await page.command("Classify", room.id), "target_id": target["id"]}
    answer = await answered(page, room, data)
    assert top(answer)
    await press(page, answer, "Why?")
    heard = partial(page.heard, "MESSAGE_UPDATE")
    await eventually(lambda: "the areas that led to" in str(heard()), within=START)


async def test_help_names_what_works_here(
    reserved: Reserved, visitor: ChatUser, page: Page
) -> None:
    """A mention where it was asked by one, a slash command where it was by one; no prefix."""
    name = f"@{reserved.playground.world.bot.name}"
    by_mention = said(await visitor.ask(f"{reserved.mention} help"))
    await page.event("MESSAGE_CREATE", 2)
    room = visitor.channel_id
    await page.interact(COMMAND, await page.command("help", room), channel_id=room)
    by_slash = said(await page.event("MESSAGE_CREATE", 3))
    for form, helped in ((f"`{name} ", by_mention), ("`/", by_slash)):
        for command in ("classify", "teach", "zebra"):
            assert f"{form}{command}" in helped
        assert "messages that mention me" in helped
        assert "`!" not in helped


@pytest.mark.parametrize("asked", ["classfy", "", "sing", "classify custom", "taught"])
async def test_no_sentence_names_the_prefix(
    reserved: Reserved, visitor: ChatUser, asked: str
) -> None:
    """Slips, greetings and errors name the mention."""
    words = said(await visitor.ask(f"{reserved.mention} {asked}", PICTURE))
    assert f"`@{reserved.playground.world.bot.name} " in words
    assert "`!" not in words


async def test_the_status_tells(reserved: Reserved, visitor: ChatUser) -> None:
    """In a line of its own."""
    words = said(await visitor.ask(f"{reserved.mention} status"))
    assert "Message content off: mention me" in words
