"""`!teach`, `!taught`, `!unteach` and `!classify custom`: labels of a server's own."""

import asyncio
import csv
import dataclasses
import hashlib
import random
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.core.errors import BadLesson
from bot.storage.examples import StoredExample
from bot.storage.labels import LONGEST, MOST_EXAMPLES, MOST_LABELS, normalize_label
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, File, said, top
from tests.e2e.test_settings import EPHEMERAL, Server, server

__all__ = ["server"]

RED = [("red.png", pictures.plain(f"#{200 + 2 * n:02x}1010", (200, 200))) for n in range(24)]
BLUE = [("blue.png", pictures.plain(f"#1010{200 + 2 * n:02x}", (200, 200))) for n in range(3)]
SHOTS, OTHERS = 3, 10
LITE0 = "efficientnet_lite0"


async def test_two_labels_are_learned_and_asked_for(server: Server) -> None:
    """The first is told what to do next, the second how well it goes; then both are known."""
    boss, member = server.manager, server.member
    too_early = await member.ask("!classify mine", RED[0])
    assert "at least two custom labels" in said(too_early)
    first = await boss.ask("!teach red things", *RED[:3])
    assert "Learned **red things** from 3 pictures." in said(first)
    assert "teach me a second label" in said(first)
    second = await boss.ask("!teach Blue", *BLUE)
    assert "Self-test: **6 of 6** correct, each picture checked against the others." in said(second)
    answer = await member.ask("!classify custom", ("x.png", pictures.plain("red", (300, 250))))
    assert top(answer)[0] == "red things"
    assert "this server's custom labels only" in said(answer)
    known = await member.ask("!taught")
    assert "**red things** 3 pictures\n**Blue** 3 pictures" in said(known)


async def test_a_lesson_is_taken_back(server: Server) -> None:
    """The last one, or a whole label; one that was never taught is said so."""
    boss = server.manager
    await boss.ask("!teach red", RED[0])
    await boss.ask("!teach RED", RED[1], RED[2])
    assert "3 pictures" in said(await boss.ask("!taught"))
    last = await boss.ask("!unteach")
    assert "Removed 2 pictures from **red**. 1 picture left." in said(last)
    assert "no label called **green**" in said(await boss.ask("!unteach green"))
    assert "Removed **red**" in said(await boss.ask("!unteach Red"))
    assert "I haven't learned any labels here yet" in said(await boss.ask("!taught"))


async def test_only_teachers_teach(server: Server) -> None:
    """Managers, or everybody where these say so."""
    refused = await server.member.ask("!teach red", RED[0])
    assert "You need **Manage Server** to teach me" in said(refused)
    await server.use(server.manager, "settings", "teachers", everyone=True)
    assert "Learned **red**" in said(await server.member.ask("!teach red", RED[0]))
    await server.use(server.manager, "settings", "teachers", everyone=False)
    assert "You need **Manage Server**" in said(await server.member.ask("!teach red", RED[1]))
    assert "You need **Manage Server**" in said(await server.member.ask("!unteach"))
    forgotten = await server.use(server.member, "forget")
    assert forgotten["flags"] & EPHEMERAL
    assert "Done. I deleted 1 record." in said(forgotten)
    assert "any labels here yet" in said(await server.member.ask("!taught"))
    assert "Nothing to delete" in said(await server.member.ask("!forget"))


async def test_the_good_pictures_of_a_lesson_count(server: Server) -> None:
    """The bad one is named, with what is wrong with it."""
    answer = await server.manager.ask("!teach red", RED[0], ("bad.png", b"no picture"), RED[1])
    assert "from 2 pictures" in said(answer)
    assert "bad.png" in said(answer)
    assert "can't read this file as a picture" in said(answer)


async def test_a_picture_counts_once(server: Server) -> None:
    """Sent twice it would vouch for itself; it is said so, in one message or in two."""
    answer = await server.manager.ask("!teach red", RED[0], RED[1], RED[0])
    assert "Learned **red** from 2 pictures." in said(answer)
    assert "Skipped 1 picture of **red** I'd already seen." in said(answer)
    again = await server.manager.ask("!teach red", RED[1])
    assert "learned" not in said(again)
    assert "Skipped 1 picture of **red**" in said(again)
    assert "That makes 2 pictures in total." in said(again)


