"""How words of pictures look: escaped, marked, cut, as code and as alt text."""

from typing import Any

from hypothesis import given
from msgspec.structs import replace

from bot.conversation.per_picture import PictureResult
from bot.replies.alt_text import MOST, AltText, alt_text, alt_text_reply
from bot.replies.caption import captioned
from bot.replies.read import code_block, code_reply, located_reply, plain, read_reply, words_in
from models.jobs.answers import Captioned, Image, Located, ReadText, TextLine
from tests.bot.core.test_formatting import LIVE, texts, unescaped
from tests.bot.replies.test_common import picture
from tests.bot.replies.test_pictures import caption

MADE: dict[str, Any] = {"model": "read", "weights": "W", "device": "cpu", "milliseconds": 12.4}


def line(text: str, paragraph: int = 0, height: int = 10, **known: Any) -> TextLine:
    """Return a line of text with letters so many pixels high."""
    corners = (0, 0, 200, 0, 200, height, 0, height)
    plain_line = TextLine(text=text, score=0.9, corners=corners, paragraph=paragraph, wrapped=False)
    return replace(plain_line, **known)


def text(*lines: TextLine, illegible: int = 0, unread: int = 0) -> ReadText:
    """Return what was read."""
    return ReadText(
        lines=lines, illegible=illegible, unread=unread, width=1, height=1, frames=1, **MADE
    )


def described(known: ReadText) -> str:
    """Return what the reply says of a picture with that text."""
    (embed,) = read_reply([PictureResult(picture(), known)]).embeds
    assert embed.description
    return embed.description


def test_lines_paragraphs_and_wrapped_lines() -> None:
    """A wrapped line goes on, a paragraph is a line apart, ideographs have no blanks."""
    known = text(
        line("It was a dark", wrapped=True),
        line("night."),
        line("Next", 1),
        line("第一", 2, wrapped=True),
        line("行", 2),
    )
    assert plain(known) == "It was a dark night.\n\nNext\n\n第一行"
    assert described(known) == plain(known)


@given(texts)
def test_nothing_in_a_picture_is_alive(words: str) -> None:
    """Whatever is written in it."""
    for shown in described(text(line(words))).splitlines():
        assert LIVE.search(unescaped(shown.removeprefix("-# "))) is None
    assert "```" not in code_block(words).removeprefix("```\n").removesuffix("\n```")


def test_unsure_words_are_marked() -> None:
    """And what the mark means is said."""
    shown = described(text(line("one twa three", unsure=(1,)), illegible=2, unread=1))
    assert shown == (
        "one twa(?) three\n-# (?) marks words I'm not sure about\n"
        "-# Left out 2 lines I couldn't make out\n-# The largest letters, and 1 more line"
    )


def test_a_long_text_has_a_file() -> None:
    """With all of it; a spoiler's hides."""
    known = text(*(line(f"line {number} of many", number) for number in range(300)))
    reply = read_reply([PictureResult(picture("a.png", spoiler=True), known)])
    (embed,), (upload,) = reply.embeds, reply.uploads
    assert embed.description
    assert len(embed.description) < 2200
    assert "\n…" in embed.description
    assert "The attached file has the whole text." in embed.description
    assert (upload.data.decode(), upload.spoiler) == (plain(known), True)


def test_ten_long_texts_fit_a_message() -> None:
    """Discord takes 6,000 characters in all embeds."""
    known = text(*(line(f"line {number} of many", number) for number in range(300)))
    reply = read_reply([PictureResult(picture(), known)] * 10)
    assert sum(len(embed) for embed in reply.embeds) <= 6000
    assert len(reply.uploads) == 10


def test_no_words_are_one_sentence() -> None:
    """Another one where there are some that nobody can spell, with what would help."""
    assert described(text()) == "I don't see any words in this picture."
    reply = read_reply([PictureResult(picture(), text(illegible=3))], hint="Add Korean")
    assert reply.embeds[0].description == (
        "There are words in this picture, but I can't spell them.\n-# Add Korean"
    )


def test_code_is_as_it_is_written() -> None:
    """Three backticks can't end it."""
    reply = code_reply([PictureResult(picture(), text(line("a *b* ``` c")))])
    assert reply.text == "```\na *b* `\u200b`\u200b` c\n```"


def test_boxes_are_numbered_as_the_lines() -> None:
    """The picture of a spoiler is one."""
    image = Image(data=b"jpg", extension="jpg", width=1, height=1)
    located = Located(image=image, text=text(line("one"), line("two")), **MADE)
    reply = located_reply(picture("a.png", spoiler=True), located)
    assert reply.embeds[0].description == "||**1** one\n**2** two||"
    assert reply.uploads[0].spoiler


def test_the_largest_letters_have_room_first() -> None:
    """Whole words, in the picture's order."""
    lines = (line("small print here"), line("HUGE", height=90), line("middle size", height=30))
    assert words_in(lines, 100) == "small print here HUGE middle size"
    assert words_in(lines, 16) == "HUGE middle size"
    assert words_in(lines, 22) == "small HUGE middle size"


def known(caption: Captioned, *lines: TextLine) -> AltText:
    """Return what is known of a picture with that caption and these lines."""
    return AltText(caption, text(*lines))


def test_alt_text_is_ready_to_paste() -> None:
    """Unescaped, within a block of code; a guess is warned of, below it."""
    answers = (known(caption()), known(caption("b", sure=False)), "Not one.")
    assert alt_text_reply([PictureResult(picture(), one) for one in answers], "a note").text == (
        "-# a note\n```\nA dog_s *bone*.\n```\n```\nB.\n```\n-# I'm not sure about "
        "this one. Check it before you paste it.\nNot one."
    )


def test_alt_text_has_the_words() -> None:
    """Beside a caption that is sure, instead of one that isn't, never more than Discord takes."""
    assert alt_text(known(caption("a dog"), line("HELLO"))) == "A dog. It says “HELLO”."
    unsure = known(caption("a dog", sure=False), line("HELLO"))
    assert alt_text(unsure) == "A picture with the words “HELLO”."
    long = known(caption("a dog"), *(line("many words " * 20, number) for number in range(60)))
    assert len(alt_text(long)) <= MOST
    assert alt_text(long).endswith((" many”.", " words”."))


def test_a_caption_tells_the_words() -> None:
    """A page of them is told by them alone, since its caption is made up."""

    def said(answer: Captioned) -> str | None:
        return captioned([PictureResult(picture(), answer)]).embeds[0].description

    def with_words(*words: str, sure: bool = True) -> Captioned:
        lines = tuple(map(line, words))
        return Captioned(
            caption="a cat",
            log_probability=-1.0,
            sure=sure,
            alternatives=(),
            words=lines,
            width=1,
            height=1,
            frames=1,
            **MADE,
        )

    assert said(with_words("TOP", "BOTTOM")) == "A cat.\nIt says “TOP BOTTOM”."
    assert said(with_words("TOP", sure=False)) == "A picture with the words “TOP”."
    assert said(with_words(*"abcd")) == "A picture with the words “a b c d”."
