"""What a text names: links as chat programs find them, people, custom emoji, messages.

Takes nothing from anywhere; the rest of the words is the command's own, such as a model's name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.pictures.discord_files import emoji_url
from bot.pictures.picture import Picture, linked

_LINK = re.compile(r"https?://[^\s<>|`\"“”«»「」『』]+", re.IGNORECASE)
_MESSAGE = re.compile(
    r"https?://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/channels/(?:@me|\d+)/(\d+)/(\d+)/?",
    re.IGNORECASE,
)
_PERSON = re.compile(r"<@!?(\d{15,20})>")
_EMOJI = re.compile(r"<a?:(\w{2,32}):(\d{15,20})>")
_SPOILER = re.compile(r"\|\|.*?\|\|", re.DOTALL)
_ENDS_A_SENTENCE = ".,:;!?'’…*~。、，！？：；"
_BEFORE = re.compile(r"(?:\[[^\[\]\n]*\]\(|[(\[<\"'`*_~“‘«|])*$")
_BEHIND = re.compile(r"(?:\s+\"[^\"\n]*\"\))?[)\]>\"'`*_~”’»|.,:;!?…。、，！？]*")
_COURTESY = re.compile(
    r"\s*(?:please|pls|plz|thanks|thank you|부탁해요|부탁드려요)\b[.!]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Words:
    """What stands behind a command: what it names, each kind in its order, and the rest.

    `people` are ids; `messages` are pairs of a channel's and a message's id.
    """

    links: tuple[Picture, ...] = ()
    people: tuple[int, ...] = ()
    emoji: tuple[Picture, ...] = ()
    messages: tuple[tuple[int, int], ...] = ()
    rest: str = ""


@dataclass(frozen=True, slots=True)
class _Named:
    start: int
    end: int
    what: Picture | int | tuple[int, int]
    is_emoji: bool = False


def parse_text(text: str) -> Words:
    """Tell apart what `text` names and whatever else stands there."""
    named = sorted((*_links(text), *_people(text), *_emoji(text)), key=lambda one: one.start)
    pictures = [(one.what, one.is_emoji) for one in named if isinstance(one.what, Picture)]
    return Words(
        links=tuple(dict.fromkeys(what for what, is_emoji in pictures if not is_emoji)),
        people=tuple(dict.fromkeys(one.what for one in named if isinstance(one.what, int))),
        emoji=tuple(dict.fromkeys(what for what, is_emoji in pictures if is_emoji)),
        messages=tuple(dict.fromkeys(one.what for one in named if isinstance(one.what, tuple))),
        rest=_without(text, named),
    )


def in_spoiler(content: str, position: int) -> bool:
    """Tell whether the character at `position` stands between two `||`."""
    return any(span.start() <= position < span.end() for span in _SPOILER.finditer(content))


def _links(text: str) -> Iterator[_Named]:
    for found in _LINK.finditer(text):
        link = _trimmed(found[0], within_underscores=text[: found.start()].endswith("_"))
        start, end = found.start(), found.start() + len(link)
        if message := _MESSAGE.fullmatch(link):
            yield _Named(start, end, (int(message[1]), int(message[2])))
        else:
            yield _Named(start, end, linked(link, spoiler=in_spoiler(text, start)))


def _people(text: str) -> Iterator[_Named]:
    for found in _PERSON.finditer(text):
        yield _Named(found.start(), found.end(), int(found[1]))


def _emoji(text: str) -> Iterator[_Named]:
    for found in _EMOJI.finditer(text):
        hidden = in_spoiler(text, found.start())
        picture = Picture(emoji_url(int(found[2])), found[1], from_discord=True, spoiler=hidden)
        yield _Named(found.start(), found.end(), picture, is_emoji=True)


def _trimmed(link: str, *, within_underscores: bool) -> str:
    """Leave off what belongs to the sentence: a bracket that the link did not open, a period."""
    opened = {")": 0, "]": 0}
    for place, character in enumerate(link):
        if character in "([":
            opened[")" if character == "(" else "]"] += 1
        elif character in opened:
            if not opened[character]:
                link = link[:place]
                break
            opened[character] -= 1
    short = link.rstrip(_ENDS_A_SENTENCE + "_" * within_underscores)
    return short if len(short) > len("https://") else link


def _without(text: str, named: list[_Named]) -> str:
    """Return the words of `text` beside what is named, whose brackets and quotes go with it."""
    kept, at = [], 0
    for one in named:
        before = text[at : max(at, one.start)]
        wrapped = _BEFORE.search(before)
        kept.append(before[: wrapped.start()] if wrapped else before)
        behind = _BEHIND.match(text, one.end)
        at = behind.end() if behind else one.end
        if "," in text[one.end : at] and (courtesy := _COURTESY.match(text, at)):
            at = courtesy.end()
    return " ".join(" ".join([*kept, text[at:]]).replace("||", " ").split())
