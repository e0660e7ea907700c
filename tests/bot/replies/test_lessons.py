"""How lessons look, and a server's settings."""

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.settings import Settings
from bot.replies.common import BLUE, GRAY, RED
from bot.replies.lessons import Lesson, labels_reply, teach_reply, unteach_reply
from bot.replies.settings import deletion_reply, settings_reply
from bot.storage.examples import StoredExample
from bot.storage.guild_settings import ServerSettings
from models.jobs.answers import CrossValidation, Features
from tests.bot.replies.test_common import picture

PAPAYA, QUINCE = "@here *p*", "_q_"
PLAIN_PAPAYA, PLAIN_QUINCE = "@\u200bhere \\*p\\*", "\\_q\\_"


def known(**labels: int) -> list[StoredExample]:
    """Return so many examples of the labels `p` and `q`."""
    names = {"p": PAPAYA, "q": QUINCE}
    every = [names[key] for key, count in labels.items() for _ in range(count)]
    return [StoredExample(n, 1, 2, label, "net", "W", b"") for n, label in enumerate(every)]


def learned(
    *results: Features | str,
    new: int,
    all_of: list[StoredExample],
    assessed: CrossValidation | None = None,
) -> Reply:
    """Return the reply to a lesson of papayas with those outcomes."""
    outcomes = [PictureResult(picture(f"{n}.png"), one) for n, one in enumerate(results)]
    return teach_reply(Lesson(PAPAYA, outcomes, new, all_of, assessed), "?", "a note")


def seen() -> Features:
    """Return what a network makes of a picture."""
    return Features(features=b"", model="net", weights="W", device="cpu", milliseconds=1.0)


def text(reply: Reply) -> str:
    """Return the text of the first embed."""
    return reply.embeds[0].description or ""


def test_a_first_lesson_asks_for_another_label() -> None:
    """It says what was learned, from how many pictures, and that none is kept."""
    reply = learned(seen(), new=1, all_of=known(p=1))
    assert reply.text == "-# a note"
    assert text(reply) == (
        f"Learned **{PLAIN_PAPAYA}** from 1 picture.\n"
        "-# Next, teach me a second label, then try `?classify custom`."
    )
    (embed,) = reply.embeds
    assert embed.color == BLUE
    assert embed.footer.text == "net · W · pictures aren't stored"


def test_labels_with_few_pictures_are_named_as_they_were_typed() -> None:
    """Of several labels those alone that have fewer than three, and without markup or mention."""
    named = "I work best with at least 3 pictures per label. Add more for {}."
    both = text(learned(seen(), new=1, all_of=known(p=1, q=2)))
    assert both.endswith(f"-# {named.format(f'{PLAIN_PAPAYA} and {PLAIN_QUINCE}')}")
    one = text(learned(seen(), new=1, all_of=known(p=3, q=2)))
    assert one.endswith(f"-# {named.format(PLAIN_QUINCE)}")
    none = text(learned(seen(), new=1, all_of=known(p=3, q=3)))
    assert none.endswith("-# Try it with `?classify custom`, or undo with `?unteach`.")


def test_what_was_known_already_is_counted_apart() -> None:
    """And all that is known of the label, where that is more than the lesson's."""
    again = f"Skipped 1 picture of **{PLAIN_PAPAYA}** I'd already seen."
    some = text(learned(seen(), seen(), new=1, all_of=known(p=2)))
    assert some.startswith(
        f"Learned **{PLAIN_PAPAYA}** from 1 picture. {again} That makes 2 pictures in total.\n"
    )
    none = text(learned(seen(), new=0, all_of=known(p=1)))
    assert none.startswith(f"{again} That makes 1 picture in total.\n")


def test_a_lesson_says_how_well_it_goes() -> None:
    """Where anything could be judged."""
    said = "Self-test: **3 of 4** correct, each picture checked against the others.\n"
    every = known(p=3, q=3)
    assert said in text(
        learned(seen(), new=1, all_of=every, assessed=CrossValidation(right=3, asked=4))
    )
    for nothing in (None, CrossValidation(right=0, asked=0)):
        assert "judged" not in text(learned(seen(), new=1, all_of=every, assessed=nothing))


