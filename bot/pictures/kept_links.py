"""Pictures' addresses kept with an answer, so that its buttons find them after a restart.

Each lies as the address of the answer's embed, which shows it nowhere where there is no title. What
else is known of the picture stands behind the "#", which no server is sent; nobody but Bobby writes
it, so a link that a person typed stays one.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote, urldefrag

import discord

from bot.pictures.picture import FoundPictures, Picture

LONGEST = 2048
"""Characters of an address that Discord takes."""

_KEPT = re.compile(r"bobby:(?P<discord>[01])(?P<spoiler>[01]):(?P<name>.*)")


def kept(embeds: Sequence[discord.Embed], pictures: Sequence[Picture]) -> tuple[discord.Embed, ...]:
    """Return `embeds`, one for each of `pictures`, with their addresses; else as they are."""
    links = [_link(picture) for picture in pictures]
    if len(embeds) != len(links) or not all(map(_can_be_kept, links)):
        return tuple(embeds)
    copies = tuple(embed.copy() for embed in embeds)
    for copy, link in zip(copies, links, strict=True):
        copy.url = link
    return copies


def found(embeds: Sequence[discord.Embed]) -> FoundPictures | None:
    """Return the pictures whose addresses are kept with all of `embeds`, None where not."""
    pictures = [_picture(embed.url or "") for embed in embeds]
    known = tuple(picture for picture in pictures if picture)
    return FoundPictures(known) if known and len(known) == len(pictures) else None


def _can_be_kept(link: str) -> bool:
    return len(link) <= LONGEST and link.startswith(("http://", "https://"))


def _link(picture: Picture) -> str:
    flags = f"{picture.from_discord:d}{picture.spoiler:d}"
    return f"{urldefrag(picture.url).url}#bobby:{flags}:{quote(picture.name, safe='')}"


def _picture(link: str) -> Picture | None:
    url, _, fragment = link.partition("#")
    if (match := _KEPT.fullmatch(fragment)) is None:
        return None
    return Picture(
        url,
        unquote(match["name"]),
        from_discord=match["discord"] == "1",
        spoiler=match["spoiler"] == "1",
    )
