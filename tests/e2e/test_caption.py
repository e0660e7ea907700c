"""`!caption`: a sentence, other ways to say it, and words for those who can't see the picture."""

from pathlib import Path
from typing import Any

import pytest

from bot.playground.model.records import Channel
from cogs.caption import CaptionOptions, parse_options
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import page_of
from tests.models import published
from tests.playground.clients import Page, Rest

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
BUTTON, STRING = 2, 3
EPHEMERAL = 64


@pytest.fixture
def bobby_jpg(shared_data: Path) -> tuple[str, bytes]:
    """Return the picture of the golden retriever."""
    return "bobby.jpg", (shared_data / "bobby.jpg").read_bytes()


def button(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the button of a reply that stands before *Details*."""
    (row,) = reply["components"]
    first, details = row["components"]
    assert details["label"] == "Details"
    found: dict[str, Any] = first
    return found


async def test_a_dog_is_called_a_dog(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """One sentence, with a capital and a full stop, and the model by name."""
    message = await user.say("!caption", bobby_jpg)
    reply = await user.reply(message)
    sentence = reply["embeds"][0]["description"].splitlines()[0]
    assert "dog" in sentence
    assert sentence.endswith(".")
    assert "caption_small · " in said(reply)
    assert len(user.replies(message)) == 1


async def test_a_horse_is_called_a_horse(user: ChatUser, shared_data: Path) -> None:
    """Another picture has another caption."""
    horse = ("horse.jpg", (shared_data / "horse.jpg").read_bytes())
    assert "horse" in said(await user.ask("!caption", horse))


async def test_beams_can_be_named(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """One beam is the greedy caption, and has the same form."""
    reply = await user.ask("!caption 1", bobby_jpg)
    assert "dog" in said(reply)


async def test_the_published_model_answers_once_it_is_here(
    env: Env, user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """Before that ours does, and says so; it is asked for by name."""
    question = "!caption model:neuraltalk2 beams:3"
    before = said(await user.ask(question, bobby_jpg))
    assert "neuraltalk2 isn't installed here, so caption\\_small answered" in before
    assert "dog" in before
    cache = env.bot.settings.cache
    assert cache
    published.write_converted(cache / "neuraltalk2")
    reply = await user.ask(question, bobby_jpg)
    assert "neuraltalk2 · " in said(reply)
    words = reply["embeds"][0]["description"].rstrip(".").lower().split()
    assert set(words) <= {word.lower() for word in published.VOCABULARY.values()}


async def test_an_unknown_captioner_is_refused(
    user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """The name that was meant is offered."""
    text = said(await user.ask("!caption model:neuraltalk", bobby_jpg))
    assert "Did you mean neuraltalk2?" in text


async def test_captioners_complete(env: Env, user: ChatUser, channel: Channel) -> None:
    """The slash command offers both, ours first, and no classifier."""
    token = user.person.token
    async with (
        Rest(env.playground.api, token) as rest,
        Page(env.playground, token, rest) as page,
    ):
        data = await page.command("caption", channel.id)
        option = {"name": "model", "type": STRING, "value": "", "focused": True}
        await page.interact(AUTOCOMPLETE, {**data, "options": [option]}, channel_id=channel.id)
        told = await page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
    assert [choice["value"] for choice in told["choices"]] == ["caption_small", "neuraltalk2"]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", CaptionOptions()),
        ("7", CaptionOptions(beams=7)),
        ("model:neuraltalk2", CaptionOptions(model="neuraltalk2")),
        (
            "model=neuraltalk2 beams: 10 https://example.com/3.png",
            CaptionOptions("neuraltalk2", 10),
        ),
        ("Model: caption_small 3", CaptionOptions("caption_small", 3)),
        ("model:x-5", CaptionOptions("x-5")),
        ("beams:77", CaptionOptions(model="beams:77")),
    ],
)
def test_wishes_are_read(text: str, wish: CaptionOptions) -> None:
    """Model and beams are read in any order, and no digit of a name or link is a beam."""
    assert parse_options(text) == wish


async def test_a_spoiler_gets_a_spoiler(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """The sentence hides."""
    reply = await user.ask("!caption", ("SPOILER_bobby.jpg", bobby_jpg[1]))
    assert reply["embeds"][0]["description"].startswith("||")


async def test_bad_files_fail_alone(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """The neighbor is captioned."""
    reply = await user.ask("!caption", ("bad.png", b"no picture"), bobby_jpg)
    assert "dog" in reply["embeds"][0]["description"]
    assert "can't read this file as a picture" in reply["embeds"][1]["description"]


async def test_the_button_gives_other_ways_in_private(
    env: Env, user: ChatUser, channel: Channel, bobby_jpg: tuple[str, bytes]
) -> None:
    """It finds the picture again by its id alone, and says so when that is gone."""
    message = await user.say("!caption", bobby_jpg)
    reply = await user.reply(message)
    token = user.person.token
    async with (
        Rest(env.playground.api, token) as rest,
        Page(env.playground, token, rest) as page,
    ):
        press = {"component_type": BUTTON, "custom_id": button(reply)["custom_id"]}
        await page.interact(COMPONENT, press, channel_id=channel.id, message_id=reply["id"])
        told = await page.event("MESSAGE_UPDATE")
        assert told["flags"] & EPHEMERAL
        assert said(told).count("- ") == 3
        await user.delete(message)
        await page.interact(COMPONENT, press, channel_id=channel.id, message_id=reply["id"])
        assert "can't find that picture" in said(await page.event("MESSAGE_UPDATE", 2))


async def test_the_button_finds_more_ways_than_were_searched_for(
    env: Env, user: ChatUser, channel: Channel, bobby_jpg: tuple[str, bytes]
) -> None:
    """One beam has no alternatives, and four have; of a slash command's picture as well."""
    option = {"name": "picture", "type": 11, "value": "0"}
    async with page_of(env.playground, user.person) as page:
        data = {**await page.command("caption", channel.id), "options": [option]}
        data["attachments"] = [{"id": "0", "filename": "bobby.jpg"}]
        await page.interact(COMMAND, data, channel_id=channel.id, files=[bobby_jpg])
        chosen = await page.event("MESSAGE_UPDATE")
        typed = await user.ask("!caption 1", bobby_jpg)
        for number, reply in enumerate((chosen, typed), start=2):
            press = {"component_type": BUTTON, "custom_id": button(reply)["custom_id"]}
            await page.interact(COMPONENT, press, channel_id=channel.id, message_id=reply["id"])
            told = await page.event("MESSAGE_UPDATE", number)
            assert said(told).count("- ") == 3


async def test_no_caption_has_no_other_ways(user: ChatUser) -> None:
    """A bad file alone gets its sentence and no button."""
    assert not (await user.ask("!caption", ("a.txt", b"doesn't have a picture")))["components"]


@pytest.mark.parametrize("name", ["Caption", "Describe for alt text"])
async def test_the_message_menu_answers(
    env: Env, user: ChatUser, channel: Channel, name: str, bobby_jpg: tuple[str, bytes]
) -> None:
    """The caption is for all, alt text for the requester alone and ready to paste."""
    target = await user.say("", bobby_jpg)
    token = user.person.token
    async with (
        Rest(env.playground.api, token) as rest,
        Page(env.playground, token, rest) as page,
    ):
        data = {**await page.command(name, channel.id), "target_id": target["id"]}
        await page.interact(COMMAND, data, channel_id=channel.id)
        reply = await page.event("MESSAGE_UPDATE")
    assert "dog" in said(reply)
    private = name != "Caption"
    assert bool(reply["flags"] & EPHEMERAL) is private
    assert ("```" in reply["content"]) is private


async def test_a_message_without_picture_is_told(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """The private menu entry answers in private there, too."""
    target = await user.say("words", ("a.txt", pictures.plain()[:4]))
    token = user.person.token
    async with (
        Rest(env.playground.api, token) as rest,
        Page(env.playground, token, rest) as page,
    ):
        data = {
            **await page.command("Describe for alt text", channel.id),
            "target_id": target["id"],
        }
        await page.interact(COMMAND, data, channel_id=channel.id)
        assert "can't read a.txt as a picture" in said(await page.event("MESSAGE_UPDATE"))


async def test_a_captioner_may_be_named_by_its_name_alone(user: ChatUser) -> None:
    """As with `!classify`; a word that is no name is refused, and not ignored."""
    file = ("plain.png", pictures.plain())
    assert "neuraltalk2" in said(await user.ask("!caption neuraltalk2", file))
    assert "There's no model called “please”" in said(await user.ask("!caption please", file))
