"""How captions, translations, explanations and shaken pictures look."""

from typing import Any

import discord
import msgspec

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.pictures.picture import Picture
from bot.replies.caption import captioned, other_ways
from bot.replies.common import BLUE, GRAY, RED
from bot.replies.explanation import explained
from bot.replies.shake import shaken
from bot.replies.translation import translated
from models.jobs.answers import (
    BeforeAfter,
    Captioned,
    Cycled,
    Explained,
    Image,
    Label,
    RobustnessResult,
    RobustnessStep,
    Translated,
)
from models.jobs.base import say
from tests.bot.replies.test_common import picture

BEFORE, AFTER = Label(label="a_horse", probability=0.9), Label(label="a*zebra", probability=0.8)
MADE: dict[str, Any] = {"model": "net", "weights": "W", "device": "cpu", "milliseconds": 12.4}
RECEIPT = "net · W · cpu · 12 ms"
STAND_IN = say("{name} is not here.", name="*x*")
SECRET = picture("secret.png", spoiler=True)


def image(name: str = "image", extension: str = "png") -> Image:
    """Return a file that has its name for content."""
    return Image(data=name.encode(), extension=extension, width=30, height=20)


def caption(text: str = "a dog_s *bone*", *, sure: bool = True) -> Captioned:
    """Return a caption with two others."""
    return Captioned(
        caption=text,
        log_probability=-1.0,
        sure=sure,
        alternatives=("one *way*", "another"),
        width=1,
        height=1,
        frames=1,
        **MADE,
    )


def there(*, expected: bool = True, frames_in_all: int = 1) -> Translated:
    """Return a translation."""
    return Translated(
        image=image(extension="webp"),
        verdict=BeforeAfter(before=BEFORE, after=AFTER, expected=expected, model="judge"),
        expects="a horse in a field",
        working_width=15,
        working_height=10,
        frames=1,
        frames_in_all=frames_in_all,
        **MADE,
    )


def back() -> Cycled:
    """Return a translation there and back."""
    return Cycled(
        original=image("original"),
        there=image("there"),
        back=image("back"),
        difference=0.125,
        verdict=there().verdict,
        inverse="ten",
        expects="a horse",
        **MADE,
    )


def why(label: str = "a_horse") -> Explained:
    """Return an explanation of `label`."""
    return Explained(image=image(), label=label, probability=0.5, top=(BEFORE, AFTER), **MADE)


def shook(*labels: str) -> RobustnessResult:
    """Return what becomes of a picture whose changes have those labels."""
    changes = tuple(
        RobustnessStep(change=f"c{n}", label=one, probability=0.5) for n, one in enumerate(labels)
    )
    return RobustnessResult(image=image(), changes=changes, **MADE)


def lines(embed: discord.Embed) -> list[str]:
    """Return the lines of an embed's text."""
    return (embed.description or "").splitlines()


def stand_in(answer: Any) -> Any:
    """Return `answer` as one of another model than was asked."""
    return msgspec.structs.replace(answer, substitution=STAND_IN)


async def test_a_caption_is_a_sentence_as_plain_text() -> None:
    """With its receipt and buttons below; what was found where stands above."""
    view = discord.ui.View(timeout=None)
    reply = captioned([PictureResult(picture(), caption())], "a note", view)
    (embed,) = reply.embeds
    assert reply.view is view
    assert reply.text == "-# a note"
    assert embed.description == r"A dog\_s \*bone\*."
    assert (embed.color, embed.title, embed.footer.text) == (BLUE, None, "net · 12 ms")
    assert reply.uploads == ()


def test_a_guess_is_said_to_be_one() -> None:
    """The sentence goes on within ours, and the embed is gray."""
    (embed,) = captioned([PictureResult(picture(), caption(sure=False))]).embeds
    assert embed.description == r"I'm guessing: a dog\_s \*bone\*."
    assert embed.color == GRAY


def test_a_captions_small_print() -> None:
    """The frame of an animation, and why another model has answered; a spoiler's is no secret."""
    frame = say("frame {frame} of {frames}", frame="1", frames="2")
    answer = msgspec.structs.replace(stand_in(caption()), notes=(frame,))
    (embed,) = captioned([PictureResult(SECRET, answer)]).embeds
    assert lines(embed) == [r"||A dog\_s \*bone\*.||", "-# frame 1 of 2", r"-# \*x\* is not here."]


def test_captions_of_several_pictures_have_names() -> None:
    """A bad picture's sentence is red."""
    found = [PictureResult(picture("a.png"), caption()), PictureResult(SECRET, "Not one.")]
    first, second = captioned(found).embeds
    assert (first.title, second.title) == ("a.png", "||secret.png||")
    assert (second.description, second.color) == ("Not one.", RED)


def test_other_ways_are_a_list_of_sentences() -> None:
    """Where there are none it is said; a picture without caption has its sentence."""
    none = msgspec.structs.replace(caption(), alternatives=())
    found = [PictureResult(picture(), one) for one in (caption(), none, "Not one.")]
    (embed,) = other_ways(found).embeds
    ways = "- One \\*way\\*.\n- Another."
    assert embed.description == f"{ways}\n\nI know no other way to say it.\n\nNot one."


