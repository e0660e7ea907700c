"""Writing, editing and deleting messages: what changes, and who is told.

Owns the making of `Message` records out of bodies. The checks of who may post where are in
`rules`; the routes call them first. Interactions post through here too.
"""

import asyncio
import re
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from bot.playground.messages import building, limits
from bot.playground.messages.bodies import Form
from bot.playground.model import errors, message_payloads
from bot.playground.model.links import Links
from bot.playground.model.records import (
    COMPONENTS_V2,
    DEFAULT,
    EPHEMERAL,
    HAS_SNAPSHOT,
    HAS_THREAD,
    LOADING,
    REPLY,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    THREAD_STARTER,
    VOICE,
    Attachment,
    Channel,
    Json,
    Message,
    Person,
    Reference,
)
from bot.playground.model.state import Event, World, now

_SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2 | VOICE
_LINK = re.compile(r"(?<!<)https?://[^\s<>|]+")


@dataclass(frozen=True, slots=True)
class MessageContext:
    """What makes a message other than one that somebody just posts.

    `for_whom` makes it ephemeral; `interaction` and `command` are the JSON of what it answers.
    """

    kind: int = DEFAULT
    for_whom: Person | None = None
    interaction: Json | None = None
    command: Json | None = None
    application_id: int | None = None
    flags: int = 0
    reference: Reference | None = None
    may_be_empty: bool = False


POSTED = MessageContext()


