"""What goes out as one reply, and what is left of it where something may not be posted."""

import io

import discord

from bot.conversation.reply import MOST_CHARACTERS, Reply, Upload


def whole() -> Reply:
    """Return a reply that has one of everything."""
    embed = discord.Embed(title="a title", description="a text")
    embed.add_field(name="a field", value="a value").set_footer(text="small print")
    embed.set_image(url="attachment://a.png").set_thumbnail(url="attachment://a.png")
    upload = Upload("a.png", b"bytes", "alt")
    return Reply("above", (embed,), (upload,), discord.ui.View(timeout=None))


async def test_without_embeds_all_their_words_are_the_text() -> None:
    """Title, text, fields and small print, in order; files and buttons stay."""
    reply = whole()
    text = reply.as_text()
    assert text.text == "above\n**a title**\na text\n**a field** a value\n-# small print"
    assert text.embeds == ()
    assert text.uploads == reply.uploads
    assert text.view is reply.view


def test_without_embeds_nothing_stands_for_what_an_embed_lacks() -> None:
    """No empty line, no stars around nothing."""
    embeds = (discord.Embed(description="one"), discord.Embed(title="two"))
    assert Reply(embeds=embeds).as_text().text == "one\n**two**"


async def test_without_files_no_embed_shows_one() -> None:
    """A line says why, and the reply itself, whose embeds may still be sent, stays as it was."""
    reply = whole()
    rest = reply.without_uploads("They may not.")
    assert rest.text == "above\n-# They may not."
    assert rest.uploads == ()
    assert rest.view is reply.view
    (embed,) = rest.embeds
    assert (embed.image.url, embed.thumbnail.url) == (None, None)
    assert (embed.title, embed.footer.text) == ("a title", "small print")
    assert reply.embeds[0].image.url == reply.embeds[0].thumbnail.url == "attachment://a.png"
    assert Reply().without_uploads("They may not.").text == "-# They may not."


def test_an_edit_takes_away_what_was_there_before() -> None:
    """Text, embeds, files and buttons that the new reply does not have."""
    assert Reply().edited() == {"content": None, "embeds": (), "attachments": [], "view": None}


async def test_an_edit_has_all_of_the_reply() -> None:
    """Text, embeds, files and buttons."""
    reply = whole()
    edited = reply.edited()
    assert (edited["content"], edited["embeds"]) == (reply.text, reply.embeds)
    assert edited["view"] is reply.view
    assert [file.filename for file in edited["attachments"]] == ["a.png"]


def test_a_file_has_its_name_bytes_and_alt_text() -> None:
    """The alt text is no longer than Discord takes; a spoiler is marked as one."""
    plain = Upload("a.png", b"bytes", "x" * 2000).to_file()
    assert (plain.filename, plain.description, plain.spoiler) == ("a.png", "x" * 1024, False)
    assert isinstance(plain.fp, io.BytesIO)
    assert plain.fp.getvalue() == b"bytes"
    assert Upload("a.png", b"bytes", "alt", spoiler=True).to_file().spoiler


def test_a_text_that_just_fits_is_not_cut() -> None:
    """One more character, and the last whole line goes; one that is too long itself is cut."""
    fits = "a" * 999 + "\n" + "b" * (MOST_CHARACTERS - 1000)
    assert Reply(fits).as_text().text == fits
    assert Reply(fits + "b").as_text().text == "a" * 999 + "\n…"
    long = Reply("c" * 3000).as_text().text
    assert long
    assert MOST_CHARACTERS - 10 < len(long) <= MOST_CHARACTERS
    assert long.endswith("c\n…")
