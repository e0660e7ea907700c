"""Commands, menus, components and autocomplete, between the page's person and a discord.py bot."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.playground.model.permissions import EVERYONE, PermissionBits
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, eventually, logged_in

COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
Command = app_commands.Command[Any, ..., None] | app_commands.ContextMenu


class Counter(discord.ui.View):
    """A button that edits its message and a select that answers in private."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="More", custom_id="more")
    async def more(self, interaction: discord.Interaction, _: discord.ui.Button["Counter"]) -> None:
        """Edit the message."""
        await interaction.response.edit_message(content="more")
        await interaction.followup.send("and more")

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="a")])
    async def pick(
        self, interaction: discord.Interaction, select: discord.ui.Select["Counter"]
    ) -> None:
        """Answer in private."""
        await interaction.response.send_message(select.values[0], ephemeral=True)


class Bot(EchoBot):
    """A bot with a command for each way of answering."""

    def __init__(self) -> None:
        super().__init__(discord.Intents.default())
        self.tree = app_commands.CommandTree(self)
        self.seen: list[discord.Interaction] = []
        self.errors: list[Exception] = []
        commands: tuple[Command, ...] = (look, late, twice, hidden, panel, menu, deferred)
        for command in commands:
            self.tree.add_command(command)

    async def setup_hook(self) -> None:
        """Publish the commands and notice what goes wrong in them."""
        await self.tree.sync()

        async def note(_: discord.Interaction, error: app_commands.AppCommandError) -> None:
            assert isinstance(error, app_commands.CommandInvokeError)
            self.errors.append(error.original)

        self.tree.error(note)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Keep every interaction."""
        self.seen.append(interaction)


@app_commands.command(description="Look at a picture")
async def look(
    interaction: discord.Interaction,
    picture: discord.Attachment,
    model: str | None = None,
    friend: discord.User | None = None,
) -> None:
    """Say what came."""
    size = len(await picture.read())
    await interaction.response.send_message(f"{picture.filename} {size} {model} {friend}")


@look.autocomplete("model")
async def _models(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    names = [name for name in ("resnet18", "resnet50", "vgg11") if typed in name]
    return [app_commands.Choice(name=name, value=name) for name in names]


@app_commands.command(description="Answer too late")
async def late(interaction: discord.Interaction) -> None:
    """Wait longer than a bot may."""
    await asyncio.sleep(0.4)
    await interaction.response.send_message("late")


@app_commands.command(description="Answer twice")
async def twice(interaction: discord.Interaction) -> None:
    """Answer a second time behind the library's back."""
    await interaction.response.send_message("once")
    interaction.response._response_type = None
    await interaction.response.send_message("twice")


@app_commands.command(description="Answer in private")
async def hidden(interaction: discord.Interaction) -> None:
    """Answer so that one person sees it."""
    await interaction.response.send_message("psst", ephemeral=True)


@app_commands.command(description="Show buttons")
async def panel(interaction: discord.Interaction) -> None:
    """Show buttons."""
    await interaction.response.send_message("panel", view=Counter())


@app_commands.context_menu(name="Classify")
async def menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Say what the message holds."""
    await interaction.response.send_message(f"{message.content} {len(message.attachments)}")


@app_commands.command(description="Think first")
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def deferred(interaction: discord.Interaction) -> None:
    """Defer, answer, follow up seven times."""
    await interaction.response.defer()
    await interaction.edit_original_response(content="thought")
    for number in range(7):
        await interaction.followup.send(str(number))


@pytest.fixture
async def worker(playground: Playground) -> AsyncIterator[Bot]:
    """Log the bot with commands in."""
    async with logged_in(Bot(), playground) as running:
        assert isinstance(running, Bot)
        yield running


async def test_a_slash_command_with_a_picture(
    worker: Bot, page: Page, playground: Playground
) -> None:
    """The picture arrives whole, the answer is seen, and says whose command it answers."""
    picture = playground.world.owner.avatar
    data: dict[str, Any] = await page.command("look")
    options = [
        {"type": 11, "name": "picture", "value": "0"},
        {"type": 3, "name": "model", "value": "vgg11"},
        {"type": 6, "name": "friend", "value": str(playground.world.owner.id)},
    ]
    data |= {"options": options, "attachments": [{"id": "0", "filename": "me.png"}]}
    answer = await page.interact(COMMAND, data, files=[("me.png", picture)])
    assert answer.status == 204
    message = await page.event("MESSAGE_CREATE")
    assert message["content"] == f"me.png {len(picture)} vgg11 you"
    assert message["interaction"]["name"] == "look"
    assert message["interaction_metadata"]["user"]["username"] == "you"
    created, success = (
        await page.event("INTERACTION_CREATE"),
        await page.event("INTERACTION_SUCCESS"),
    )
    assert created["nonce"] == success["nonce"] == "7"
    (seen,) = worker.seen
    assert seen.filesize_limit == 10 * 1024 * 1024
    assert seen.app_permissions.attach_files
    assert seen.context.guild
    assert seen.guild_id == playground.guild_id


async def test_a_required_option_has_to_be_there(worker: Bot, page: Page) -> None:
    """Discord's client would not send this; the server refuses it."""
    answer = await page.interact(COMMAND, await page.command("look"))
    assert (answer.status, answer.data["code"]) == (400, 50035)
    assert worker.seen == []


