"""`/classify` and "Classify" in the message menu: the same answer by Discord's other ways."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_models import page_of
from tests.playground.clients import Page, eventually

COMMAND, AUTOCOMPLETE = 2, 4
STRING, USER, ATTACHMENT = 3, 6, 11


@pytest_asyncio.fixture(loop_scope="package")
async def page(env: Env, user: ChatUser) -> AsyncIterator[Page]:
    """Connect the user to the gateway, as the chat page would."""
    async with page_of(env.playground, user.person) as connected:
        yield connected


async def answered(page: Page, channel: Channel, data: dict[str, Any], **more: Any) -> Any:
    """Use a command in `channel` and return the message that finally stands there."""
    created, updated = len(page.heard("MESSAGE_CREATE")), len(page.heard("MESSAGE_UPDATE"))
    answer = await page.interact(COMMAND, data, channel_id=channel.id, **more)
    assert answer.status == 204, answer.data
    loading = await page.event("MESSAGE_CREATE", created + 1)
    assert loading["flags"] & 128, "Bobby has to defer first"
    return await page.event("MESSAGE_UPDATE", updated + 1)


async def slash(page: Page, channel: Channel, *options: dict[str, Any]) -> dict[str, Any]:
    """Return the data of `/classify` with `options`."""
    return {**await page.command("classify", channel.id), "options": list(options)}


async def test_an_attached_picture_is_answered(
    page: Page, channel: Channel, shared_data: Path
) -> None:
    """`/classify picture:…` gives the labels `!classify` gives."""
    option = {"name": "picture", "type": ATTACHMENT, "value": "0"}
    data = await slash(page, channel, option)
    data["attachments"] = [{"id": "0", "filename": "bobby.jpg"}]
    file = ("bobby.jpg", (shared_data / "bobby.jpg").read_bytes())
    message = await answered(page, channel, data, files=[file])
    label, probability = top(message)
    assert label == "golden retriever"
    assert probability >= 0.90
    assert len(page.heard("MESSAGE_CREATE")) == 1


async def test_a_person_lends_the_avatar(page: Page, channel: Channel, env: Env) -> None:
    """`/classify person:…` looks at the avatar."""
    option = {"name": "person", "type": USER, "value": str(env.playground.world.owner.id)}
    assert top(await answered(page, channel, await slash(page, channel, option)))


async def test_a_link_inward_is_refused(page: Page, channel: Channel) -> None:
    """`/classify link:…` follows public links only."""
    option = {"name": "link", "type": STRING, "value": "http://localhost/a.png"}
    message = await answered(page, channel, await slash(page, channel, option))
    assert "isn't public" in said(message)


async def test_a_link_that_is_none_is_told(page: Page, channel: Channel) -> None:
    """Words in the place of a link get a sentence."""
    option = {"name": "link", "type": STRING, "value": "my dog"}
    message = await answered(page, channel, await slash(page, channel, option))
    assert "http" in said(message)


async def test_nothing_given_means_the_newest(page: Page, channel: Channel, user: ChatUser) -> None:
    """As with the text command, and it says whose."""
    await user.say("", ("a.png", pictures.plain()))
    await page.event("MESSAGE_CREATE")
    message = await answered(page, channel, await slash(page, channel))
    assert f"using <@{user.person.id}>'s picture" in said(message)


async def test_model_names_complete(page: Page, channel: Channel) -> None:
    """At most 25, those that are ready first, those that begin so before those that contain it."""
    data = await page.command("classify", channel.id)
    for typed, first in (("", "efficientnet_lite0"), ("resnet10", "resnet101"), ("Vit B", "vit_b")):
        number = len(page.heard("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")) + 1
        option = {"name": "model", "type": STRING, "value": typed, "focused": True}
        await page.interact(AUTOCOMPLETE, {**data, "options": [option]}, channel_id=channel.id)
        told = await page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", number)
        values = [choice["value"] for choice in told["choices"]]
        assert values[0].startswith(first)
        assert len(values) <= 25


async def test_the_message_menu_answers(page: Page, channel: Channel, user: ChatUser) -> None:
    """Every picture of the message is looked at."""
    files = [("a.png", pictures.plain()), ("b.png", pictures.plain("red"))]
    target = await user.say("two custom labels", *files)
    await page.event("MESSAGE_CREATE")
    data = {**await page.command("Classify", channel.id), "target_id": target["id"]}
    message = await answered(page, channel, data)
    assert [embed["title"] for embed in message["embeds"]] == ["a.png", "b.png"]


async def test_a_message_without_picture_is_told(
    page: Page, channel: Channel, user: ChatUser
) -> None:
    """The menu on mere words gets a sentence."""
    target = await user.say("words")
    await page.event("MESSAGE_CREATE")
    data = {**await page.command("Classify", channel.id), "target_id": target["id"]}
    assert "doesn't have a picture" in said(await answered(page, channel, data))


@pytest.mark.parametrize("command", ["help", "status", "privacy"])
async def test_the_small_commands_answer(page: Page, channel: Channel, command: str) -> None:
    """Each answers at once."""
    await page.interact(COMMAND, await page.command(command, channel.id), channel_id=channel.id)
    assert (await page.event("MESSAGE_CREATE"))["embeds"][0]["title"]


async def test_direct_messages_work(env: Env, page: Page, user: ChatUser) -> None:
    """Commands are there in a conversation with Bobby too."""
    world = env.playground.world
    conversation = world.open_dm(user.person, world.bot)
    await user.say("", ("a.png", pictures.plain()), channel_id=conversation.id)
    await page.event("MESSAGE_CREATE")
    message = await answered(page, conversation, await slash(page, conversation))
    assert top(message)


async def test_a_user_install_works_where_bobby_is_no_member(
    env: Env, page: Page, user: ChatUser
) -> None:
    """With Bobby installed for oneself, commands work in any server; its history stays closed."""
    world = env.playground.world
    world.application.installed_by.add(user.person.id)
    guild = world.add_guild("elsewhere", with_bot=False)
    world.join(guild, user.person)
    there = world.add_channel("general", guild=guild)
    target = await user.say("", ("a.png", pictures.plain()), channel_id=there.id)
    await page.event("MESSAGE_CREATE")
    data = {**await page.command("Classify", there.id), "target_id": target["id"]}
    assert top(await answered(page, there, data))
    nothing = await answered(page, there, await slash(page, there))
    assert "Which picture?" in said(nothing)


async def test_who_manages_a_server_without_bobby_starts_no_download(
    env: Env, page: Page, user: ChatUser
) -> None:
    """There Bobby is one person's own, whatever that person may do; the answer says who may."""
    world = env.playground.world
    world.application.installed_by.add(user.person.id)
    guild = world.add_guild("somebody's", with_bot=False)
    world.join(guild, user.person)
    world.give_role(
        user.person, world.add_role("managers", PermissionBits.MANAGE_GUILD, guild=guild)
    )
    there = world.add_channel("general", guild=guild)
    options = [
        {"name": "picture", "type": ATTACHMENT, "value": "0"},
        {"name": "model", "type": STRING, "value": "alexnet"},
    ]
    data = {
        **await page.command("classify", there.id),
        "options": options,
        "attachments": [{"id": "0", "filename": "a.png"}],
    }
    file = ("a.png", pictures.plain())
    await page.interact(COMMAND, data, channel_id=there.id, files=[file])
    await eventually(lambda: page.heard("MESSAGE_UPDATE"))
    (answer,) = page.heard("MESSAGE_UPDATE")
    assert top(answer)
    assert "Someone with **Manage Server**" in said(answer)
    assert "Downloading" not in said(answer)
