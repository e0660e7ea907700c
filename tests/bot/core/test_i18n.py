"""Two languages: every sentence has a translation, and each person reads their own."""

import ast
import asyncio
import gc
import gettext
import re
import string
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest

from bot.core import errors
from bot.core.errors import BobbyError, NoPicture, SetupError, from_failure
from bot.core.i18n import (
    ENGLISH,
    KOREAN,
    LANGUAGES,
    current_language,
    label,
    later,
    speak_to,
    tr,
    tr_n,
    translate_to,
)
from bot.replies.models import IN_WORDS
from models.captioning.records import captioners
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import Record
from models.jobs.answers import Failure
from models.jobs.base import say
from models.tasks.untrained import WEIGHTS
from tests.translations import FOLDERS, KEYWORDS, ROOT, file, labels, read, sentences

HANGUL = re.compile("[가-힣]")
SAME = {"{one} {other}", " and "}
"""Nothing in them is a word, or Korean puts a comma there."""
OTHERS = sorted(LANGUAGES.keys() - {ENGLISH})


def fields(text: str) -> set[str]:
    """Return the names that `text` has between braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    """None is missing or empty, none is there that nobody says; the placeholders fit.

    `python -m tests.translations` adds and drops entries.
    """
    known = {message.id: message.string for message in read(file("bobby", language), language)}
    known.pop("")
    assert known.keys() == sentences()
    for source, translated in known.items():
        one, many = map(str, source if isinstance(source, tuple) else (source, source))
        for text in map(str, translated if isinstance(translated, tuple) else (translated,)):
            assert text, source
            assert HANGUL.search(text) or one in SAME or not re.search("[a-z]{3}", text), source
            allowed = fields(one) | fields(many) | {"place", "count"}
            assert fields(text) <= allowed, source
            assert fields(many) - {"ordinal"} <= fields(text) | {"count"}, source


@pytest.mark.parametrize("language", OTHERS)
def test_weights_and_licenses_in_words_are_translated(language: str) -> None:
    """Receipts and lists show them; those with a name of their own keep it."""
    records: list[Record] = [*pairs().values(), *catalog().values(), *captioners().values()]
    checkpoints = [record.checkpoint for record in records]
    texts = {text for one in checkpoints for text in (one.name, one.license)} | {WEIGHTS}
    worded = {text for text in texts if re.search("^unstated|[a-z]{3,},? [a-z0-9]", text)}
    assert worded - {"horse2zebra 0.4.0"} == {*IN_WORDS}
    assert all(HANGUL.search(translate_to(language, text)) for text in IN_WORDS)


@pytest.mark.parametrize("language", OTHERS)
def test_every_label_is_translated(language: str) -> None:
    """All 1,000, each another one."""
    known = {m.id: m.string for m in read(file("labels", language), language) if m.id}
    assert list(known) == labels()
    assert all(HANGUL.search(str(name)) for name in known.values())
    assert len(set(known.values())) == len(known) == 1000


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("domain", ["bobby", "labels"])
def test_what_bobby_reads_is_compiled_from_it(domain: str, language: str) -> None:
    """Python reads the same out of the .mo as stands in the .po beside it."""
    with file(domain, language, "mo").open("rb") as opened:
        known = gettext.GNUTranslations(opened)
    for message in read(file(domain, language), language):
        if isinstance(message.id, list | tuple):
            one, many = message.id
            assert known.ngettext(one, many, 2) == message.string[0]
        elif message.id:
            assert known.gettext(message.id) == message.string


async def test_who_is_answered_reads_their_language() -> None:
    """Two people at once, and an error made for nobody in particular."""
    error = NoPicture(later("The message you replied to is gone. Post the picture again."))

    async def told(wish: str | discord.Locale | None) -> str:
        speak_to(wish)
        await asyncio.sleep(0)
        return str(error)

    english, korean, unknown, nothing = await asyncio.gather(
        told(discord.Locale.british_english), told(discord.Locale.korean), told("tlh"), told(None)
    )
    assert english == unknown == nothing == error.args[0]
    assert korean == "답장하신 메시지가 없어졌어요. 사진을 다시 올려 주세요."
    assert current_language() == ENGLISH


def test_the_first_wish_counts() -> None:
    """A server's own choice before the person's."""
    for wishes, spoken in (
        ((None, "ko", "en-US"), KOREAN),
        (("en", "ko"), ENGLISH),
        (("fr", "ko"), ENGLISH),
        (("ko-KR", "en"), KOREAN),
        ((), ENGLISH),
    ):
        speak_to(*wishes)
        assert current_language() == spoken
    speak_to()


COUNTED = {"all", "gone", "left", "most", "per_server", "pictures"}
"""What stands in these places ends with a Korean counter, so its particle is known."""


def test_korean_particles_never_depend_on_a_value() -> None:
    """None is written twice to be safe, and none follows what may end in any sound."""
    for message in read(file("bobby", KOREAN), KOREAN):
        several = isinstance(message.string, tuple | list)
        for text in map(str, message.string if several else (message.string,)):
            assert not re.search(r"\((이|으|은|는|을|를|가|와|과)\)", text), text
            for name in re.findall(r"\{(\w+)\}(?:은|는|이|가|을|를|으로|로)(?![가-힣])", text):
                assert name in COUNTED, text


def test_korean_sentences_name_commands_as_their_readers_see_them() -> None:
    """By the Korean name, behind the prefix and behind the slash."""
    for message in read(file("bobby", KOREAN), KOREAN):
        assert not re.search(r"(?:\{prefix\}|`/)[a-z]", str(message.string)), message.string


def test_counts_and_values_are_filled_in() -> None:
    """One, many, and names that are nobody's words."""
    assert tr_n("1 picture", "{count} pictures", 1) == "1 picture"
    assert tr_n("1 picture", "{count} pictures", 3) == "3 pictures"
    assert (
        tr("{name}, edited by {model}.", name="{x}.jpg", model="alexnet")
        == "{x}.jpg, edited by alexnet."
    )
    speak_to(KOREAN)
    assert tr_n("1 picture", "{count} pictures", 1) == "사진 1장"
    assert tr("") == label("") == ""
    assert tr("a {brace} that nobody fills in") == "a {brace} that nobody fills in"
    assert tr("A sentence that no catalogue has") == "A sentence that no catalogue has"
    speak_to()


