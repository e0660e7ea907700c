"""`!why`, its button and its menu: what made the label, asked again from the message itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.pictures.references import PictureRef
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, File, said
from tests.e2e.conftest import Env
from tests.e2e.test_interactions import ATTACHMENT, answered
from tests.e2e.test_models import COMPONENT, EPHEMERAL, buttons, page_of, press
from tests.models.pictures import encoded, scene
from tests.playground.clients import Page, eventually

SELECT = 3


@pytest_asyncio.fixture(loop_scope="package")
async def page(env: Env, user: ChatUser) -> AsyncIterator[Page]:
    """Connect the user."""
    async with page_of(env.playground, user.person) as connected:
        yield connected


@pytest.fixture
def dog(shared_data: Path) -> File:
    """Return the picture of a dog."""
    return "bobby.jpg", (shared_data / "bobby.jpg").read_bytes()


def menu(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message's menu of labels."""
    (found,) = [c for row in message["components"] for c in row["components"] if c["type"] == 3]
    assert isinstance(found, dict)
    return found


async def choose(page: Page, message: dict[str, Any], value: str) -> None:
    """Choose a label in the menu."""
    data = {
        "component_type": SELECT,
        "custom_id": menu(message)["custom_id"],
        "values": [value],
    }
    channel_id = int(message["channel_id"])
    answer = await page.interact(COMPONENT, data, channel_id=channel_id, message_id=message["id"])
    assert answer.status == 204, answer.data


async def test_why_shows_where_the_network_looked(user: ChatUser, dog: File) -> None:
    """One picture with alt text, the label, and a menu of the five labels."""
    answer = await user.ask("!why", dog)
    assert "**golden retriever** 94" in said(answer)
    picture = answer["embeds"][0]["image"]
    assert "the areas that led to golden retriever" in picture["description"]
    assert picture["width"] == 2 * 224 + 8
    values = [option["value"] for option in menu(answer)["options"]]
    assert values[0] == "golden retriever"
    assert len(values) == 5


async def test_another_label_is_shown_in_the_same_message(
    page: Page, user: ChatUser, dog: File
) -> None:
    """For the person who asked; anybody else gets their own answer, in private."""
    answer = await user.ask("!why", dog)
    await choose(page, answer, "tennis ball")
    edited = await page.event("MESSAGE_UPDATE")
    assert edited["id"] == answer["id"]
    assert "**tennis ball** 0.4 %" in said(edited)
    assert [o["value"] for o in menu(edited)["options"] if o.get("default")] == ["tennis ball"]
    assert edited["embeds"][0]["image"]["url"] != answer["embeds"][0]["image"]["url"]


async def test_the_menu_gives_no_spoiler_away(user: ChatUser, dog: File) -> None:
    """It shows no label until it is opened; the text hides its own."""
    answer = await user.ask("!why", (f"SPOILER_{dog[0]}", dog[1]))
    assert "||**golden retriever**" in said(answer)
    assert [o for o in menu(answer)["options"] if o.get("default")] == []


async def test_somebody_elses_choice_is_answered_in_private(
    env: Env, user: ChatUser, dog: File
) -> None:
    """The public message stays as it was."""
    answer = await user.ask("!why", dog)
    other = await env.playground.new_person("curious")
    async with page_of(env.playground, other) as page:
        await choose(page, answer, "tennis ball")
        await eventually(
            lambda: any("tennis ball" in said(m) for m in page.heard("MESSAGE_UPDATE"))
        )
        (private,) = [m for m in page.heard("MESSAGE_UPDATE") if "tennis ball" in said(m)]
        assert private["flags"] & EPHEMERAL
        assert private["id"] != answer["id"]


async def test_the_button_below_every_classification(page: Page, user: ChatUser, dog: File) -> None:
    """One for each picture; the person who presses sees the answer alone."""
    plain = ("plain.png", pictures.plain())
    answer = await user.ask("!classify", plain, dog)
    assert list(buttons(answer)) == ["Why? 1", "Why? 2", "Show Python code", "Details"]
    await press(page, answer, "Why? 2")
    await eventually(lambda: any("golden" in said(m) for m in page.heard("MESSAGE_UPDATE")))
    private = next(m for m in page.heard("MESSAGE_UPDATE") if "golden" in said(m))
    assert private["flags"] & EPHEMERAL
    assert private["embeds"][0]["image"]