def test_pictures_that_can_not_be_used_are_named_below() -> None:
    """In red; alone a picture needs no name, and Discord takes ten embeds at most."""
    reply = learned("Bad.", seen(), new=1, all_of=known(p=1))
    lesson, bad = reply.embeds
    assert "Learned" in (lesson.description or "")
    assert lesson.footer.text
    assert (bad.title, bad.description, bad.color) == (r"0\.png", "Bad.", RED)
    (alone,) = learned("Bad.", new=0, all_of=[]).embeds
    assert (alone.title, alone.description, alone.footer.text) == (None, "Bad.", None)
    assert len(learned(seen(), *["Bad."] * 10, new=1, all_of=known(p=1)).embeds) == 10


def test_what_was_taught_is_a_list() -> None:
    """A line a label, how well it goes, and how much there is room for."""
    (embed,) = labels_reply(known(p=2, q=1), CrossValidation(right=1, asked=2), "?").embeds
    assert embed.description == (
        f"**{PLAIN_PAPAYA}** 2 pictures\n**{PLAIN_QUINCE}** 1 picture\nSelf-test: **1 "
        f"of 2** correct, each picture checked against the others."
    )
    assert embed.color == BLUE
    assert embed.footer.text == "net · W · limit: 20 labels, 20 pictures each"
    (nothing,) = labels_reply([], None, "?").embeds
    assert nothing.color == GRAY
    assert "any labels here yet" in (nothing.description or "")
    assert "`?teach LABEL`" in (nothing.description or "")
    assert "`?classify custom`" in (nothing.description or "")


def test_a_lesson_that_is_taken_back() -> None:
    """It says what is left: nothing, some, or that there never was any."""
    name = f"**{PLAIN_PAPAYA}**"
    assert text(unteach_reply(PAPAYA, 0, 0)).startswith(f"There's no label called {name} here")
    assert text(unteach_reply(PAPAYA, 1, 2)) == f"Removed 1 picture from {name}. 2 pictures left."
    assert text(unteach_reply(PAPAYA, 2, 0)) == f"Removed {name}."


def fields(server: ServerSettings, operator: Settings) -> dict[str, str]:
    """Return the fields of what holds in a server."""
    (embed,) = settings_reply(server, operator).embeds
    return {str(field.name): str(field.value) for field in embed.fields}


def test_what_holds_in_a_server() -> None:
    """What it has set, and where it has not, the operator's; no server goes beyond that."""
    operator = Settings(_env_file=None, max_per_person=5, default_model="vgg16")
    assert fields(ServerSettings(), operator) == {
        "Classifier": "vgg16 (default)",
        "Channels": "all",
        "Language": "same as each person's Discord",
        "Queue limit per person": "5",
        "Who can teach labels": "Manage Server only",
    }
    server = ServerSettings(
        model="alexnet", channels=(1, 2), language="ko", per_person=9, teachers="everyone"
    )
    assert fields(server, operator) == {
        "Classifier": "alexnet",
        "Channels": "2",
        "Language": "한국어",
        "Queue limit per person": "5",
        "Who can teach labels": "everyone",
    }
    assert fields(ServerSettings(per_person=2), operator)["Queue limit per person"] == "2"
    assert text(settings_reply(server, operator)) == "Only active in: <#1> <#2>"
    assert settings_reply(ServerSettings(), operator).embeds[0].description is None


def test_what_was_forgotten_is_counted() -> None:
    """One, many or nothing."""
    said = [deletion_reply(count).text for count in (0, 1, 7)]
    assert said == [
        "Nothing to delete. I had nothing stored.",
        "Done. I deleted 1 record.",
        "Done. I deleted 7 records.",
    ]


def test_at_most_three_labels_are_asked_more_pictures_of() -> None:
    """The first of them, in their order."""
    thin = [StoredExample(n, 1, 2, label, "net", "W", b"") for n, label in enumerate("abcde")]
    outcomes = [PictureResult(picture("a.png"), seen())]
    said = text(teach_reply(Lesson("a", outcomes, 1, thin, None), "?", None))
    assert "Add more for a and b and c" in said
