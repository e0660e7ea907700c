"""How lists, insides, comparisons and garbage look."""

import re

import msgspec
import pytest

from bot.conversation.per_picture import PictureResult
from bot.pictures.picture import Picture
from bot.replies.common import BLUE, GRAY, RED
from bot.replies.comparison import (
    GARBAGE,
    ModelResult,
    agreement,
    comparison_reply,
    untrained_reply,
)
from bot.replies.models import PAGE, inspected, page, pages, recipe
from models.jobs.answers import Label, Labels
from models.jobs.model_info import ModelInfo
from models.tasks.inspection.task import inspect
from tests.bot.replies.test_common import labels, picture

CARD = ModelInfo(
    name="resnet101",
    task="classify",
    parameters=44_549_160,
    weights="IMAGENET1K_V1",
    source="https://download.pytorch.org/models/resnet101-63fe2227.pth",
    license="BSD-3-Clause",
    ready=True,
    location="Bobby cache",
    size_bytes=178_793_939,
    accuracy=77.374,
    family="resnet",
    year=2015,
)


def test_a_page_has_ten_models() -> None:
    """With what the shelf knows of each, and the page's number."""
    found = [msgspec.structs.replace(CARD, name=f"model{n}", ready=n < 2) for n in range(25)]
    assert pages(found) == 3
    last = page(found, 2, "model **")
    assert last.description
    assert len(last.description.splitlines()) == 25 - 2 * PAGE
    assert "○ **model20** · 2015 · 179 MB · 77.4 % · BSD-3-Clause" in last.description
    assert last.footer.text
    assert last.footer.text.startswith("2 of 25 installed (●) · page 3 of 3")
    assert last.title == r"Models for “model \*\*”"


def test_pages_are_full_before_another_begins() -> None:
    """Every model stands on one of them, once, in order; of no model there is a page as well."""
    for count in (0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1):
        found = [msgspec.structs.replace(CARD, name=f"m{n}", ready=False) for n in range(count)]
        embeds = [page(found, number, "") for number in range(pages(found))]
        assert len(embeds) == max(1, (count + PAGE - 1) // PAGE)
        shown = [
            name for one in embeds for name in re.findall(r"\*\*(m\d+)", one.description or "")
        ]
        assert shown == [card.name for card in found]
        assert all(embed.title == "Models" for embed in embeds)
    assert "No models found. Try fewer words" in (page([], 0, "x").description or "")
    assert "None." not in (page([CARD], 0, "x").description or "")


def test_a_line_has_what_is_known_of_a_model() -> None:
    """What it expects too, and of a license what stands before a semicolon."""
    card = msgspec.structs.replace(
        CARD, year=None, size_bytes=None, accuracy=None, expects="a horse", license="MIT; see there"
    )
    assert page([card], 0, "").description == "● **resnet101** · a horse · MIT"


def test_every_model_is_on_one_page() -> None:
    """However many there are: none is left out or twice, no page but the only one is empty."""
    for count in (0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1):
        found = [msgspec.structs.replace(CARD, name=f"model{n:02}") for n in range(count)]
        shown = [page(found, number, "").description or "" for number in range(pages(found))]
        names = [
            line.split("**")[1] for text in shown for line in text.splitlines() if "**" in line
        ]
        assert names == [card.name for card in found]
        assert len(shown) == 1 or all("**" in text for text in shown)
        assert max(len(text.splitlines()) for text in shown) <= PAGE
        last = page(found, pages(found) - 1, "").footer.text or ""
        assert f"{count} of {count} installed (●) · page {len(shown)} of {len(shown)}" in last


def test_an_inside_that_is_too_long_is_a_file() -> None:
    """The embed has the upper levels, the file every module."""
    reply = inspected(CARD, inspect("resnet101"))
    (embed,), (upload,) = reply.embeds, reply.uploads
    assert embed.description
    assert "    0–22: Bottleneck ×23" in embed.description
    assert len(embed) < 4000
    fields = {field.name: field.value for field in embed.fields}
    assert fields["Parameters"] == "44,549,160"
    assert fields["Multiply-adds"] == "7.80 billion"
    assert fields["Labels"] == "1,000: tench, goldfish, great white shark, tiger shark, …"
    assert fields["Weights"] == "IMAGENET1K_V1, 179 MB, in the Bobby cache"
    assert fields["License"] == "BSD-3-Clause"
    text = upload.data.decode()
    assert upload.name == "resnet101.txt"
    assert "Parameters: 44,549,160" in text
    assert inspect("resnet101").tree in text


def test_an_inside_that_fits_is_no_file() -> None:
    """A network of a few layers stands in the message whole."""
    seen = msgspec.structs.replace(inspect("resnet101"), tree="Net\n  fc: Linear(2, 2)")
    reply = inspected(CARD, seen)
    assert not reply.uploads
    assert reply.embeds[0].description == "```\nNet\n  fc: Linear(2, 2)\n```"


def saying(best: str) -> ModelResult:
    """Return a model that is called as what it says."""
    return ModelResult(msgspec.structs.replace(CARD, name=best), labels(best))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("aaa", "All 3 say **a**."),
        ("aab", "2 of 3 say **a**."),
        ("abc", "No two models agree."),
        ("a", "Only m0 has answered, and says **a**."),
        ("", "None of the models answered."),
    ],
)
def test_agreement_is_a_sentence(said: str, sentence: str) -> None:
    """It counts those that have answered."""
    field = [
        ModelResult(msgspec.structs.replace(CARD, name=f"m{n}"), labels(best))
        for n, best in enumerate(said)
    ]
    assert agreement([*field, ModelResult(CARD, "It failed.")]) == sentence


