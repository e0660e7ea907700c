"""`!compare`, `!untrained` and the button "Python for this": what the weights make of a network."""

from pathlib import Path

import pytest

from bot.playground.model.records import Channel
from models.catalog.classifiers import catalog
from models.catalog.snippets import script
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_models import buttons, loaded_again, page_of, press

COMMAND, STRING, ATTACHMENT = 2, 3, 11
EPHEMERAL = 64
LITE0 = "efficientnet_lite0"


@pytest.fixture
def bobby_jpg(shared_data: Path) -> tuple[str, bytes]:
    """Return the picture of the golden retriever."""
    return "bobby.jpg", (shared_data / "bobby.jpg").read_bytes()


async def test_who_is_here_is_compared(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """A line with year, size, accuracy and label, and who is not here."""
    message = await user.say("!compare", bobby_jpg)
    reply = await user.reply(message)
    assert f"Only {LITE0} has answered, and says **golden retriever**." in said(reply)
    assert "`2020    19   75.1 " in said(reply)
    assert f"**{LITE0}** golden retriever 94.1 %" in said(reply)
    assert "Not installed: alexnet, vgg16," in said(reply)
    assert len(user.replies(message)) == 1


async def test_names_are_taken_at_their_word(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """No other model stands in for one that is not here, or that nobody knows."""
    reply = await user.ask(f"!compare alexnet, {LITE0}", bobby_jpg)
    assert "Not installed: alexnet" in said(reply)
    assert f"**{LITE0}** golden retriever" in said(reply)
    assert "Not installed" in said(await user.ask("!compare alexnet", bobby_jpg))
    assert "Did you mean alexnet" in said(await user.ask("!compare alexnett", bobby_jpg))


async def test_a_bad_picture_is_told(user: ChatUser) -> None:
    """In the model's line."""
    assert "can't read this file as a picture" in said(
        await user.ask("!compare", ("a.png", b"no picture"))
    )


async def test_untrained_is_garbage(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """The same each time, marked in title, color and text, and not what the weights say."""
    message = await user.say("!untrained resnet18", bobby_jpg)
    reply = await user.reply(message)
    (embed,) = reply["embeds"]
    assert embed["title"] == "Untrained resnet18: random on purpose"
    assert "These labels are meaningless" in embed["description"]
    assert "resnet18 · random numbers, seed 0 · " in said(reply)
    trained = await user.ask("!classify", bobby_jpg)
    assert embed["color"] != trained["embeds"][0]["color"]
    assert top(reply) != top(trained)
    assert top(await user.ask("!untrained resnet18", bobby_jpg)) == top(reply)
    assert not reply.get("components")
    assert len(user.replies(message)) == 1


async def test_untrained_needs_a_classifier(user: ChatUser) -> None:
    """A name that is none gets the nearest."""
    reply = await user.ask("!untrained resnet10l", ("a.png", pictures.plain()))
    assert "resnet101" in said(reply)


SLASHED = {
    "compare": ("models", LITE0, "golden retriever 94.1 %"),
    "untrained": ("model", "resnet18", "random on purpose"),
}
"""An option of each command, and what the answer says."""


@pytest.mark.parametrize("command", list(SLASHED))
async def test_slash_commands_say_the_same(
    env: Env,
    user: ChatUser,
    channel: Channel,
    bobby_jpg: tuple[str, bytes],
    command: str,
) -> None:
    """`/compare` and `/untrained`, with an attached picture."""
    option, value, within = SLASHED[command]
    options = [
        {"name": option, "type": STRING, "value": value},
        {"name": "picture", "type": ATTACHMENT, "value": "0"},
    ]
    async with page_of(env.playground, user.person) as page:
        data = {**await page.command(command, channel.id), "options": options}
        data["attachments"] = [{"id": "0", "filename": "bobby.jpg"}]
        await page.interact(COMMAND, data, channel_id=channel.id, files=[bobby_jpg])
        assert within in said(await page.event("MESSAGE_UPDATE"))


async def test_the_button_gives_the_script_in_private(
    env: Env, user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """That of the model that has answered, also after a restart; `test_recipes` runs it."""
    reply = await user.ask("!classify alexnet", bobby_jpg)
    assert list(buttons(reply)) == ["Why?", "Show Python code", "Details"]
    await loaded_again(env, user, "cogs.classify")
    async with page_of(env.playground, user.person) as page:
        await press(page, reply, "Show Python code")
        told = await page.event("MESSAGE_UPDATE")
    assert told["flags"] & EPHEMERAL
    assert script(catalog()[LITE0]) in told["content"]


async def test_no_answer_has_no_script(user: ChatUser) -> None:
    """A bad file alone gets its sentence and no button."""
    assert not (await user.ask("!classify", ("a.png", b"no picture")))["components"]
