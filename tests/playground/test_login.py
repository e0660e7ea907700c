"""A real discord.py bot logs in, hears people and answers them."""

import io

import discord
import pytest

from bot.app.discord_patches import DISCORD, point_discord_at
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Rest, eventually, logged_in


async def test_the_bot_is_in_its_guild_once_ready(bot: EchoBot, playground: Playground) -> None:
    """READY and GUILD_CREATE give discord.py a guild with a channel it may write in."""
    guild = bot.get_guild(playground.guild_id)
    assert guild is not None
    channel = guild.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    assert channel.permissions_for(guild.me).attach_files
    assert bot.user is not None
    assert bot.user.id == playground.bot_user_id
    assert bot.application_id == playground.application_id
    assert guild.filesize_limit == 10 * 1024 * 1024


async def test_ping_is_answered_by_a_reply(
    bot: EchoBot, person: Rest, playground: Playground
) -> None:
    """A message reaches the bot and its reply reaches the channel."""
    asked = await person.say(playground.channel_id, "!ping")
    await bot.hear()
    await eventually(lambda: len(playground.world.channel.messages) == 2)
    answer = await person.ask("GET", f"/channels/{playground.channel_id}/messages")
    reply, question = answer.data
    assert question["id"] == asked["id"]
    assert reply["content"] == "pong"
    assert reply["author"]["bot"]
    assert reply["message_reference"]["message_id"] == asked["id"]
    assert reply["referenced_message"]["content"] == "!ping"


async def test_an_attachment_arrives_byte_for_byte(
    bot: EchoBot, person: Rest, playground: Playground
) -> None:
    """What a person attaches, discord.py reads unchanged, with its size and alt text."""
    picture = playground.world.owner.avatar
    entry = {"id": "0", "filename": "my face.png", "description": "a face"}
    await person.say(
        playground.channel_id, "!classify", ("my face.png", picture), attachments=[entry]
    )
    (attachment,) = (await bot.hear()).attachments
    assert await attachment.read() == picture
    assert await attachment.read(use_cached=True) == picture
    assert (attachment.width, attachment.height) == (128, 128)
    assert (attachment.filename, attachment.content_type) == ("my_face.png", "image/png")
    assert attachment.description == "a face"


async def test_the_bots_files_and_embeds_come_back(bot: EchoBot, playground: Playground) -> None:
    """A file that an embed shows is served at the embed's address."""
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    picture = playground.world.owner.avatar
    embed = discord.Embed(title="Labels").set_image(url="attachment://crop.png")
    message = await channel.send(embed=embed, file=discord.File(io.BytesIO(picture), "crop.png"))
    assert message.embeds[0].image.width == 128
    assert message.embeds[0].image.proxy_url
    url = message.embeds[0].image.url
    assert url is not None
    assert await bot.http.get_from_cdn(url) == picture
    assert message.attachments == []


async def test_avatars_are_pictures(bot: EchoBot, playground: Playground) -> None:
    """discord.py finds people's avatars on the playground's CDN."""
    assert bot.user is not None
    assert await bot.user.display_avatar.read() == playground.world.bot.avatar


async def test_a_wrong_token_is_refused(playground: Playground) -> None:
    """discord.py reports a login failure."""
    client = EchoBot(discord.Intents.default())
    with pytest.raises(discord.LoginFailure):
        await client.login("wrong")
    await client.close()


async def test_the_content_intent_has_to_be_switched_on() -> None:
    """Asking for it without the owner's consent ends with close code 4014."""
    async with Playground(message_content=False) as strict:
        point_discord_at(strict.api)
        intents = discord.Intents.default()
        intents.message_content = True
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with logged_in(EchoBot(intents), strict):
                pass
        point_discord_at(DISCORD)


async def test_without_the_content_intent_content_is_empty(
    person: Rest, playground: Playground
) -> None:
    """Only mentions and direct messages keep their text and files."""
    picture = playground.world.owner.avatar
    async with logged_in(EchoBot(discord.Intents.default()), playground) as bot:
        await person.say(playground.channel_id, "secret", ("a.png", picture))
        bare = await bot.hear()
        assert (bare.content, bare.attachments) == ("", [])
        mention = f"<@{playground.bot_user_id}> hello"
        await person.say(playground.channel_id, mention, ("a.png", picture))
        told = await bot.hear()
        assert told.content == mention
        assert len(told.attachments) == 1
        dm = playground.world.open_dm(playground.world.owner, playground.world.bot)
        await person.say(dm.id, "in private")
        private = await bot.hear()
        assert private.content == "in private"
        assert isinstance(private.channel, discord.DMChannel)