async def test_autocomplete_answers_the_person(worker: Bot, page: Page) -> None:
    """Choices come back as an event under the request's nonce."""
    data: dict[str, Any] = await page.command("look")
    data["options"] = [{"type": 3, "name": "model", "value": "resnet", "focused": True}]
    await page.interact(AUTOCOMPLETE, data)
    told = await page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
    assert [choice["value"] for choice in told["choices"]] == ["resnet18", "resnet50"]
    assert told["nonce"] == "7"
    assert worker.errors == []


async def test_a_late_answer_is_unknown(worker: Bot, page: Page, playground: Playground) -> None:
    """After the limit the person is told, and the bot gets 10062."""
    playground.interactions.answer_within = 0.1
    await page.interact(COMMAND, await page.command("late"))
    assert (await page.event("INTERACTION_FAILURE"))["nonce"] == "7"
    await eventually(lambda: worker.errors)
    (error,) = worker.errors
    assert isinstance(error, discord.NotFound)
    assert error.code == 10062
    assert page.heard("MESSAGE_CREATE") == []


async def test_a_second_answer_is_refused(worker: Bot, page: Page) -> None:
    """The first answer stands, the second gets 40060."""
    await page.interact(COMMAND, await page.command("twice"))
    await eventually(lambda: worker.errors)
    (error,) = worker.errors
    assert isinstance(error, discord.HTTPException)
    assert error.code == 40060
    assert [m["content"] for m in page.heard("MESSAGE_CREATE")] == ["once"]


async def test_an_ephemeral_answer_reaches_the_asker_alone(
    worker: Bot, page: Page, playground: Playground
) -> None:
    """Neither the history, nor others, nor the bot's own gateway know of it."""
    other = await playground.new_person("ann")
    async with (
        Rest(playground.api, other.token) as rest,
        Page(playground, other.token, rest) as theirs,
    ):
        await page.interact(COMMAND, await page.command("hidden"))
        message = await page.event("MESSAGE_CREATE")
        assert message["content"] == "psst"
        assert message["flags"] & 64
        await rest.say(playground.channel_id, "hello")
        await theirs.event("MESSAGE_CREATE")
        assert [m["content"] for m in theirs.heard("MESSAGE_CREATE")] == ["hello"]
        history = await page.rest.ask("GET", f"/channels/{playground.channel_id}/messages")
        assert [m["content"] for m in history.data] == ["hello"]
        path = f"/channels/{playground.channel_id}/messages/{message['id']}"
        assert (await page.rest.ask("GET", path)).data["code"] == 10008
    assert worker.errors == []


async def test_buttons_and_selects(worker: Bot, page: Page) -> None:
    """A button edits its message, a select answers in private."""
    await page.interact(COMMAND, await page.command("panel"))
    message = await page.event("MESSAGE_CREATE")
    more = {"component_type": 2, "custom_id": "more"}
    answer = await page.interact(COMPONENT, more, message_id=message["id"])
    assert answer.status == 204
    assert (await page.event("MESSAGE_UPDATE"))["content"] == "more"
    follow_up = await page.event("MESSAGE_CREATE", 2)
    assert follow_up["content"] == "and more"
    assert follow_up["message_reference"]["message_id"] == message["id"]
    pick = {"component_type": 3, "custom_id": "pick", "values": ["a"]}
    await page.interact(COMPONENT, pick, message_id=message["id"])
    private = await page.event("MESSAGE_CREATE", 3)
    assert (private["content"], private["flags"] & 64) == ("a", 64)
    for wrong in ({**pick, "values": ["b"]}, {**more, "custom_id": "none"}):
        refused = await page.interact(COMPONENT, wrong, message_id=message["id"])
        assert refused.data["code"] == 50035
    assert worker.errors == []


async def test_the_message_menu_needs_no_content_intent(page: Page, playground: Playground) -> None:
    """The target's text and files are in the interaction, also without the intent."""
    picture = playground.world.owner.avatar
    async with logged_in(Bot(), playground):
        target = await page.rest.say(playground.channel_id, "my cat", ("cat.png", picture))
        data: dict[str, Any] = await page.command("Classify")
        await page.interact(COMMAND, {**data, "target_id": target["id"]})
        answer = await page.event("MESSAGE_CREATE", 2)
    assert answer["content"] == "my cat 1"
    assert answer["type"] == 23
    assert answer["interaction_metadata"]["target_message_id"] == target["id"]


