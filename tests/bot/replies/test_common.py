"""How an answer looks."""

import re

import discord
import msgspec
import pytest

from bot.core.formatting import escape
from bot.core.i18n import speak_to
from bot.pictures.picture import Picture
from bot.replies import common, text
from bot.replies.common import Classified
from bot.replies.details import details
from models.jobs.answers import Label, Labels
from models.jobs.base import say


def picture(name: str = "dog.jpg", *, spoiler: bool = False) -> Picture:
    """Return a picture of that name."""
    return Picture("https://example.com/dog.jpg", name, from_discord=True, spoiler=spoiler)


def labels(best: str = "golden retriever", *, sure: bool = True) -> Labels:
    """Return an answer whose most likely label is `best`."""
    top = [(best, 0.9), ("b", 0.05), ("c", 0.03), ("d", 0.01), ("e", 0.0)]
    return Labels(
        top=tuple(Label(label=label, probability=p) for label, p in top),
        crop=b"png",
        model="resnet101",
        weights="IMAGENET1K_V1",
        width=1280,
        height=720,
        frames=1,
        sure=sure,
        device="cpu",
        milliseconds=81.4,
        batch_size=1,
    )


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.0, "░░░░"), (1.0, "████"), (0.5, "██░░"), (0.1, "░░░░"), (1.5, "████"), (-1.0, "░░░░")],
)
def test_bars_have_their_full_width(probability: float, shown: str) -> None:
    """Values outside [0, 1] don't break a bar."""
    assert text.bar(probability, cells=4) == shown


def test_what_weights_are_called_is_translated() -> None:
    """Where that is words, as for those that were trained for Bobby."""
    speak_to("ko")
    try:
        said = details(
            "caption_small",
            "caption",
            weights="trained for Bobby on Flickr8k and everyday photographs",
            device="cpu",
            precision="float32",
            took="9 ms",
            batch=1,
        )
    finally:
        speak_to(None)
    assert "Flickr8k와 일상 사진으로 직접 학습" in str(said.embeds[0].to_dict())


def test_the_answer_names_labels_model_and_weights() -> None:
    """Five lines with percentages, and small print in the footer."""
    reply = common.classification_reply([Classified(picture(), labels())])
    (embed,) = reply.embeds
    assert embed.description
    assert embed.description.count("%") == 5
    assert " 90.0 %` golden retriever" in embed.description
    assert embed.footer.text == "resnet101 · 81 ms · Small picture: what I looked at"
    assert embed.thumbnail.url == f"attachment://{reply.uploads[0].name}"
    assert "golden retriever" in reply.uploads[0].alt


def test_the_receipt_says_when_an_answer_is_rounded() -> None:
    """Behind the device; float32, which is exact, goes without saying."""
    rounded = msgspec.structs.replace(labels(), precision="bfloat16")
    assert text.receipt(rounded) == "resnet101 · IMAGENET1K_V1 · cpu · bfloat16 · 81 ms"


def test_an_unsure_answer_says_so() -> None:
    """A flat distribution is no claim."""
    (embed,) = common.classification_reply([Classified(picture(), labels(sure=False))]).embeds
    assert embed.description
    assert embed.description.startswith("**Not sure.** Maybe golden retriever?")
    assert "not people, faces or text" in embed.description
    assert embed.color == common.GRAY
    even = msgspec.structs.replace(labels(), top=(Label(label="cat", probability=0.5),))
    less = msgspec.structs.replace(labels(), top=(Label(label="cat", probability=0.49),))
    for answer, head in ((even, "**cat**"), (less, "Probably **cat**")):
        (likely,) = common.classification_reply([Classified(picture(), answer)]).embeds
        assert (likely.description or "").startswith(head)
        assert likely.color == common.BLUE
    (sure,) = common.classification_reply([Classified(picture(), labels())]).embeds
    assert sure.color == common.BLUE
    assert "not people, faces or text" not in (sure.description or "")


def test_what_may_be_wrong_with_a_picture_is_said_once() -> None:
    """Among several of which no label is sure; never where the labels are not ImageNet's."""
    results = [Classified(picture(), labels(sure=False))] * 3
    said = [
        "not people, faces or text" in (e.description or "")
        for e in common.classification_reply(results).embeds
    ]
    assert said == [True, False, False]
    taught = common.classification_reply(results, unsure=None)
    assert not any(
        "not people, faces or text" in (embed.description or "") for embed in taught.embeds
    )


def test_the_receipt_says_how_many_shared_the_work() -> None:
    """Where any did."""
    assert "batch" not in text.receipt(labels())
    shared = msgspec.structs.replace(labels(), batch_size=2)
    assert text.receipt(shared).endswith(" · 81 ms (batch of 2)")


