"""`!models` and `!model`: the list, its pages, and the inside of a model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.playground.model.records import Channel, Person
from bot.playground.server import Playground
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.playground.clients import Page, Rest

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
BUTTON, STRING = 2, 3
EPHEMERAL = 64


@asynccontextmanager
async def page_of(playground: Playground, person: Person) -> AsyncIterator[Page]:
    """Connect a person to the gateway, as the chat page would."""
    async with (
        Rest(playground.api, person.token) as rest,
        Page(playground, person.token, rest) as connected,
    ):
        yield connected


@pytest_asyncio.fixture(loop_scope="package")
async def page(env: Env, user: ChatUser) -> AsyncIterator[Page]:
    """Connect the user."""
    async with page_of(env.playground, user.person) as connected:
        yield connected


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Return the ids of a message's buttons by their labels."""
    return {
        button["label"]: button["custom_id"]
        for row in message["components"]
        for button in row["components"]
    }


async def press(page: Page, message: dict[str, Any], label: str) -> None:
    """Press the button of that label."""
    data = {"component_type": BUTTON, "custom_id": buttons(message)[label]}
    channel_id = int(message["channel_id"])
    answer = await page.interact(COMPONENT, data, channel_id=channel_id, message_id=message["id"])
    assert answer.status == 204, answer.data


async def loaded_again(env: Env, user: ChatUser, cog: str) -> None:
    """Load a cog again, once discord.py is done with the last reply and its buttons."""
    await user.ask("!privacy")
    await env.bot.reload_extension(cog)


async def test_the_list_has_pages(page: Page, user: ChatUser) -> None:
    """What is ready comes first; a button turns the page of the same message, and back."""
    message = await user.say("!models")
    first = await user.reply(message)
    assert "● **efficientnet_lite0** · 2020 · 19 MB · 75.1 % · Apache-2.0" in said(first)
    assert list(buttons(first)) == ["More ▶"]
    await press(page, first, "More ▶")
    second = await page.event("MESSAGE_UPDATE")
    assert second["id"] == first["id"]
    assert "page 2 of" in said(second)
    assert list(buttons(second)) == ["◀ Back", "More ▶"]
    await press(page, second, "◀ Back")
    assert said(await page.event("MESSAGE_UPDATE", 2)) == said(first)
    assert len(user.replies(message)) == 1


async def test_a_search_narrows_it_down(user: ChatUser) -> None:
    """By family, task and readiness; few models need no buttons."""
    reply = await user.ask("!models family:vgg")
    assert "**vgg16** · 2014 · 553 MB · 71.6 %" in said(reply)
    assert "0 of 8 installed" in said(reply)
    assert not reply["components"]
    ready = said(await user.ask("!models task:caption ready"))
    assert "● **caption_small**" in ready.replace("\\", "")
    assert "resnet" not in ready
    assert "No models found." in said(await user.ask("!models nonsense"))


async def test_buttons_survive_a_restart(env: Env, page: Page, user: ChatUser) -> None:
    """All that a button needs is in its id: a cog that is loaded again knows it."""
    first = await user.ask("!models family:regnet")
    await loaded_again(env, user, "cogs.models")
    await press(page, first, "More ▶")
    second = await page.event("MESSAGE_UPDATE")
    assert "Models for “family:regnet”" in said(second)
    assert "page 2 of" in said(second)


async def test_others_get_a_list_of_their_own(env: Env, user: ChatUser) -> None:
    """Somebody else's press does not turn the page for the person who asked."""
    first = await user.ask("!models")
    other = await env.playground.new_person("turner")
    async with page_of(env.playground, other) as page:
        await press(page, first, "More ▶")
        told = await page.event("MESSAGE_UPDATE")
    assert told["id"] != first["id"]
    assert told["flags"] & EPHEMERAL
    assert "page 2 of" in said(told)
    assert f"models:{other.id}:2:" in buttons(told)["More ▶"]


async def test_a_model_is_looked_into(user: ChatUser) -> None:
    """The outline in the message, every module in the file."""
    reply = await user.ask("!model resnet101")
    assert "Bottleneck ×23" in said(reply)
    assert "44,549,160" in said(reply)
    assert "7.80 billion" in said(reply)
    (attachment,) = reply["attachments"]
    assert attachment["filename"] == "resnet101.txt"
    async with aiohttp.ClientSession() as session, session.get(attachment["url"]) as answer:
        text = await answer.text()
    assert "conv1: Conv2d(3, 64, kernel_size=(7, 7)" in text


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("efficientnet_lite0", "InvertedBottleneck ×16"),
        ("horse2zebra", "10–18: ResidualBlock ×9"),
        ("caption_small", "decoder: CaptionTransformer"),
    ],
)
async def test_every_kind_of_model_is_looked_into(user: ChatUser, name: str, within: str) -> None:
    """Our own, generators, and the captioner."""
    assert within in said(await user.ask(f"!model {name}"))


async def test_a_name_is_needed_and_may_be_nearly_right(user: ChatUser) -> None:
    """Both say what to do."""
    assert "Which model?" in said(await user.ask("!model"))
    assert "Did you mean resnet101" in said(await user.ask("!model resnet10l"))


async def completed(page: Page, channel: Channel, command: str, name: str, typed: str) -> list[str]:
    """Return what is offered for the option `name` of `command` while `typed` stands there."""
    number = len(page.heard("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")) + 1
    option = {"name": name, "type": STRING, "value": typed, "focused": True}
    data = {**await page.command(command, channel.id), "options": [option]}
    await page.interact(AUTOCOMPLETE, data, channel_id=channel.id)
    told = await page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", number)
    return [choice["value"] for choice in told["choices"]]


async def test_options_complete(page: Page, channel: Channel) -> None:
    """Families, models of every task, and the last of several names."""
    assert await completed(page, channel, "models", "family", "swi") == ["swin", "swin_v2"]
    assert "horse2zebra" in await completed(page, channel, "model", "name", "horse")
    assert (await completed(page, channel, "untrained", "model", "alex")) == ["alexnet"]
    several = await completed(page, channel, "compare", "models", "alexnet vgg16")
    assert several[0] == "alexnet vgg16"
    assert all(value.startswith("alexnet ") for value in several)


@pytest.mark.parametrize(
    ("command", "options", "within"),
    [
        ("models", {"task": "translate", "search": "monet"}, "monet2photo"),
        ("model", {"name": "alexnet"}, "61,100,840"),
    ],
)
async def test_slash_commands_say_the_same(
    page: Page, channel: Channel, command: str, options: dict[str, str], within: str
) -> None:
    """`/models` and `/model`."""
    given = [{"name": name, "type": STRING, "value": value} for name, value in options.items()]
    data = {**await page.command(command, channel.id), "options": given}
    await page.interact(COMMAND, data, channel_id=channel.id)
    assert within in said(await page.event("MESSAGE_UPDATE"))
