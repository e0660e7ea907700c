"""Whatever holds a picture and whichever way is asked: the choice is that of the written order."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.errors import NoPicture
from bot.pictures.contents import uploaded
from bot.pictures.picture import FoundPictures
from bot.pictures.precedence import Pointing, find, inside, typed
from bot.pictures.words import parse_text
from bot.playground.messages.bodies import Form, Upload
from bot.playground.messages.posting import MessageContext
from bot.playground.model import message_payloads
from bot.playground.model.records import Message, Person, Reference
from tests.bot.room import Room, room, running
from tests.e2e import pictures
from tests.playground.clients import PATIENCE, eventually

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = pictures.plain()
NOWHERE = "http://127.0.0.1:9"
MOST = (1, 4, 10)
"""How many pictures a command takes: `!why`, `!zebra`, `!classify`."""

FILES = {
    "good.png": PNG,
    "image": PNG,
    "notes.txt": b"words",
    "logo.svg": b"<svg/>",
    "clip.mp4": b"film",
    "voice-message.ogg": b"OggS",
}
UNREADABLE = frozenset({"notes.txt", "logo.svg", "clip.mp4", "voice-message.ogg"})
SEARCHED_PAST = frozenset({"logo.svg"})
"""What a search passes over and names; the others show no picture to anybody."""


@dataclass(frozen=True)
class Post:
    """What somebody posts: files, one of which a component may show, and the other places."""

    files: tuple[str, ...] = ()
    gallery: tuple[str, ...] = ()
    section: str | None = None
    shows_file: bool = False
    embeds: tuple[str, ...] = ()
    stickers: tuple[bool, ...] = ()
    emoji: bool = False
    link: str | None = None

    @property
    def second(self) -> bool:
        """Whether it has components, beside which there are neither text nor embeds."""
        return bool(self.gallery or self.section or self.shows_file)


def written(post: Post, *, searching: bool = False) -> tuple[list[str], list[str]]:
    """Return the names of pictures and of what is left out, as docs/pictures.md has it."""
    shown = list(post.files)
    if post.second and post.shows_file and post.files:
        shown = [*post.files[1:]]
    if post.section:
        shown.append(post.section)
    shown += post.gallery
    if post.second and post.shows_file and post.files:
        shown.append(post.files[0])
    shown += () if post.second else post.embeds
    stickers = [f"sticker {'drawn' if drawn else 'painted'}" for drawn in post.stickers]
    shown = list(dict.fromkeys([*shown, *stickers]))
    refused = [one for one in shown if one in UNREADABLE or one == "sticker drawn"]
    good = [one for one in shown if one not in refused]
    if searching:
        return good, [one for one in refused if one in SEARCHED_PAST or one == "sticker drawn"]
    if not good and not post.second:
        good = ["dog"] * post.emoji + ([post.link] if post.link else [])
    return good, refused


names = st.lists(st.sampled_from(sorted(FILES)), max_size=3, unique=True).map(tuple)
links = st.sampled_from(["a.png", "b.png", "c.png"])
posts = st.builds(
    Post,
    files=names,
    gallery=st.lists(links, max_size=2, unique=True).map(tuple),
    section=st.none() | st.sampled_from(["s.png"]),
    shows_file=st.booleans(),
    embeds=st.lists(links, max_size=2, unique=True).map(tuple),
    stickers=st.lists(st.booleans(), max_size=2, unique=True).map(tuple),
    emoji=st.booleans(),
    link=st.none() | st.sampled_from(["l.png"]),
)


@dataclass(frozen=True)
class Scene:
    """A question: what it names, what is attached, what is replied to, and what stands above."""

    named: tuple[str, ...]
    attached: Post
    replied_to: Post | None
    above: tuple[Post, ...] = field(default=())


scenes = st.builds(
    Scene,
    named=st.lists(st.sampled_from(["link", "person", "emoji", "message"]), max_size=4, unique=True)
    .map(sorted)
    .map(tuple),
    attached=st.builds(Post, files=names, stickers=posts.map(lambda post: post.stickers)),
    replied_to=st.none() | posts,
    above=st.lists(posts, max_size=3).map(tuple),
)

NAMED = {"link": "named.png", "person": "avatar", "emoji": "cat", "message": "there.png"}


def order(scene: Scene, *, can_reply: bool) -> tuple[list[str], list[str]] | None:
    """Return what is meant by the written order, and what is left out; None for a refusal."""
    if scene.named:
        return [NAMED[kind] for kind in NAMED if kind in scene.named], []
    good, refused = written(scene.attached)
    if good:
        return good, refused
    if can_reply and scene.replied_to is not None:
        good, more = written(scene.replied_to)
        return (good, refused + more) if good else None
    if refused:
        return None
    passed: list[str] = []
    for post in reversed((*scene.above, *filter(None, [scene.replied_to]))):
        good, more = written(post, searching=True)
        passed += more
        if good:
            return good[:1], passed
    return None


class Stage:
    """Posts in a room, without a network between, and reads as the bot would."""

    def __init__(self, room: Room) -> None:
        self.room, world = room, room.world
        self.channel = world.add_channel("stage")
        self.stickers = {
            True: world.add_sticker("drawn", b"{}", format=3),
            False: world.add_sticker("painted", PNG),
        }
        self.dog, self.cat = world.add_emoji("dog", PNG), world.add_emoji("cat", PNG)
        form = Form({}, {0: Upload("there.png", PNG)})
        self.there = room.playground.posting.create(room.channel, room.user.person, form)

    def post(self, post: Post) -> Message:
        """Post what a bot may, which is everything."""
        return self._post(post, self.room.other_bot.person)

    def ask(self, scene: Scene, to: Message | None) -> tuple[Message, str]:
        """Post the text command of `scene`, in reply `to` a message; return it and its words."""
        person = self.room.user.person
        words = " ".join(self._words(kind) for kind in reversed(scene.named))
        message = self._post(scene.attached, person, f"!x {words}", to)
        return message, words

    def _words(self, kind: str) -> str:
        there = self.there
        return {
            "link": f"[this]({NOWHERE}/named.png),",
            "person": f"<@{self.room.user.person.id}>",
            "emoji": str(self.cat),
            "message": f"https://discord.com/channels/{self.room.world.guild.id}"
            f"/{there.channel.id}/{there.id}",
        }[kind]

    def _post(
        self, post: Post, author: Person, content: str = "", to: Message | None = None
    ) -> Message:
        components: list[dict[str, Any]] = []
        text = {"type": 10, "content": "words"}
        if post.section:
            thumbnail = {"type": 11, **_media(post.section)}
            components.append({"type": 9, "components": [text], "accessory": thumbnail})
        if post.gallery:
            components.append({"type": 12, "items": [_media(one) for one in post.gallery]})
        if post.shows_file and post.files:
            upload = {"media": {"url": f"attachment://{post.files[0]}"}}
            components.append({"type": 17, "components": [{"type": 12, "items": [upload]}]})
        body: dict[str, Any] = {"sticker_ids": [self.stickers[one].id for one in post.stickers]}
        if post.second:
            body |= {"components": components, "flags": 1 << 15}
        else:
            link = f"<{NOWHERE}/{post.link}>" if post.link else ""
            body["content"] = content or f"{self.dog if post.emoji else ''} {link}".strip()
            body["embeds"] = [{"image": {"url": f"{NOWHERE}/{one}"}} for one in post.embeds]
        files = {number: Upload(name, FILES[name]) for number, name in enumerate(post.files)}
        reference = Reference(to.channel, to.id) if to else None
        occasion = MessageContext(kind=19 if to else 0, reference=reference, may_be_empty=True)
        return self.room.playground.posting.create(
            self.channel, author, Form(body, files), occasion
        )

    def read(self, message: Message) -> discord.Message:
        """Return `message` as the gateway tells the bot of it."""
        channel = self.room.bot.get_channel(self.channel.id)
        assert isinstance(channel, discord.TextChannel)
        data: Any = message_payloads.event(message, self.room.playground.links)
        return discord.Message(state=self.room.bot._connection, channel=channel, data=data)


def _media(name: str) -> dict[str, Any]:
    return {"media": {"url": f"{NOWHERE}/{name}"}}


async def asked_by_text(stage: Stage, heard: discord.Message, words: str) -> FoundPictures:
    """Return what a text command means."""
    return await find(typed(stage.room.bot, heard, parse_text(words)))


async def asked_by_slash(stage: Stage, heard: discord.Message, words: str) -> FoundPictures:
    """Return what the same options of a slash command mean."""
    files = uploaded(heard.attachments)
    people = tuple(heard.mentions)
    bot, channel = stage.room.bot, heard.channel
    pointing = Pointing(
        bot, heard.author, channel.id, parse_text(words), people, files, None, channel, heard
    )
    return await find(pointing)


def check(found: FoundPictures | None, wanted: tuple[list[str], list[str]] | None) -> None:
    """Compare what was chosen with the written order, for every number that a command takes."""
    if found is None or wanted is None:
        assert (found is None) == (wanted is None)
        return
    good, left_out = wanted
    assert (_names(found), list(found.left_out)) == (good, left_out)
    for most in MOST:
        taken = found.first(most)
        assert _names(taken) == good[:most]
        assert (f" of {len(good)}" in (taken.note or "")) == (len(good) > most)
        assert ("Left out" in (taken.note or "")) == bool(left_out)


def _names(found: FoundPictures) -> list[str]:
    return ["avatar" if one.name.endswith("'s avatar") else one.name for one in found.pictures]


async def _or_none(coroutine: Any) -> FoundPictures | None:
    try:
        result: FoundPictures = await coroutine
    except NoPicture:
        return None
    return result


async def test_the_choice_is_that_of_the_written_order(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By text, by slash command, and by a message's menu, for commands that take 1, 4 and 10."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 0.0)
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenes)
    def played(scene: Scene) -> None:
        playing = asyncio.run_coroutine_threadsafe(_play(room, scene), loop)
        playing.result(timeout=3 * PATIENCE)

    await loop.run_in_executor(None, played)


async def _play(room: Room, scene: Scene) -> None:
    stage = Stage(room)
    for post in scene.above:
        stage.post(post)
    replied_to = stage.post(scene.replied_to) if scene.replied_to else None
    message, words = stage.ask(scene, replied_to)
    await eventually(lambda: stage.room.bot.get_channel(stage.channel.id) is not None)
    heard = stage.read(message)
    check(await _or_none(asked_by_text(stage, heard, words)), order(scene, can_reply=True))
    if not scene.attached.stickers:  # no option takes any
        by_slash = await _or_none(asked_by_slash(stage, heard, words))
        check(by_slash, order(scene, can_reply=False))
    if replied_to and scene.replied_to:
        good, refused = written(scene.replied_to)
        chosen = _inside(stage, replied_to)
        check(chosen, (good, refused) if good else None)


def _inside(stage: Stage, message: Message) -> FoundPictures | None:
    try:
        return inside(stage.read(message), stage.room.world.bot.id)
    except NoPicture:
        return None
