"""A small picture bot on hikari, which Bobby does not use: what it is told has to be Discord's.

hikari is no part of the project: `pip install hikari` brings it; the tests skip where it is absent.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.playground.server import Playground
from tests.playground.clients import Page, eventually

hikari: Any = pytest.importorskip("hikari", reason="hikari is not here: pip install hikari")
pytestmark = pytest.mark.slow

PICTURE = ("dog.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 30)


async def _message(event: Any) -> None:
    """Answer `!look` with an embed, a file, a button and a select; `!edit` and `!delete` so."""
    if not event.is_human:
        return
    if event.content == "!look":
        data = await event.message.attachments[0].read()
        row, menu = (hikari.impl.MessageActionRowBuilder() for _ in range(2))
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "pat", label="Pat")
        menu.add_text_menu("breed").add_option("Samoyed", "samoyed")
        await event.message.respond(
            embed=hikari.Embed(title=f"{len(data)} bytes").set_image(
                hikari.Bytes(data, "seen.png")
            ),
            components=[row, menu],
            reply=True,
        )
    elif event.content == "!edit":
        said = await event.message.respond("one")
        await said.edit("two")
    elif event.content == "!delete":
        await (await event.message.respond("gone")).delete()


async def _interaction(event: Any) -> None:
    """Answer a command late with its file, a button by an edit, a select by a modal."""
    one, types = event.interaction, hikari.ResponseType
    if isinstance(one, hikari.CommandInteraction):
        await one.create_initial_response(types.DEFERRED_MESSAGE_CREATE)
        (file,) = one.resolved.attachments.values()
        await one.edit_initial_response(f"{file.filename} has {len(await file.read())} bytes")
        await one.execute("And more.", flags=hikari.MessageFlag.EPHEMERAL)
    elif isinstance(one, hikari.ModalInteraction):
        text = one.components[0][0].value
        await one.create_initial_response(
            types.MESSAGE_CREATE, f"Told {text}", flags=hikari.MessageFlag.EPHEMERAL
        )
    elif one.custom_id == "pat":
        await one.create_initial_response(types.MESSAGE_UPDATE, "Patted.")
    else:
        row = hikari.impl.ModalActionRowBuilder().add_text_input("why", "Why")
        await one.create_modal_response(one.values[0], "m", components=[row])


@pytest.fixture
async def bot(playground: Playground) -> AsyncIterator[Any]:
    """Log the bot in, with its one command."""
    intents = hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT
    app = hikari.GatewayBot(
        playground.bot_token, rest_url=playground.api, intents=intents, banner=None, logs=None
    )
    app.event_manager.subscribe(hikari.MessageCreateEvent, _message)
    app.event_manager.subscribe(hikari.InteractionCreateEvent, _interaction)
    await app.start(check_for_updates=False)
    picture = hikari.CommandOption(
        type=hikari.OptionType.ATTACHMENT, name="picture", description="What", is_required=True
    )
    command = app.rest.slash_command_builder("look", "Look at a picture").add_option(picture)
    await app.rest.set_application_commands(playground.application_id, [command])
    yield app
    await app.close()


def _said(playground: Playground) -> list[str]:
    return [one.content for one in playground.world.channel.messages.values() if one.author.bot]


async def test_messages_and_components(bot: Any, playground: Playground, page: Page) -> None:
    """Embed and file, button, select, modal, ephemeral, edit and delete."""
    channel, rest = playground.channel_id, page.rest
    await rest.say(channel, "!look", PICTURE)
    await page.event("MESSAGE_CREATE", 2)
    shown = page.heard("MESSAGE_CREATE")[1]
    assert shown["embeds"][0]["title"] == f"{len(PICTURE[1])} bytes"
    about = {"message_id": shown["id"]}
    await page.interact(3, {"component_type": 2, "custom_id": "pat"}, **about)
    await page.event("MESSAGE_UPDATE")
    data = {"component_type": 3, "custom_id": "breed", "values": ["samoyed"]}
    await page.interact(3, data, **about)
    modal = await page.event("INTERACTION_MODAL_CREATE")
    field = {"type": 4, "custom_id": "why", "value": "fur"}
    filled = {
        "id": modal["id"],
        "custom_id": "m",
        "components": [{"type": 1, "components": [field]}],
    }
    assert (await page.interact(5, filled)).status == 204
    told = await page.event("MESSAGE_CREATE", 3)
    assert (told["content"], told["flags"]) == ("Told fur", 64)
    await rest.say(channel, "!edit")
    await eventually(lambda: "two" in _said(playground))
    await rest.say(channel, "!delete")
    await page.event("MESSAGE_DELETE")


async def test_a_command_is_answered_late(bot: Any, page: Page) -> None:
    """With its file; what follows is ephemeral."""
    chosen = [{"type": 11, "name": "picture", "value": "0"}]
    data = {**await page.command("look"), "options": chosen}
    assert (await page.interact(2, data, files=[PICTURE])).status == 204
    more = await page.event("MESSAGE_CREATE", 2)
    assert (more["content"], more["flags"]) == ("And more.", 64)
    edited = await page.event("MESSAGE_UPDATE")
    assert edited["content"] == f"dog.png has {len(PICTURE[1])} bytes"