def test_a_comparison_is_a_table() -> None:
    """A line a model: year, size, accuracy, time, and what it says; failures too."""
    reply = comparison_reply(
        picture(), [saying("dog"), ModelResult(CARD, "It failed.")], ["vgg16"], None
    )
    (embed,) = reply.embeds
    assert embed.description
    assert "`2015   179   77.4    81` **dog** dog 90.0 %" in embed.description
    assert "`2015   179   77.4     –` **resnet101** It failed." in embed.description
    assert embed.description.endswith("-# Not installed: vgg16")
    assert embed.title == "Model comparison"
    assert reply.text is None


def test_what_is_not_known_of_a_model_is_a_dash() -> None:
    """Nor is anybody said to be absent where nobody is."""
    unknown = msgspec.structs.replace(CARD, year=None, size_bytes=None, accuracy=None)
    reply = comparison_reply(picture(), [ModelResult(unknown, labels("dog"))], [], "a note")
    (embed,) = reply.embeds
    assert (embed.description or "").endswith("`–        –      –    81` **resnet101** dog 90.0 %")
    assert embed.title == "Model comparison"
    assert reply.text == "-# a note"


def test_a_spoilers_comparison_hides() -> None:
    """All that tells what the picture shows."""
    (embed,) = comparison_reply(picture(spoiler=True), [saying("dog")], [], None).embeds
    assert embed.description
    assert embed.description.startswith("||")
    assert embed.description.endswith("||")


def of(result: Labels | str, seen: Picture | None = None) -> PictureResult[Labels]:
    """Return the outcome of one picture."""
    return PictureResult(seen or picture(), result)


def test_garbage_can_not_be_taken_for_an_answer() -> None:
    """Title, color and text each say what it is."""
    reply = untrained_reply([of(labels())], "!", "a note")
    (embed,) = reply.embeds
    assert reply.text == "-# a note"
    assert embed.footer.text == "resnet101 · IMAGENET1K_V1 · cpu · 81 ms"
    assert embed.title == "Untrained resnet101: random on purpose"
    assert embed.color == GARBAGE
    assert GARBAGE not in {BLUE, GRAY, RED}
    assert embed.description
    assert "These labels are meaningless." in embed.description
    assert "`!classify resnet101`" in embed.description


def test_a_spoilers_garbage_hides() -> None:
    """The labels, as those of any answer."""
    (embed,) = untrained_reply([of(labels(), picture(spoiler=True))], "!", None).embeds
    assert (embed.description or "").endswith("||")


def test_a_bad_picture_is_no_garbage() -> None:
    """It gets its sentence."""
    (embed,) = untrained_reply([of("No picture.")], "!", None).embeds
    assert (embed.description, embed.color) == ("No picture.", RED)


def test_a_script_is_shown_as_code() -> None:
    """Ready to copy."""
    script = inspect("resnet101").script
    assert script
    assert f"```py\n{script}```" in (recipe(script, "resnet101").text or "")


def test_labels_of_a_model_are_escaped_in_a_comparison() -> None:
    """They are untrusted text."""
    top = (Label(label="**dog**", probability=0.5),)
    odd = msgspec.structs.replace(labels(), top=top)
    (embed,) = comparison_reply(picture(), [ModelResult(CARD, odd)], [], None).embeds
    assert r"says **\*\*dog\*\***." in (embed.description or "")
    assert r"**resnet101** \*\*dog\*\* 50.0 %" in (embed.description or "")