async def test_lessons_at_once_are_one_after_the_other(server: Server) -> None:
    """Both are kept, and neither passes the limit that the other was measured by."""
    boss = server.manager
    for some in (RED[:9], RED[9:18]):
        await boss.ask("!teach red", *some)
    answers = await asyncio.gather(
        boss.ask("!teach red", *RED[18:20]), boss.ask("!teach red", *RED[20:22])
    )
    assert sorted("Learned **red**" in said(one) for one in answers) == [False, True]
    assert any("That label already has 20 pictures" in said(one) for one in answers)
    assert "**red** 20 pictures" in said(await boss.ask("!taught"))


def taught(
    label: str, number: int, model: str = LITE0, weights: str = "ImageNet-1K"
) -> StoredExample:
    """Return an example that nobody showed."""
    return StoredExample(0, 1, 7, label, model, weights, bytes([number, 0x30]) * 1280)


async def test_a_lesson_takes_what_there_is_room_for(server: Server) -> None:
    """The note says how many of how many; of labels there are only so many, too."""
    boss, lessons = server.manager, server.env.bot.store.lessons
    examples = [taught("red", number) for number in range(MOST_EXAMPLES - 1)]
    await lessons.add(server.guild.id, examples)
    answer = await boss.ask("!teach red", RED[0], RED[1])
    assert "the first of 2" in said(answer)
    assert "That makes 20 pictures in total." in said(answer)
    others = [taught(f"label {n}", n) for n in range(1, MOST_LABELS)]
    await lessons.add(server.guild.id, others)
    refused = await boss.ask("!teach another", RED[0])
    assert f"This server already has {MOST_LABELS} labels" in said(refused)
    assert "Learned **label 1**" in said(await boss.ask("!teach label 1", RED[0]))


async def test_features_of_other_weights_are_not_mixed(server: Server) -> None:
    """They mean nothing to each other: it is said whose are missing, and nothing is learned."""
    boss, lessons = server.manager, server.env.bot.store.lessons
    for model, weights in (("alexnet", "IMAGENET1K_V1"), (LITE0, "another day's")):
        await lessons.add(server.guild.id, [taught("old", 1, model, weights)])
        refused = await boss.ask("!teach red", RED[0])
        assert f"learned with {model}, which is no longer installed" in said(refused)
        assert [one.label for one in await lessons.of(server.guild.id)] == ["old"]
        await lessons.delete_server(server.guild.id)


async def test_what_was_learned_is_kept_where_nobody_can_assess_it(server: Server) -> None:
    """Examples of another length can't be told apart from it."""
    lessons = server.env.bot.store.lessons
    short = dataclasses.replace(taught("old", 1), features=bytes(8))
    await lessons.add(server.guild.id, [short])
    answer = await server.manager.ask("!teach red", RED[0])
    assert "Learned **red** from 1 picture." in said(answer)
    assert "Self-test" not in said(answer)
    assert [one.label for one in await lessons.of(server.guild.id)] == ["old", "red"]


async def test_a_picture_may_have_two_labels(server: Server) -> None:
    """What is known of one is new to the other; without a label what is known is listed."""
    boss = server.manager
    await boss.ask("!teach red", RED[0])
    assert "Learned **warm** from 1 picture." in said(await boss.ask("!teach warm", RED[0]))
    assert "**red** 1 picture\n**warm** 1 picture" in said(await boss.ask("!teach"))
    assert "Removed **warm**" in said(await boss.ask("!unteach"))
    assert "There's no label called" in said(await boss.ask("!unteach warm"))
    assert "Removed **red**" in said(await boss.ask("!unteach"))
    assert "no custom labels here" in said(await boss.ask("!unteach"))


async def test_a_hub_classifier_does_not_teach(server: Server) -> None:
    """It gives labels alone; the default network gives the features, and explains."""
    store = server.env.bot.store
    await store.servers.change(server.guild.id, lambda now: replace(now, model="hub/anything"))
    taught = await server.manager.ask("!teach red", RED[0])
    assert "Learned **red** from 1 picture." in said(taught)
    shaken = await server.member.ask("!shake", ("x.png", pictures.plain("grey")))
    assert "edits" in said(shaken)