def test_the_workers_sentences_are_said_in_the_persons_language() -> None:
    """With the sentences inside them; the log keeps the English."""
    said = say(
        "There is no way back here: {reason}",
        reason=say("I can't read JPEG XL. Share the picture as a JPEG instead."),
    )
    assert str(said) == (
        "There is no way back here: I can't read JPEG XL. Share the picture as a JPEG instead."
    )
    assert translate_to(KOREAN, said) == (
        "되돌리는 모델이 여기에 없어요: JPEG XL 사진은 읽지 못해요. JPEG로 바꿔서 보내 주세요."
    )
    failure = Failure(code="empty_file", sentence=say("This file is empty: attach it."))
    assert str(from_failure(failure)) == "This file is empty: attach it."


def test_labels_have_the_english_name_beside_them() -> None:
    """A label that is none of ImageNet's stays as it is."""
    assert label("golden retriever") == "golden retriever"
    speak_to(KOREAN)
    assert label("golden retriever") == "골든 리트리버 (golden retriever)"
    assert label("눈 위의 개") == "눈 위의 개"
    speak_to()


def _parsed(path: Path) -> ast.Module:
    # A finalizer that logs in the middle of this is a recursion too deep to Python 3.11.
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


def _calls(folder: str) -> Iterator[tuple[str, ast.Call, bool]]:
    """Yield where each call of `folder` stands, the call, and whether it is in an f-string."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        tree = _parsed(path)
        formatted = {
            inner
            for outer in ast.walk(tree)
            if isinstance(outer, ast.JoinedStr)
            for inner in ast.walk(outer)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node, node in formatted


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_sentence_escapes_the_catalog(folder: str) -> None:
    """None is marked inside an f-string, where nobody looks for it, and no error goes unmarked."""
    told = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type)
        and issubclass(kind, BobbyError)
        and not issubclass(kind, SetupError)
    }
    for where, call, formatted in _calls(folder):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        spelled = call.args[:1] and isinstance(call.args[0], ast.Constant | ast.JoinedStr)
        assert not (name in KEYWORDS and spelled and formatted), where
        assert not (name in told and spelled and not where.startswith("bot/cli/")), where


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_placeholder_of_a_sentence_is_filled_in(folder: str) -> None:
    """By a value of its name."""
    for where, call, _ in _calls(folder):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        texts = [one.value for one in call.args if isinstance(one, ast.Constant)]
        if name not in {"tr", "say", "tr_n"} or not texts:
            continue
        if any(keyword.arg is None for keyword in call.keywords):
            continue  # passed on
        given = {str(keyword.arg) for keyword in call.keywords}
        wanted = set().union(*(fields(text) for text in texts if isinstance(text, str)))
        assert wanted - {"count"} <= given, where
