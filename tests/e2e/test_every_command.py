"""What holds for every command alike: typed or chosen, for all to see, on as much as it takes."""

from typing import Any

from msgspec.structs import replace

from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import buttons, completed, page_of
from tests.e2e.test_settings import EPHEMERAL, Server, server
from tests.models.pictures import encoded, scene

__all__ = ["server"]

PICTURE = ("a.png", encoded(scene()))
LITE0 = "efficientnet_lite0"


async def test_slash_commands_are_answered_for_all_to_see(server: Server) -> None:
    """Each takes its picture and its options."""
    asked: dict[str, tuple[dict[str, Any], str]] = {
        "classify": ({"picture": PICTURE, "model": LITE0}, f"{LITE0} · "),
        "why": ({"picture": PICTURE, "model": LITE0}, "Brighter areas"),
        "shake": ({"picture": PICTURE, "model": LITE0}, "stayed on top in"),
        "caption": ({"picture": PICTURE, "model": "caption_small", "beams": 1}, "caption_small · "),
        "read": ({"picture": PICTURE}, "I don't see any words"),
        "zebra": ({"picture": PICTURE, "size": 32}, "×32, returned at 64×48"),
        "transform": ({"picture": PICTURE, "pair": "zebra2horse", "size": 32}, "×32, returned"),
        "cycle": ({"picture": PICTURE}, "The round trip"),
        "models": ({"family": "vgg", "search": "16"}, "Models for “family:vgg 16”"),
        "try": ({}, "Pick a picture"),
        "help": ({}, "What I can do"),
        "hub": ({}, "No Torch Hub models are available"),
        "taught": ({}, "I haven't learned any labels here yet"),
    }
    for command, (options, within) in asked.items():
        answer = await server.use(server.member, command, **options)
        assert within in said(answer), command
        assert not answer["flags"] & EPHEMERAL, command
        if command == "try":
            assert "A cup of coffee" in buttons(answer)


async def test_one_picture_of_several_is_taken_and_it_is_said(user: ChatUser) -> None:
    """By the commands that look at one alone."""
    for command in ("!why", "!shake", "!compare", "!untrained resnet18"):
        reply = await user.ask(command, PICTURE, ("b.png", pictures.plain("red")))
        assert "-# the first of 2" in said(reply), command
        assert len(reply["embeds"]) == 1, command


async def test_a_model_that_is_not_here_has_a_note_on_who_may_bring_it(user: ChatUser) -> None:
    """Whatever was asked of it."""
    for command in (
        "!classify alexnet",
        "!why alexnet",
        "!shake alexnet",
        "!translate monet2photo",
    ):
        reply = await user.ask(command, PICTURE)
        assert "Someone with **Manage Server**" in said(reply), command


async def test_a_servers_classifier_answers_whatever_is_asked_of_one(server: Server) -> None:
    """Where nobody names another."""
    servers, guild = server.env.bot.store.servers, server.guild.id
    await servers.change(guild, lambda now: replace(now, model="alexnet"))
    for command in ("!classify", "!why", "!shake"):
        reply = said(await server.member.ask(command, PICTURE))
        assert "alexnet isn't installed here" in reply, command
        assert "alexnet" not in said(await server.member.ask(f"{command} {LITE0}", PICTURE))


async def test_options_offer_models_of_their_task(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """At most 25, and of several names no more than Discord takes."""
    cards = {card.name: card.task for card in env.bot.executor.models}
    options = {"why": "model", "shake": "model", "untrained": "model", "compare": "models"}
    async with page_of(env.playground, user.person) as page:
        for command, option in options.items():
            offered = await completed(page, channel, command, option, "")
            assert {cards[name] for name in offered} == {"classify"}, command
            assert len(offered) == 25, command
        offered = await completed(page, channel, "transform", "pair", "")
        assert {cards[name] for name in offered} == {"translate"}
        families = await completed(page, channel, "models", "family", "")
        assert families == sorted(families)
        assert 1 < len(families) <= 25
        many = "alexnet " * 11
        assert await completed(page, channel, "compare", "models", f"{many}vgg16") == [
            f"{many}vgg16",
            f"{many}vgg16_bn",
        ]
        assert await completed(page, channel, "compare", "models", f"{many}alexnet vgg16") == []


async def test_a_command_is_read_however_it_is_written(env: Env, user: ChatUser) -> None:
    """In capitals, with a space before it, behind a mention."""
    mention = f"<@{env.playground.bot_user_id}>"
    for text in ("!PRIVACY", "! privacy", f"{mention} privacy", f"{mention}   Privacy"):
        assert "Your privacy" in said(await user.ask(text)), text


async def test_an_unknown_command_is_told_where_bobby_is_called(env: Env, user: ChatUser) -> None:
    """A slip in a long name is understood, and a short one may be another bot's."""
    mention = f"<@{env.playground.bot_user_id}>"
    assert "I don't know that command" in said(await user.ask(f"{mention} dance"))
    assert "Did you mean `!translate`" in said(await user.ask("!transalte"))
    assert "Did you mean `!transform`" in said(await user.ask("!trasnform"))
    unheard = await user.say("!stats")
    await user.ask("!privacy")
    assert user.replies(unheard) == []