class Posting:
    """Writes messages into the world. `unfurl_after` is how many seconds link previews take."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self.unfurl_after = 0.0

    def create(
        self, channel: Channel, author: Person, form: Form, occasion: MessageContext = POSTED
    ) -> Message:
        """Post the body `form` in `channel` and return the message.

        Raises:
            ApiError: The body is too long, empty, or points at a message that is not there.
        """
        limits.check(form)
        payload = form.payload
        flags = (int(payload.get("flags") or 0) & _SETTABLE) | occasion.flags
        message = Message(
            id=self._world.new_id(),
            channel=channel,
            author=author,
            sent_at=now(),
            kind=occasion.kind,
            content=str(payload.get("content") or "").strip(),
            embeds=building.embeds(payload.get("embeds") or []),
            components=building.components(payload.get("components") or []),
            flags=flags,
            tts=bool(payload.get("tts")),
            nonce=payload.get("nonce"),
            reference=occasion.reference,
            interaction=occasion.interaction,
            command=occasion.command,
            application_id=occasion.application_id,
            for_whom=occasion.for_whom,
        )
        self._point(message, payload.get("message_reference"))
        self._add_stickers(message, payload.get("sticker_ids") or [])
        if payload.get("poll"):
            message.poll = building.poll(payload["poll"], (now() + timedelta(days=1)).isoformat())
        message.attachments = building.attachments(form, channel.id, self._world)
        building.settle_files(message)
        if not occasion.may_be_empty:
            _refuse_empty(message)
        self._mention(message, payload.get("allowed_mentions"))
        self._keep(message)
        return message

    def _point(self, message: Message, reference: Json | None) -> None:
        if not reference:
            return
        channel_id = reference.get("channel_id") or message.channel.id
        channel = self._world.channels.get(building.snowflake(channel_id, "message_reference"))
        target_id = building.snowflake(reference.get("message_id"), "message_reference")
        target = channel.messages.get(target_id) if channel else None
        if channel is None or target is None or target.for_whom is not None:
            if reference.get("fail_if_not_exists", True) is False:
                return
            raise errors.invalid(
                "message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown Message"
            )
        kind = int(reference.get("type") or 0)
        message.reference = Reference(channel, target.id, kind)
        if kind == 1:
            message.flags |= HAS_SNAPSHOT
            message.snapshots = target.snapshots or [message_payloads.body(target, self._links)]
        else:
            message.kind = REPLY

    def _add_stickers(self, message: Message, ids: list[object]) -> None:
        for index, value in enumerate(ids):
            sticker = self._world.stickers.get(building.snowflake(value, f"sticker_ids.{index}"))
            if sticker is None:
                raise errors.invalid(
                    "sticker_ids", "STICKER_INVALID", "One or more stickers are invalid"
                )
            message.stickers.append(sticker)

    def _mention(self, message: Message, allowed: Json | None) -> None:
        replied_to = None
        if message.kind == REPLY and message.reference is not None:
            target = message.reference.channel.messages.get(message.reference.message_id)
            # Discord pings nobody for a reply to what answered an interaction.
            replied_to = target.author if target and target.interaction is None else None
        found = building.mentions(
            message.content, allowed, message.channel, self._world, replied_to=replied_to
        )
        message.mentions, message.mention_roles = found.people, found.roles
        message.mention_everyone = found.everyone

    def _keep(self, message: Message) -> None:
        channel = message.channel
        if message.for_whom is not None:
            message.flags |= EPHEMERAL
        self._shelve(message)
        channel.messages[message.id] = message
        if channel.archived:
            channel.archived = False
            self._world.channel_changed(channel)
        self.announce("MESSAGE_CREATE", message)
        self._unfurl_later(message)

    def _shelve(self, message: Message) -> None:
        for file in message.attachments:
            file.ephemeral = message.for_whom is not None
            self._world.files[file.channel_id, file.id] = file

    def announce(self, name: str, message: Message) -> None:
        """Tell of `message` those who may see it."""
        to = None if message.for_whom is None else (message.for_whom,)
        data = message_payloads.event(message, self._links)
        self._world.publish(Event(name, data, channel=message.channel, to=to))

    def begin_thread(self, at: Message, name: str) -> Channel:
        """Return a new thread at the message `at`, which the thread's first message points to."""
        at.thread = self._world.add_thread(at.channel, name, owner=at.author, starter=at)
        at.flags |= HAS_THREAD
        self.announce("MESSAGE_UPDATE", at)
        reference = Reference(at.channel, at.id)
        occasion = MessageContext(kind=THREAD_STARTER, reference=reference, may_be_empty=True)
        self.create(at.thread, at.author, Form({}), occasion)
        return at.thread

    # --- links ------------------------------------------------------------------------------------

    def _unfurl_later(self, message: Message) -> None:
        if _LINK.search(message.content):
            asyncio.get_running_loop().call_later(self.unfurl_after, self._unfurl, message)

    def _unfurl(self, message: Message) -> None:
        """Preview pictures of our own CDN; other addresses are never asked."""
        previews = [self._preview(url) for url in _LINK.findall(message.content)]
        message.unfurled = [preview for preview in previews if preview is not None]
        if message.unfurled and message.channel.messages.get(message.id) is message:
            self.announce("MESSAGE_UPDATE", message)

    def _preview(self, url: str) -> Json | None:
        found = re.match(rf"{re.escape(self._links.origin)}/attachments/(\d+)/(\d+)/", url)
        file = self._world.files.get((int(found[1]), int(found[2]))) if found else None
        if file is None or file.width is None:
            return None
        thumbnail = {
            "url": url,
            "proxy_url": self._links.proxied(file),
            "width": file.width,
            "height": file.height,
        }
        return {"type": "image", "url": url, "thumbnail": thumbnail}

    # --- later ------------------------------------------------------------------------------------

    def edit(self, message: Message, form: Form, *, finished: bool = False) -> None:
        """Change what the body names and leave the rest; `finished` ends a deferred answer.

        Raises:
            ApiError: The new body is too long, or nothing would be left.
        """
        limits.check(form, second=bool(message.flags & COMPONENTS_V2))
        payload = form.payload
        kept = self._kept(message, form)
        added = building.attachments(form, message.channel.id, self._world)
        if len(kept) + len(added) > limits.MAX_FILES:
            raise errors.invalid(
                "attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length."
            )
        changed = replace(message)  # so that a refusal leaves everything as it was
        if "content" in payload:
            changed.content = str(payload["content"] or "").strip()
            self._mention(changed, payload.get("allowed_mentions"))
        if "embeds" in payload:
            changed.embeds = building.embeds(payload["embeds"] or [])
        if "components" in payload:
            changed.components = building.components(payload["components"] or [])
        if "flags" in payload:
            kept_flags = changed.flags & ~(SUPPRESS_EMBEDS | COMPONENTS_V2)
            changed.flags = kept_flags | (int(payload["flags"] or 0) & _SETTABLE)
        if finished:
            changed.flags &= ~LOADING
        changed.attachments = kept + added
        building.settle_files(changed)
        _refuse_empty(changed)
        for field in fields(message):
            setattr(message, field.name, getattr(changed, field.name))
        self._shelve(message)
        message.edited_at = None if finished else now()
        self.announce("MESSAGE_UPDATE", message)
        self._unfurl_later(message)

    def _kept(self, message: Message, form: Form) -> list[Attachment]:
        entries = form.payload.get("attachments")
        if entries is None:
            return list(message.attachments)
        wanted = {str(entry.get("id")): entry for entry in entries}
        kept = [f for f in message.attachments if str(f.id) in wanted or not f.shown]
        for file in kept:
            entry = wanted.get(str(file.id), {})
            file.description = entry.get("description", file.description)
        return kept

    def delete(self, message: Message) -> None:
        """Remove `message` and its files."""
        channel = message.channel
        del channel.messages[message.id]
        for file in message.attachments:
            self._world.files.pop((file.channel_id, file.id), None)
        data = {"id": str(message.id), "channel_id": str(channel.id)}
        if channel.guild is not None:
            data["guild_id"] = str(channel.guild.id)
        to = None if message.for_whom is None else (message.for_whom,)
        self._world.publish(Event("MESSAGE_DELETE", data, channel=channel, to=to))


def _refuse_empty(message: Message) -> None:
    second = message.flags & COMPONENTS_V2 and message.components
    filled = message.content or message.embeds or message.attachments or message.stickers
    if not (filled or message.poll or message.snapshots or second):
        raise errors.empty_message()
