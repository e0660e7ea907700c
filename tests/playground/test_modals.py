"""Modals: how a bot asks with one, and what it hears when somebody has filled it in."""

from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, eventually, logged_in

Body = dict[str, Any]


class Teach(discord.ui.Modal, title="Teach"):
    """Asks for a picture, what it shows, and who may know."""

    hint: discord.ui.TextDisplay[Any] = discord.ui.TextDisplay("Pictures of one thing, please.")
    picture: discord.ui.Label["Teach"] = discord.ui.Label(
        text="Picture", component=discord.ui.FileUpload(custom_id="picture", max_values=2)
    )
    name: discord.ui.Label["Teach"] = discord.ui.Label(
        text="Name", component=discord.ui.TextInput(custom_id="name", min_length=2, max_length=9)
    )
    scope: discord.ui.Label["Teach"] = discord.ui.Label(
        text="Where",
        component=discord.ui.Select(
            custom_id="scope",
            required=False,
            options=[discord.SelectOption(label=one) for one in ("here", "everywhere")],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say what came."""
        upload, text, select = self.picture.component, self.name.component, self.scope.component
        assert isinstance(upload, discord.ui.FileUpload)
        assert isinstance(text, discord.ui.TextInput)
        assert isinstance(select, discord.ui.Select)
        sizes = [len(await file.read()) for file in upload.values]
        said = f"{text.value} {sizes} {select.values}"
        if interaction.message is not None:
            await interaction.response.edit_message(content=said, view=None)
        else:
            await interaction.response.send_message(said, ephemeral=True)


class Panel(discord.ui.View):
    """A button that opens the modal."""

    @discord.ui.button(label="Teach", custom_id="teach")
    async def teach(self, interaction: discord.Interaction, _: discord.ui.Button["Panel"]) -> None:
        """Open it."""
        await interaction.response.send_modal(Teach())


@app_commands.command(description="Teach")
async def teach(interaction: discord.Interaction) -> None:
    """Open the modal."""
    await interaction.response.send_modal(Teach())


class Teacher(EchoBot):
    """A bot with a command that opens a modal."""

    async def setup_hook(self) -> None:
        """Publish the command."""
        tree = app_commands.CommandTree(self)
        tree.add_command(teach)
        await tree.sync()


@pytest.fixture
async def teacher(playground: Playground) -> AsyncIterator[EchoBot]:
    """Log the bot in."""
    async with logged_in(Teacher(discord.Intents.default()), playground) as bot:
        yield bot


def _filled(modal: Body, **values: Any) -> Body:
    """Return what a client sends of `modal` when its fields are `values`."""
    components = []
    for one in modal["components"]:
        if one["type"] == 18:
            asked = one["component"]
            value = values.get(asked["custom_id"])
            answer = {"value": value} if asked["type"] == 4 else {"values": value or []}
            field = {"type": asked["type"], "custom_id": asked["custom_id"], **answer}
            components.append({"type": 18, "id": one["id"], "component": field})
    return {"id": modal["id"], "custom_id": modal["custom_id"], "components": components}


FILES = [("a.png", b"12345"), ("b.png", b"123")]


async def test_a_modal_is_filled_in_with_files_text_and_a_choice(
    teacher: EchoBot, page: Page
) -> None:
    """The bot hears everything, once; the person alone sees the answer."""
    assert teacher.is_ready()
    sent = await page.interact(2, await page.command("teach"))
    assert sent.status == 204
    modal = await page.event("INTERACTION_MODAL_CREATE")
    assert (modal["title"], len(modal["components"])) == ("Teach", 4)
    data = _filled(modal, picture=["0", "1"], name="owl", scope=["here"])
    assert (await page.interact(5, data, files=FILES)).status == 204
    answer = await page.event("MESSAGE_CREATE")
    assert answer["content"] == "owl [5, 3] ['here']"
    assert answer["flags"] == 1 << 6
    assert answer["interaction_metadata"]["triggering_interaction_metadata"]["type"] == 2
    again = await page.interact(5, data, files=FILES)
    assert again.data["code"] == 10062


async def test_a_modal_of_a_button_may_change_its_message(
    teacher: EchoBot, page: Page, playground: Playground
) -> None:
    """As an answer to the button itself does."""
    channel = teacher.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    shown = await channel.send("Press", view=Panel())
    press = {"component_type": 2, "custom_id": "teach"}
    await page.interact(3, press, message_id=str(shown.id))
    modal = await page.event("INTERACTION_MODAL_CREATE")
    data = _filled(modal, picture=["0"], name="owl")
    assert (await page.interact(5, data, files=FILES[:1])).status == 204
    await eventually(lambda: page.heard("MESSAGE_UPDATE"))
    assert page.heard("MESSAGE_UPDATE")[0]["content"] == "owl [5] []"


UNFILLED: list[tuple[str, Body]] = [
    ("picture", {"name": "owl"}),
    ("picture", {"name": "owl", "picture": ["0", "1", "0"]}),
    ("name", {"picture": ["0"]}),
    ("name", {"picture": ["0"], "name": "x"}),
    ("name", {"picture": ["0"], "name": "x" * 10}),
    ("scope", {"picture": ["0"], "name": "owl", "scope": ["nowhere"]}),
]


async def test_what_does_not_fit_leaves_the_modal_open(teacher: EchoBot, page: Page) -> None:
    """Too little, too much, and what was not to be chosen; then it can be sent after all."""
    assert teacher.is_ready()
    await page.interact(2, await page.command("teach"))
    modal = await page.event("INTERACTION_MODAL_CREATE")
    for field, values in UNFILLED:
        refused = await page.interact(5, _filled(modal, **values), files=FILES)
        assert refused.data["errors"]["data"]["components"][field]["_errors"], values
    data = _filled(modal, picture=["0"], name="owl")
    assert (await page.interact(5, data, files=FILES)).status == 204


_LABEL: Body = {"type": 18, "label": "x", "component": {"type": 19, "custom_id": "f"}}
_DOUBLE = [_LABEL, _LABEL]
MISSHAPED: list[tuple[str, Body]] = [
    ("title", {"custom_id": "m", "title": "x" * 46, "components": [_LABEL]}),
    ("custom_id", {"title": "x", "components": [_LABEL]}),
    ("components", {"custom_id": "m", "title": "x", "components": []}),
    ("components.0.type", {"custom_id": "m", "title": "x", "components": [_LABEL["component"]]}),
    ("components.1.component.custom_id", {"custom_id": "m", "title": "x", "components": _DOUBLE}),
]


async def test_a_modal_has_its_form(page: Page, bot_rest: Rest, playground: Playground) -> None:
    """A title, an id, and labels with fields; what is refused can be answered better."""
    commands = f"/applications/{playground.application_id}/commands"
    await bot_rest.ask("PUT", commands, [{"name": "teach", "description": "x"}])
    heard: list[Body] = []
    playground.world.subscribe(lambda event: heard.append(event.data))
    assert (await page.interact(2, await page.command("teach"))).status == 204
    told = next(one for one in heard if "token" in one)
    path = f"/interactions/{told['id']}/{told['token']}/callback"
    for field, data in MISSHAPED:
        refused = await bot_rest.ask("POST", path, {"type": 9, "data": data})
        node = refused.data["errors"]["data"]
        for part in field.split("."):
            node = node[part]
        assert node["_errors"], data
    fine = {"custom_id": "m", "title": "x", "components": [_LABEL]}
    assert (await bot_rest.ask("POST", path, {"type": 9, "data": fine})).status == 204