async def test_deferring_and_following_up(worker: Bot, page: Page) -> None:
    """The loading message is finished in place, and follow-ups reply to it."""
    await page.interact(COMMAND, await page.command("deferred"))
    loading = await page.event("MESSAGE_CREATE")
    assert loading["flags"] & 128
    finished = await page.event("MESSAGE_UPDATE")
    assert (finished["id"], finished["content"]) == (loading["id"], "thought")
    assert not finished["flags"] & 128
    last = await page.event("MESSAGE_CREATE", 8)
    assert last["content"] == "6"
    assert last["message_reference"]["message_id"] == loading["id"]
    assert worker.errors == []


async def test_a_user_install_works_where_the_bot_is_not(
    worker: Bot, page: Page, playground: Playground
) -> None:
    """In a guild without the bot it answers five times more, and not in private unless it must."""
    guild = playground.world.add_guild("elsewhere", with_bot=False)
    channel = playground.world.add_channel("general", guild=guild)
    data = await page.command("deferred", channel.id)
    await page.interact(COMMAND, data, channel_id=channel.id)
    await eventually(lambda: worker.errors)
    (seen,) = worker.seen
    assert seen.is_user_integration()
    assert not seen.is_guild_integration()
    (error,) = worker.errors
    assert isinstance(error, discord.HTTPException)
    assert error.code == 40094
    assert [m["content"] for m in page.heard("MESSAGE_CREATE")] == ["", *"01234"]
    with pytest.raises(AssertionError, match="not in the index"):
        await page.command("look", channel.id)


async def test_a_user_install_is_private_where_external_apps_are_off(
    worker: Bot, page: Page, playground: Playground
) -> None:
    """Without Use External Apps the answer reaches the requester alone."""
    world = playground.world
    guild = world.add_guild("strict", owner=world.add_stranger("boss"), with_bot=False)
    channel = world.add_channel("general", guild=guild)
    world.join(guild, world.owner)
    world.set_role(guild.roles[guild.id], EVERYONE & ~PermissionBits.USE_EXTERNAL_APPS)
    data = await page.command("deferred", channel.id)
    await page.interact(COMMAND, data, channel_id=channel.id)
    assert (await page.event("MESSAGE_CREATE"))["flags"] & 64
    await eventually(lambda: worker.errors)


async def test_a_command_in_direct_messages(
    worker: Bot, page: Page, playground: Playground
) -> None:
    """There is no member and no guild, and the answer comes in the conversation."""
    world = playground.world
    dm = world.open_dm(world.owner, world.bot)
    await page.interact(COMMAND, await page.command("panel", dm.id), channel_id=dm.id)
    assert (await page.event("MESSAGE_CREATE"))["channel_id"] == str(dm.id)
    (seen,) = worker.seen
    assert seen.guild_id is None
    assert seen.context.dm_channel
    assert isinstance(seen.channel, discord.DMChannel)
    assert seen.app_permissions.attach_files


async def test_the_token_ends(
    worker: Bot, page: Page, playground: Playground, bot_rest: Rest
) -> None:
    """After its life the token opens nothing: 50027."""
    await page.interact(COMMAND, await page.command("panel"))
    await page.event("MESSAGE_CREATE")
    path = f"/webhooks/{playground.application_id}/{worker.seen[0].token}"
    assert (await bot_rest.ask("GET", f"{path}/messages/@original")).status == 200
    playground.interactions.token_life = 0.0
    ended = await bot_rest.ask("POST", path, {"content": "more"})
    assert (ended.status, ended.data["code"]) == (401, 50027)


async def test_deleting_the_answer(
    worker: Bot, page: Page, playground: Playground, bot_rest: Rest
) -> None:
    """A deleted answer is gone for edits as well."""
    await page.interact(COMMAND, await page.command("panel"))
    message = await page.event("MESSAGE_CREATE")
    path = f"/webhooks/{playground.application_id}/{worker.seen[0].token}/messages/@original"
    assert (await bot_rest.ask("DELETE", path)).status == 204
    assert (await page.event("MESSAGE_DELETE"))["id"] == message["id"]
    assert (await bot_rest.ask("PATCH", path, {"content": "x"})).data["code"] == 10008


async def test_commands_keep_their_ids(worker: Bot, playground: Playground) -> None:
    """Syncing the same tree again changes nothing."""
    before = {
        c.body["name"]: (c.id, c.version) for c in playground.world.application.commands.values()
    }
    await worker.tree.sync()
    after = {
        c.body["name"]: (c.id, c.version) for c in playground.world.application.commands.values()
    }
    assert before == after
    assert len(await worker.tree.fetch_commands()) == 7