async def test_slash_commands_teach_as_well(server: Server) -> None:
    """`/teach`, `/taught`, `/classify model:mine` and `/unteach`, each with its answer."""
    boss = server.manager
    for label, files in (("red", RED), ("blue", BLUE)):
        named = dict(zip(("picture", "another", "third"), files, strict=False))
        answer = await server.use(boss, "teach", label=label, **named)
        assert f"Learned **{label}** from 3 pictures." in said(answer)
    known = await server.use(server.member, "taught")
    assert "**red** 3 pictures\n**blue** 3 pictures" in said(known)
    picture = ("x.png", pictures.plain("blue", (300, 250)))
    answer = await server.use(server.member, "classify", picture=picture, model="mine")
    assert top(answer)[0] == "blue"
    gone = await server.use(boss, "unteach", label="red")
    assert "Removed **red**" in said(gone)
    refused = await server.use(server.member, "unteach")
    assert "You need **Manage Server**" in said(refused)


async def test_a_label_is_text_that_somebody_typed(server: Server) -> None:
    """Nothing in it is markup or a mention."""
    label = "**@everyone** ||x||"
    answer = await server.manager.ask(f"!teach {label}", RED[0])
    assert "\\*\\*@\u200beveryone\\*\\*" in said(answer)
    assert not answer["mention_everyone"]


async def test_in_a_direct_message_there_is_no_server(server: Server) -> None:
    """Labels belong to one."""
    world = server.env.playground.world
    channel = world.open_dm(server.member.person, world.bot)
    answer = await server.member.ask("!teach red", RED[0], channel_id=channel.id)
    assert "Custom labels only work in a server" in said(answer)
    asked = await server.member.ask("!classify custom", channel_id=channel.id)
    assert "Custom labels only work in a server" in said(asked)


def test_labels_are_tidied_and_bounded() -> None:
    """Spaces and invisible characters go; a known label is found however it is written."""
    assert normalize_label("  red \n things\u200b ", []) == "red things"
    assert normalize_label("red\nthings", []) == "red things"
    assert normalize_label("ROT", ["rot"]) == "rot"
    assert normalize_label("STRASSE", ["Stra\u00dfe"]) == "Stra\u00dfe"
    assert normalize_label("e\u0301te\u0301", []) == "\u00e9t\u00e9"
    assert normalize_label("x" * LONGEST, []) == "x" * LONGEST
    assert normalize_label("눈 위의 개", []) == "눈 위의 개"
    for wrong in ("", " \u200b", "x" * (LONGEST + 1)):
        with pytest.raises(BadLesson):
            normalize_label(wrong, [])


@pytest.mark.slow
async def test_three_pictures_of_each_are_enough_to_beat_chance(
    server: Server, shared_data: Path
) -> None:
    """Dogs in snow and people on bicycles: at least 16 of 20 others get their label."""
    dogs, cyclists = (_photographs(shared_data, kind) for kind in (_is_snow_dog, _is_cyclist))
    for label, files in (("dog in snow", dogs), ("cyclist", cyclists)):
        await server.manager.ask(f"!teach {label}", *files[:SHOTS])
    right = 0
    for label, files in (("dog in snow", dogs), ("cyclist", cyclists)):
        for file in files[SHOTS : SHOTS + OTHERS]:
            right += await _answer(server.member, file) == label
    assert right >= 16


async def _answer(user: ChatUser, file: File) -> str:
    return top(await user.ask("!classify custom", file))[0]


def _is_snow_dog(captions: Sequence[str]) -> bool:
    return sum("dog" in c and "snow" in c for c in captions) >= 3


def _is_cyclist(captions: Sequence[str]) -> bool:
    return sum("bicycle" in c or "bike" in c for c in captions) >= 3 and not any(
        "motor" in c or "dirt" in c or "dog" in c for c in captions
    )


def _photographs(shared: Path, kind: object) -> list[File]:
    """Return pictures whose captions are of `kind`, in an order that nobody chose."""
    captions: dict[str, list[str]] = defaultdict(list)
    with (shared / "flickr8k" / "captions.tsv").open(encoding="utf-8") as lines:
        for name, caption in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            captions[name].append(caption.lower())
    assert callable(kind)
    names = sorted(name for name, said in captions.items() if kind(said))
    random.Random(0).shuffle(names)
    with zipfile.ZipFile(shared / "flickr8k" / "images.zip") as images:
        here = set(images.namelist())
        chosen = [name for name in names if name in here][: SHOTS + OTHERS]
        return [(hashlib.sha1(n.encode()).hexdigest() + ".jpg", images.read(n)) for n in chosen]