async def test_note_buttons_and_crops_of_a_reply() -> None:
    """The note is small print above; each crop has a name of its own, counted from 1."""
    view = discord.ui.View(timeout=None)
    reply = common.classification_reply([Classified(picture(), labels())] * 2, "a note", view)
    assert reply.text == "-# a note"
    assert reply.view is view
    assert [one.name for one in reply.uploads] == ["crop-1.jpg", "crop-2.jpg"]
    assert [one.thumbnail.url for one in reply.embeds] == [
        "attachment://crop-1.jpg",
        "attachment://crop-2.jpg",
    ]
    assert common.classification_reply([Classified(picture(), labels())]).text is None


def test_a_long_name_is_cut() -> None:
    """One that is just short enough is not."""
    names = ["n" * 60, "n" * 61]
    embeds = common.classification_reply(
        [Classified(picture(name), labels()) for name in names]
    ).embeds
    assert [embed.title for embed in embeds] == ["n" * 60, "n" * 60 + "…"]


def test_a_spoiler_stays_one() -> None:
    """No embed shows the crop, the labels hide, and so does the file's name."""
    results = [Classified(picture("secret.png", spoiler=True), labels())] * 2
    reply = common.classification_reply(results)
    for embed, upload in zip(reply.embeds, reply.uploads, strict=True):
        assert upload.spoiler
        assert embed.thumbnail.url is None
        assert embed.title == "||secret.png||"
        assert embed.description
        assert embed.description.startswith("||")
        assert embed.description.rstrip().endswith("||")


def test_an_animation_says_which_frame() -> None:
    """As every small print of the worker's about the file, below the labels."""
    frame = say("frame {frame} of {frames}", frame="3", frames="12")
    noted = msgspec.structs.replace(labels(), notes=(frame,))
    (embed,) = common.classification_reply([Classified(picture(), noted)]).embeds
    assert embed.description
    assert "\n-# frame 3 of 12" in embed.description
    (still,) = common.classification_reply([Classified(picture(), labels())]).embeds
    assert "frame" not in (still.description or "")


def test_bad_pictures_fail_alone() -> None:
    """Among several, each has its own embed, with the label or the sentence."""
    reply = common.classification_reply(
        [Classified(picture("a.png"), labels()), Classified(picture("b.txt"), "No picture.")]
    )
    assert [embed.title for embed in reply.embeds] == ["a.png", "b.txt"]
    assert reply.embeds[1].description == "No picture."
    assert len(reply.uploads) == 1


@pytest.mark.parametrize("text", ["**bold**", "||spoiler||", "`code`", "_it_", "~~no~~"])
def test_untrusted_text_is_escaped(text: str) -> None:
    """Names, labels and why another model answered can't bring markdown of their own."""
    for sure in (True, False):
        answer = msgspec.structs.replace(labels(text, sure=sure), substitution=say(text))
        results = [Classified(picture(text), answer), Classified(picture(), labels())]
        embed = common.classification_reply(results).embeds[0]
        assert embed.title == escape(text)
        assert embed.description
        assert embed.description.count(escape(text)) == 3
        assert f"-# {escape(text)}" in embed.description


def test_ten_pictures_with_long_names_fit_discords_limits() -> None:
    """Ten embeds stay under 6,000 characters in all, and each title under 256."""
    answer = msgspec.structs.replace(
        labels("x" * 60), device="cuda:0 (a product with a long name)", substitution=say("s" * 120)
    )
    results = [Classified(picture("*" * 260), answer)] * 10
    embeds = common.classification_reply(results).embeds
    assert sum(len(embed) for embed in embeds) <= 6000
    assert all(embed.title and len(embed.title) <= 256 for embed in embeds)


def test_why_another_model_answered_is_said_once() -> None:
    """Among several pictures the first embed says it for all."""
    answer = msgspec.structs.replace(labels(), substitution=say("alexnet is not here."))
    embeds = common.classification_reply([Classified(picture(), answer)] * 3).embeds
    said = ["alexnet" in (embed.description or "") for embed in embeds]
    assert said == [True, False, False]


def test_a_reply_without_embeds_says_the_same() -> None:
    """Where embeds are not allowed, the text has the labels."""
    text = common.classification_reply([Classified(picture(), labels())]).as_text().text
    assert text
    assert "golden retriever" in text
    assert "resnet101" in text


def test_a_long_reply_without_embeds_hides_what_is_a_spoilers() -> None:
    """Cut to what a message takes, at the end of a line, and never within a spoiler left open."""
    hidden = picture("secret.png", spoiler=True)
    for count in range(1, 11):
        text = common.classification_reply([Classified(hidden, labels())] * count).as_text().text
        assert text
        assert len(text) <= 2000
        assert text.count("||") % 2 == 0
        shown = re.sub(r"\|\|.*?\|\|", "", text, flags=re.DOTALL)
        assert "golden retriever" not in shown