async def test_the_menu_of_a_private_answer_stays_with_whoever_pressed(
    page: Page, user: ChatUser, dog: File
) -> None:
    """Another label is shown in the same message, which nobody else sees."""
    answer = await user.ask("!classify", dog)
    await press(page, answer, "Why?")
    private = await page.event("MESSAGE_UPDATE")
    await choose(page, private, "tennis ball")
    await eventually(lambda: "tennis ball" in said(page.heard("MESSAGE_UPDATE")[-1]))
    edited = page.heard("MESSAGE_UPDATE")[-1]
    assert edited["id"] == private["id"]
    assert edited["flags"] & EPHEMERAL


async def test_a_choice_that_can_not_be_answered_leaves_the_message_as_it_was(
    page: Page, user: ChatUser, dog: File
) -> None:
    """Why not is only for the person who chose."""
    question = await user.say("!why", dog)
    answer = await user.reply(question)
    await user.delete(question)
    heard = len(page.heard("MESSAGE_CREATE"))
    await choose(page, answer, "tennis ball")
    told = await page.event("MESSAGE_CREATE", heard + 1)
    assert "can't find that picture" in said(told)
    assert told["flags"] & EPHEMERAL
    assert page.heard("MESSAGE_UPDATE") == []


async def test_by_slash_command_and_its_button(env: Env, page: Page, user: ChatUser) -> None:
    """The picture of `/classify` can be asked about as well, after a restart too."""
    channel = env.playground.world.channels[user.channel_id]
    data = {
        **await page.command("classify", channel.id),
        "options": [{"name": "picture", "type": ATTACHMENT, "value": "0"}],
        "attachments": [{"id": "0", "filename": "x.png"}],
    }
    message = await answered(page, channel, data, files=[("x.png", encoded(scene()))])
    await press(page, message, "Why?")
    await eventually(lambda: any("Brighter" in said(m) for m in page.heard("MESSAGE_UPDATE")))
    env.bot.picture_references.__init__()  # type: ignore[misc]  # as after a restart
    await press(page, message, "Why?")
    await eventually(lambda: sum("Brighter" in said(m) for m in page.heard("MESSAGE_UPDATE")) == 2)


async def test_the_menu_below_a_slash_answer_knows_its_picture(
    env: Env, page: Page, user: ChatUser, dog: File
) -> None:
    """Discord shows the options of a slash command only once."""
    channel = env.playground.world.channels[user.channel_id]
    data = {
        **await page.command("why", channel.id),
        "options": [{"name": "picture", "type": ATTACHMENT, "value": "0"}],
        "attachments": [{"id": "0", "filename": dog[0]}],
    }
    message = await answered(page, channel, data, files=[dog])
    await choose(page, message, "tennis ball")
    await eventually(
        lambda: any("**tennis ball**" in said(m) for m in page.heard("MESSAGE_UPDATE"))
    )


async def test_a_picture_that_is_gone(page: Page, user: ChatUser) -> None:
    """Its message was deleted: the press is answered with that."""
    question = await user.say("!classify", ("plain.png", pictures.plain()))
    answer = await user.reply(question)
    await user.delete(question)
    await press(page, answer, "Why?")
    await eventually(
        lambda: any("can't find that picture" in said(m) for m in page.heard("MESSAGE_UPDATE"))
    )


async def test_a_choice_that_cant_be_shown_is_told_in_private(page: Page, user: ChatUser) -> None:
    """The public answer stays as it was."""
    question = await user.say("!why", ("a.png", encoded(scene())))
    answer = await user.reply(question)
    await user.delete(question)
    await choose(page, answer, menu(answer)["options"][1]["value"])
    private = await page.event("MESSAGE_CREATE", len(page.heard("MESSAGE_CREATE")) + 1)
    assert private["flags"] & EPHEMERAL
    assert "can't find that picture" in said(private)
    assert [one for one in page.heard("MESSAGE_UPDATE") if one["id"] == answer["id"]] == []


async def test_the_words_behind_an_earlier_command_count(env: Env, user: ChatUser) -> None:
    """The picture that they pointed to is found again, and the words come along."""
    message = await user.say(f"!classify alexnet <@{user.person.id}>")
    await user.reply(message)
    source = PictureRef("ask", user.channel_id, int(message["id"]))
    found, text = await env.bot.picture_references.find(env.bot, source)
    assert [one.name for one in found.pictures] == [f"{user.person.name}'s avatar"]
    assert text == f"alexnet <@{user.person.id}>"


async def test_an_unknown_model_is_refused(user: ChatUser) -> None:
    """As by `!classify`."""
    answer = await user.ask("!why alexnot", ("plain.png", pictures.plain()))
    assert "There's no model called “alexnot”" in said(answer)
