"""What goes out as one reply: its text, embeds, files and buttons, and what is left of it.

Where something may not or can't be posted, a reply knows itself without it. It is sent by
`bot.conversation.responder`; what it says is `bot.replies`' matter.
"""

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import discord

from bot.core.i18n import tr

UPLOAD_AIM = 8 * 2**20
"""Bytes that a file aims to stay under, although most servers would take 10 MiB."""

MOST_CHARACTERS = 2000
"""Of a message's text; Discord refuses more."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send: its bytes, the text that stands for it, and whether it hides as a spoiler."""

    name: str
    data: bytes
    alt: str
    spoiler: bool = False

    def to_file(self) -> discord.File:
        """Return it as discord.py wants it; a `discord.File` can be sent only once."""
        return discord.File(
            io.BytesIO(self.data), self.name, spoiler=self.spoiler, description=self.alt[:1024]
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What Bobby says: a text, embeds and files, none of which may be missing altogether."""

    text: str | None = None
    embeds: tuple[discord.Embed, ...] = ()
    uploads: tuple[Upload, ...] = ()
    view: discord.ui.View | None = None

    def as_text(self) -> "Reply":
        """Return it without embeds, for places where Bobby may not post any."""
        parts = [self.text] if self.text else []
        for embed in self.embeds:
            parts += filter(None, [embed.title and f"**{embed.title}**", embed.description])
            parts += [f"**{field.name}** {field.value}" for field in embed.fields]
            parts += [f"-# {embed.footer.text}"] if embed.footer.text else []
        return Reply(_cut("\n".join(parts)), (), self.uploads, self.view)

    def without_uploads(self, why: str) -> "Reply":
        """Return what remains where its files may not be sent, with a line that says `why`."""
        embeds = tuple(embed.copy().set_image(url=None) for embed in self.embeds)
        for embed in embeds:
            embed.set_thumbnail(url=None)
        return Reply("\n".join(filter(None, [self.text, f"-# {tr(why)}"])), embeds, (), self.view)

    def edited(self) -> dict[str, Any]:
        """Return the arguments that make a message that is already there say this."""
        return {
            "content": self.text,
            "embeds": self.embeds,
            "attachments": [upload.to_file() for upload in self.uploads],
            "view": self.view,
        }


def _cut(text: str) -> str:
    """Return as many lines of `text` as a message takes; a spoiler that is cut stays one."""
    if len(text) <= MOST_CHARACTERS:
        return text
    end = "||\n…"
    room = text[: MOST_CHARACTERS - len(end)]
    kept = room.rpartition("\n")[0] or room
    hidden = kept.count("||") % 2 == 1
    return kept + (end if hidden else "\n…")


Shrink: TypeAlias = Callable[[], Awaitable[Reply]]
"""Makes the reply again, with smaller files."""