def test_a_translation_shows_its_picture_and_verdict() -> None:
    """With how it was made, alt text that says what became of it, and a name of plain letters."""
    answer = msgspec.structs.replace(there(), model="a:b")
    reply = translated([PictureResult(picture("pony.png"), answer)], "a note")
    (embed,), (upload,) = reply.embeds, reply.uploads
    assert reply.text == "-# a note"
    assert lines(embed) == [
        r"a\_horse 90.0 % → a\*zebra 80.0 %",
        "-# Processed at 15×10, returned at 30×20",
    ]
    assert (embed.color, embed.image.url) == (BLUE, "attachment://a-b-1.webp")
    assert (upload.name, upload.data, upload.spoiler) == ("a-b-1.webp", b"image", False)
    assert upload.alt == r"pony.png, edited by a:b. a\_horse 90.0 % → a\*zebra 80.0 %."


def test_a_translation_of_something_else_says_so() -> None:
    """In gray: what the model knows; and how many frames, and which model stands in."""
    answer = stand_in(there(expected=False, frames_in_all=2))
    (embed,) = translated([PictureResult(picture(), answer)]).embeds
    assert "This model is made for a horse in a field" in lines(embed)[1]
    assert lines(embed)[3:] == ["-# 1 of 2 frames", r"-# \*x\* is not here."]
    assert embed.color == GRAY


def test_there_and_back_are_three_files() -> None:
    """In order, each with its name and alt text; the embed shows the first."""
    reply = translated([PictureResult(picture("pony.png"), back())])
    (embed,) = reply.embeds
    assert [(one.name, one.data, one.alt) for one in reply.uploads] == [
        ("original-1.png", b"original", "pony.png: original."),
        ("there-1.png", b"there", "pony.png: there."),
        ("back-1.png", b"back", "pony.png: back."),
    ]
    assert embed.image.url == "attachment://original-1.png"
    assert "-# net, then ten. The round trip differs from the original by 12.5 %" in lines(embed)[1]


def test_several_translations_have_files_of_their_own() -> None:
    """Each embed shows its own; a bad picture fails alone, and a spoiler's is not shown."""
    reply = translated(
        [
            PictureResult(picture("a.png"), there()),
            PictureResult(picture("b.txt"), "Not one."),
            PictureResult(SECRET, there()),
            PictureResult(picture("d.png"), there()),
        ]
    )
    assert [one.title for one in reply.embeds] == ["a.png", "b.txt", "||secret.png||", "d.png"]
    shown = [one.image.url for one in reply.embeds]
    assert shown == ["attachment://net-1.webp", None, None, "attachment://net-4.webp"]
    assert reply.embeds[1].description == "Not one."
    files = [(one.name, one.spoiler) for one in reply.uploads]
    assert files == [("net-1.webp", False), ("net-3.webp", True), ("net-4.webp", False)]


def test_two_translations_there_and_back_do_not_mix_up_their_files() -> None:
    """Nor their embeds, each of which has its picture's name."""
    reply = translated(
        [PictureResult(picture("a.png"), back()), PictureResult(picture("b.png"), back())]
    )
    assert len({upload.name for upload in reply.uploads}) == 6
    assert [one.title for one in reply.embeds] == ["a.png", "b.png"]
    assert reply.embeds[1].image.url == f"attachment://{reply.uploads[3].name}"


def test_an_explanation_says_and_shows_the_label() -> None:
    """With how to read the picture, and alt text."""
    reply = explained(picture("pony.png"), why(), None, "a note")
    (embed,), (upload,) = reply.embeds, reply.uploads
    assert reply.text == "-# a note"
    assert lines(embed) == [
        r"**a\_horse** 50.0 %",
        "-# Brighter areas counted more toward this label. Gray areas didn't count.",
    ]
    assert (embed.color, embed.footer.text) == (BLUE, RECEIPT)
    assert embed.image.url == f"attachment://{upload.name}"
    assert upload.data == b"image"
    assert upload.alt == (
        "Left: the part of pony.png the model looked at. Right: the areas that led to a_horse."
    )
    (stood_in,) = explained(picture(), stand_in(why()), None, None).embeds
    assert lines(stood_in)[-1] == r"-# \*x\* is not here."


def test_a_label_that_held_is_told_from_one_that_did_not() -> None:
    """It is counted over the changes alone, and an answer that wavers is gray."""
    reply = shaken(picture("pony.png"), shook("a_b", "a_b", "c*d"), "a note")
    (embed,), (upload,) = reply.embeds, reply.uploads
    assert reply.text == "-# a note"
    assert lines(embed) == [
        r"**a\_b** stayed on top in 1 of 2 edits.",
        r"● `████░░░░  50.0 %` c0: a\_b",
        r"● `████░░░░  50.0 %` c1: a\_b",
        r"○ `████░░░░  50.0 %` c2: c\*d",
    ]
    assert (embed.color, embed.footer.text) == (GRAY, RECEIPT)
    assert embed.image.url == f"attachment://{upload.name}"
    assert upload.alt == "pony.png in a row: c0, c1, c2."
    (firm,) = shaken(picture(), stand_in(shook("a", "a")), None).embeds
    assert (firm.color, lines(firm)[-1]) == (BLUE, r"-# \*x\* is not here.")


def test_a_spoilers_label_and_picture_hide() -> None:
    """Explained, shaken or translated; no embed shows the file, which is a spoiler itself."""
    replies: list[Reply] = [
        explained(SECRET, why(), None, None),
        shaken(SECRET, shook("a", "a"), None),
        translated([PictureResult(SECRET, there(expected=False))]),
        translated([PictureResult(SECRET, back())]),
    ]
    for reply in replies:
        (embed,) = reply.embeds
        assert embed.image.url is None
        assert all(upload.spoiler for upload in reply.uploads)
        hidden, _, rest = (embed.description or "").removeprefix("||").partition("||")
        assert "%" in hidden
        assert "horse" not in rest
        assert all(line.startswith("-# ") for line in rest.split("\n")[1:])
    assert isinstance(SECRET, Picture)
