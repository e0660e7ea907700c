"""`!help`: the first screen, its groups, and what is told of one command."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.playground.model.records import Channel
from bot.replies.help import GROUPS, guide
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import COMPONENT, EPHEMERAL, completed, loaded_again, page_of
from tests.e2e.test_settings import Server, server
from tests.playground.clients import Page

__all__ = ["server"]

SELECT = 3


@pytest_asyncio.fixture(loop_scope="package")
async def page(env: Env, user: ChatUser) -> AsyncIterator[Page]:
    """Connect the user."""
    async with page_of(env.playground, user.person) as connected:
        yield connected


async def choose(page: Page, message: dict[str, object], group: str) -> None:
    """Choose a group in the menu below `message`."""
    rows: list[dict[str, list[dict[str, str]]]] = message["components"]  # type: ignore[assignment]
    custom_id = rows[0]["components"][0]["custom_id"]
    data = {"component_type": SELECT, "custom_id": custom_id, "values": [group]}
    channel = int(str(message["channel_id"]))
    answer = await page.interact(COMPONENT, data, channel_id=channel, message_id=message["id"])
    assert answer.status == 204, answer.data


async def test_the_first_screen_is_short(env: Env, user: ChatUser) -> None:
    """The groups with every command once, the settings, and whom to turn to."""
    message = await user.ask("!help")
    helped = said(message)
    assert len(helped) < 1500
    fields = {one["name"]: one["value"] for one in message["embeds"][0]["fields"]}
    assert list(fields)[: len(GROUPS)] == list(GROUPS.values())
    for command in env.bot.commands:
        there = [name for name, value in fields.items() if f"`!{command.name}`" in value]
        assert there == [GROUPS[guide(command).group]], command.name
    assert "`/settings`" in helped
    assert f"Contact: {env.playground.world.owner.name}" in helped


async def test_a_group_is_chosen_in_the_same_message(env: Env, page: Page, user: ChatUser) -> None:
    """With a line for each of its commands, after a restart too; and on to the next group."""
    helped = await user.ask("!help")
    await loaded_again(env, user, "cogs.about")
    await choose(page, helped, "teach")
    teach = await page.event("MESSAGE_UPDATE")
    assert teach["id"] == helped["id"]
    for command in env.bot.commands:
        line = f"`!{command.name}` {command.short_doc}"
        assert (line in said(teach)) == (guide(command).group == "teach")
    await choose(page, teach, "make")
    assert "Turn horses into zebras" in said(await page.event("MESSAGE_UPDATE", 2))


async def test_others_choose_in_private(env: Env, user: ChatUser) -> None:
    """Somebody else's choice does not change what the person who asked reads."""
    helped = await user.ask("!help")
    other = await env.playground.new_person("chooser")
    async with page_of(env.playground, other) as page:
        await choose(page, helped, "look")
        told = await page.event("MESSAGE_UPDATE")
    assert told["id"] != helped["id"]
    assert told["flags"] & EPHEMERAL
    assert "What a" not in said(helped)
    assert "`!classify` Tell you" in said(told)


async def test_each_command_is_explained(env: Env, user: ChatUser) -> None:
    """Its options, two examples, its limits."""
    classify = said(await user.ask("!help classify"))
    assert "`!classify [model] [link or @person]`" in classify
    assert "`person` Use this person's avatar" in classify
    assert "`!classify`\n`!classify resnet101`" in classify
    assert "Up to 10 pictures at a time, 25 MiB each." in classify
    assert "up to 10 models at a time" in said(await user.ask("!help compare"))
    assert "Also called `!translate`" in said(await user.ask("!help translate"))
    assert "20 labels" in said(await user.ask("!help !teach"))
    for command in env.bot.commands:
        told = said(await user.ask(f"!help {command.name}"))
        assert command.short_doc in told
        assert len(told.partition("Examples ")[2].split("\n")) >= 2, command.name


async def test_what_is_no_command_is_refused(user: ChatUser) -> None:
    """With the nearest that is one."""
    assert "Did you mean `classify`?" in said(await user.ask("!help clasify"))
    assert "no command called “qqqqq”" in said(await user.ask("!help qqqqq"))


async def test_slash_commands_typed_as_text_get_a_pointer(user: ChatUser) -> None:
    """`!settings` alone, with words behind it, and explained."""
    for typed in ("!settings", "!settings show"):
        assert "type `/settings`" in said(await user.ask(typed))
    told = said(await user.ask("!help settings"))
    assert "`/settings teachers` Choose who can teach me" in told
    assert "**Manage Server**" in told


async def test_a_slash_command_explains_the_same(server: Server) -> None:
    """The option completes."""
    told = said(await server.use(server.member, "help", command="classify"))
    assert "Up to 10 pictures" in told


async def test_commands_complete(env: Env, channel: Channel, page: Page) -> None:
    """By a part of the name."""
    assert await completed(page, channel, "help", "command", "zeb") == ["zebra"]
