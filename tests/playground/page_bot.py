"""A small bot for the page's tests: real discord.py, one command per thing to see.

`!echo` answers with an embed and the picture in it, `!panel` with buttons and select menus,
`!evil` with markup where markup must stay text; `/look` takes a picture and a breed, `/slow`
thinks first, `/secret` answers one person alone, `/silent` never answers, `/teach` asks with a
modal; "Describe" is in the message menu.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from bot.app.discord_patches import point_at
from bot.playground.server import Playground

BREEDS = ["Golden retriever", "Labrador retriever", "Old English sheepdog", "Samoyed"]
EVIL = "<img src=x onerror=\"document.title='hacked'\">"


class Panel(discord.ui.View):
    """Buttons of every style and two select menus."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Docs", url="https://example.com/docs"))
        self.add_item(discord.ui.Button(label="Closed", disabled=True, custom_id="closed"))

    @discord.ui.button(label="Pat Bobby", style=discord.ButtonStyle.primary, emoji="🐾")
    async def pat(self, interaction: discord.Interaction, _: discord.ui.Button["Panel"]) -> None:
        """Change the message the button is on."""
        await interaction.response.edit_message(content="Bobby wags his tail.")

    @discord.ui.button(label="Broken", style=discord.ButtonStyle.danger)
    async def broken(self, _: discord.Interaction, __: discord.ui.Button["Panel"]) -> None:
        """Never answer."""

    @discord.ui.select(
        placeholder="Choose a breed",
        options=[discord.SelectOption(label=b, description="a good dog") for b in BREEDS],
    )
    async def breed(
        self, interaction: discord.Interaction, select: discord.ui.Select["Panel"]
    ) -> None:
        """Say what was chosen, to that person alone."""
        await interaction.response.send_message(f"You chose {select.values[0]}.", ephemeral=True)

    @discord.ui.select(
        placeholder="Choose two",
        min_values=2,
        max_values=2,
        options=[discord.SelectOption(label=b) for b in BREEDS],
    )
    async def two(
        self, interaction: discord.Interaction, select: discord.ui.Select["Panel"]
    ) -> None:
        """Say what was chosen."""
        await interaction.response.send_message(" and ".join(select.values))


class PageBot(discord.Client):
    """The bot; its commands are synced to the server as it starts."""

    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0,
        )
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(look)
        self.tree.add_command(slow)
        self.tree.add_command(secret)
        self.tree.add_command(silent)
        self.tree.add_command(teach)
        self.tree.add_command(describe)

    async def setup_hook(self) -> None:
        """Publish the commands."""
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        """Answer the text commands."""
        if message.author.bot:
            return
        if message.content.startswith("!echo"):
            await self._echo(message)
        elif message.content == "!panel":
            await message.channel.send("Press something.", view=Panel())
        elif message.content == "!evil":
            embed = discord.Embed(title=EVIL, description=EVIL).add_field(name=EVIL, value=EVIL)
            view = discord.ui.View(timeout=None)
            view.add_item(discord.ui.Button(label=EVIL, custom_id="evil"))
            embed.set_footer(text=EVIL).set_image(url="https://elsewhere.example/spy.png")
            await message.channel.send(EVIL, embed=embed, view=view)

    async def _echo(self, message: discord.Message) -> None:
        embed = discord.Embed(title="Echo", description=message.content, color=0xF5B54A)
        embed.add_field(name="Files", value=str(len(message.attachments)))
        files = []
        if message.attachments:
            data = await message.attachments[0].read()
            files = [discord.File(io.BytesIO(data), "seen.png", description="What came")]
            embed.set_image(url="attachment://seen.png")
        async with message.channel.typing():
            await message.reply(embed=embed, files=files)


@app_commands.command(description="Look at a picture")
@app_commands.describe(picture="The picture to look at", breed="What it may be", sure="How sure")
async def look(
    interaction: discord.Interaction,
    picture: discord.Attachment,
    breed: str | None = None,
    sure: app_commands.Range[int, 1, 100] | None = None,
) -> None:
    """Say what came."""
    size = len(await picture.read())
    await interaction.response.send_message(
        f"{picture.filename} has {size} bytes, breed {breed}, sure {sure}."
    )


@look.autocomplete("breed")
async def _breeds(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    found = [breed for breed in BREEDS if typed.lower() in breed.lower()]
    return [app_commands.Choice(name=breed, value=breed.upper()) for breed in found]


@app_commands.command(description="Think, then answer")
async def slow(interaction: discord.Interaction) -> None:
    """Defer, so that the page shows that the bot is thinking."""
    await interaction.response.defer()
    await asyncio.sleep(1)
    await interaction.followup.send("Thought about it.")


@app_commands.command(description="Tell you alone")
async def secret(interaction: discord.Interaction) -> None:
    """Answer privately."""
    await interaction.response.send_message("Between us.", ephemeral=True)


@app_commands.command(description="Never answer")
async def silent(_: discord.Interaction) -> None:
    """Let the three seconds pass."""


class Teach(discord.ui.Modal, title="Teach Bobby"):
    """A field of every kind."""

    hint: discord.ui.TextDisplay[Any] = discord.ui.TextDisplay("Pictures of **one** thing, please.")
    name: discord.ui.Label["Teach"] = discord.ui.Label(
        text="Name",
        description="What it is called",
        component=discord.ui.TextInput(
            custom_id="name", placeholder="owl", min_length=2, max_length=9
        ),
    )
    about: discord.ui.Label["Teach"] = discord.ui.Label(
        text="About",
        component=discord.ui.TextInput(
            style=discord.TextStyle.paragraph, required=False, default="A bird."
        ),
    )
    scope: discord.ui.Label["Teach"] = discord.ui.Label(
        text="Where",
        component=discord.ui.Select(
            required=False,
            options=[discord.SelectOption(label=one) for one in ("here", "everywhere")],
        ),
    )
    pictures: discord.ui.Label["Teach"] = discord.ui.Label(
        text="Pictures", component=discord.ui.FileUpload(max_values=2)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say what came."""
        name, about = self.name.component, self.about.component
        scope, pictures = self.scope.component, self.pictures.component
        assert isinstance(name, discord.ui.TextInput)
        assert isinstance(about, discord.ui.TextInput)
        assert isinstance(scope, discord.ui.Select)
        assert isinstance(pictures, discord.ui.FileUpload)
        sizes = [len(await file.read()) for file in pictures.values]
        said = f"{name.value}: {about.value} {scope.values} {sizes}"
        await interaction.response.send_message(said)


@app_commands.command(description="Teach a thing")
async def teach(interaction: discord.Interaction) -> None:
    """Ask with a modal."""
    await interaction.response.send_modal(Teach())


@app_commands.context_menu(name="Describe")
async def describe(interaction: discord.Interaction, message: discord.Message) -> None:
    """Answer about another message."""
    await interaction.response.send_message(
        f"It has {len(message.attachments)} files and says “{message.content}”."
    )


@asynccontextmanager
async def running_bot(playground: Playground) -> AsyncIterator[PageBot]:
    """Log the bot in to `playground`; yields once it can answer."""
    await point_at(playground.api)
    async with PageBot() as bot:
        session = asyncio.create_task(bot.start(playground.bot_token))
        waiting = asyncio.create_task(bot.wait_until_ready())
        try:
            await asyncio.wait({session, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if session.done():
                session.result()
            yield bot
        finally:
            waiting.cancel()
            await bot.close()
            await asyncio.gather(session, waiting, return_exceptions=True)
