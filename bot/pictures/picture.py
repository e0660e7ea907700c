"""A picture that somebody means, before anybody has fetched it, and several of them together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TypeAlias

import discord
from yarl import URL

from bot.core.i18n import tr, tr_n

NAMED = 3
"""So many of the files that are left out are named; of the others the number is told."""

User: TypeAlias = discord.User | discord.Member


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture's bytes are. `from_discord` tells that Discord itself gave the address.

    Such an address runs out; `renew` gives a fresh one where there is somebody to ask for it.
    """

    url: str
    name: str
    from_discord: bool
    spoiler: bool = False
    renew: Callable[[], Awaitable[str | None]] | None = field(
        default=None, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class FoundPictures:
    """The pictures a command means, at least one, and a note on how they were found, if needed.

    `left_out` are the names, ready to be shown, of what stood beside them and can't be read.
    """

    pictures: tuple[Picture, ...]
    note: str | None = None
    left_out: tuple[str, ...] = ()

    def with_note(self, more: str | None) -> "FoundPictures":
        """Return the same pictures with one more line, if there is one, below the note."""
        return replace(self, note="\n-# ".join(filter(None, [self.note, more])) or None)

    def first(self, most: int) -> "FoundPictures":
        """Return at most `most` of the pictures; the note says in one line what was left out."""
        count, said = len(self.pictures), [self.note]
        if count > most:
            cut = tr_n("the first of {all}", "First {count} of {all} pictures", most, all=count)
            said.append(cut)
        if self.left_out:
            names = listed(self.left_out)
            said.append(tr("Left out {names} (not a picture I can read)", names=names))
        return FoundPictures(self.pictures[:most], " · ".join(filter(None, said)) or None)


Find: TypeAlias = Callable[[], Awaitable[FoundPictures]]
"""Finds what a command means; called once the person has been shown that Bobby is at work."""


def listed(names: tuple[str, ...]) -> str:
    """Return the first few of `names`, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" +{more}" if more > 0 else "")


def linked(link: str, *, spoiler: bool = False) -> Picture:
    """Return the picture behind a link that a person typed."""
    return Picture(link, name_in(link), from_discord=False, spoiler=spoiler)


def avatar(person: User) -> Picture:
    """Return a person's avatar, of the server where it has one, as a picture of 512 pixels."""
    asset = person.display_avatar.with_size(512).with_static_format("png")
    return Picture(
        asset.url,
        tr("{display_name}'s avatar", display_name=person.display_name),
        from_discord=True,
    )


def name_in(url: str) -> str:
    """Return the name of the file at `url`."""
    try:
        return PurePosixPath(URL(url).path).name or tr("picture")
    except ValueError:  # anyone can post an address that is none; fetching it says so
        return tr("picture")
