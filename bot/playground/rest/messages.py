"""REST: messages, their reactions, and typing."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from aiohttp import web

from bot.playground.faults import Faults
from bot.playground.messages import bodies
from bot.playground.messages.building import snowflake
from bot.playground.messages.posting import Posting
from bot.playground.messages.rules import check_post, check_words, may_read
from bot.playground.model import errors, message_payloads, payloads
from bot.playground.model.links import Links
from bot.playground.model.permissions import PermissionBits, may_send, require
from bot.playground.model.records import DM, SUPPRESS_EMBEDS, Json, Message, Person
from bot.playground.model.state import Event, World, now
from bot.playground.rest.http import caller, channel_of, done, message_of, ok, query_number
from bot.playground.rest.nonce_cache import Nonces

_ATTACHMENT = re.compile(r"/(?:ephemeral-)?attachments/(\d+)/(\d+)/")


class MessageRoutes:
    """Routes about what is in a channel."""

    def __init__(self, world: World, posting: Posting, links: Links, faults: Faults) -> None:
        self._world = world
        self._posting = posting
        self._links = links
        self._faults = faults
        self._nonces = Nonces()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        messages = "/channels/{channel_id}/messages"
        message = messages + "/{message_id}"
        reaction = message + "/reactions/{emoji_name}/@me"
        return [
            web.get("/channels/{channel_id}", self.channel),
            web.get(messages, self.list),
            web.post(messages, self.create),
            web.get(message, self.get),
            web.patch(message, self.edit),
            web.delete(message, self.delete),
            web.post("/channels/{channel_id}/typing", self.type),
            web.post("/attachments/refresh-urls", self.refresh),
            web.put(reaction, self.react),
            web.delete(reaction, self.unreact),
        ]

    def _shown(self, message: Message, viewer: Person) -> Json:
        data = message_payloads.message(message, self._links, viewer=viewer)
        if not viewer.bot or self._world.application.message_content:
            return data
        direct = message.channel.kind == DM
        return message_payloads.without_content(data, viewer, direct=direct)

    async def channel(self, request: web.Request) -> web.Response:
        """Return the channel itself."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel)
        return ok(payloads.channel(channel, viewer=me))

    async def list(self, request: web.Request) -> web.Response:
        """Return up to `limit` messages, newest first, `before` or `after` an id."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel)
        query = request.query
        limit = query_number(request, "limit", 50, 100)
        if not may_read(me, channel):
            return ok([])
        visible = [one for one in channel.messages.values() if one.for_whom is None]
        chosen = _window(visible, query, limit)
        return ok([self._shown(message, me) for message in reversed(chosen)])

    async def get(self, request: web.Request) -> web.Response:
        """Return one message."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel, PermissionBits.READ_MESSAGE_HISTORY)
        return ok(self._shown(message_of(channel, request), me))

    async def create(self, request: web.Request) -> web.Response:
        """Post a message, unless it enforces its nonce and was posted under it before."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel)
        form = await bodies.read_message(request, file_limit=self._world.upload_limit)
        nonce = form.payload.get("nonce") if form.payload.get("enforce_nonce") else None
        if (first := self._nonces.recall(me, nonce)) is not None:
            return ok(message_payloads.message(first, self._links, viewer=me))
        check_post(self._world, me, channel, form)
        reference = form.payload.get("message_reference") or {}
        if reference.get("type") == 1:
            self._check_forward(me, reference)
        message = self._posting.create(channel, me, form)
        self._nonces.remember(message)
        return ok(message_payloads.message(message, self._links, viewer=me))

    def _check_forward(self, me: Person, reference: Json) -> None:
        source = self._world.channels.get(snowflake(reference.get("channel_id"), "channel_id"))
        if source is None:
            raise errors.unknown("Channel")
        require(me, source, PermissionBits.READ_MESSAGE_HISTORY)

    async def edit(self, request: web.Request) -> web.Response:
        """Edit one's own message; people who manage messages may hide another's embeds."""
        me, channel = caller(request), channel_of(self._world, request)
        held = require(me, channel)
        form = await bodies.read_message(request, file_limit=self._world.upload_limit)
        message = message_of(channel, request)
        if channel.archived:
            raise errors.thread_archived()
        if message.author is not me:
            if set(form.payload) != {"flags"} or not held & PermissionBits.MANAGE_MESSAGES:
                raise errors.not_the_author()
            hidden = int(form.payload["flags"] or 0) & SUPPRESS_EMBEDS
            form.payload["flags"] = message.flags & ~SUPPRESS_EMBEDS | hidden
        if form.files and not held & PermissionBits.ATTACH_FILES:
            raise errors.missing_permissions()
        check_words(me, channel, str(form.payload.get("content") or ""))
        self._posting.edit(message, form)
        return ok(self._shown(message, me))

    async def delete(self, request: web.Request) -> web.Response:
        """Delete one's own message, or another's with Manage Messages."""
        me, channel = caller(request), channel_of(self._world, request)
        held = require(me, channel)
        message = message_of(channel, request)
        if message.author is not me and not held & PermissionBits.MANAGE_MESSAGES:
            raise errors.missing_permissions()
        self._posting.delete(message)
        return done()

    async def refresh(self, request: web.Request) -> web.Response:
        """Return a fresh link for each of some links to attachments, unsigned ones too."""
        caller(request)
        form = await bodies.read(request, file_limit=0)
        fresh: list[Json] = []
        for url in form.payload.get("attachment_urls") or []:
            found = _ATTACHMENT.search(str(url))
            file = self._world.files.get((int(found[1]), int(found[2]))) if found else None
            if file is None:
                raise errors.invalid("attachment_urls", "INVALID_URL", "Not an attachment's URL.")
            fresh.append({"original": url, "refreshed": self._links.attachment(file)})
        return ok({"refreshed_urls": fresh})

    async def type(self, request: web.Request) -> web.Response:
        """Show the caller as typing for ten seconds."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel, may_send(channel))
        self._faults.typed(channel.id, me.id)
        data: Json = {
            "channel_id": str(channel.id),
            "user_id": str(me.id),
            "timestamp": int(now().timestamp()),
        }
        if channel.guild is not None:
            data["guild_id"] = str(channel.guild.id)
            data["member"] = payloads.member(channel.guild.members[me.id])
        self._world.publish(Event("TYPING_START", data, channel=channel))
        return done()

    # --- reactions --------------------------------------------------------------------------------

    async def react(self, request: web.Request) -> web.Response:
        """React to a message."""
        me, channel = caller(request), channel_of(self._world, request)
        held = require(me, channel, PermissionBits.READ_MESSAGE_HISTORY)
        message = message_of(channel, request)
        if channel.archived:
            raise errors.thread_archived()
        key = _emoji(request)
        if key not in message.reactions and not held & PermissionBits.ADD_REACTIONS:
            raise errors.missing_permissions()
        who = message.reactions.setdefault(key, [])
        if me.id not in who:
            who.append(me.id)
            self._tell_reaction("MESSAGE_REACTION_ADD", message, key, me)
        return done()

    async def unreact(self, request: web.Request) -> web.Response:
        """Take back one's own reaction."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel)
        message, key = message_of(channel, request), _emoji(request)
        who = message.reactions.get(key, [])
        if me.id in who:
            who.remove(me.id)
            if not who:
                del message.reactions[key]
            self._tell_reaction("MESSAGE_REACTION_REMOVE", message, key, me)
        return done()

    def _tell_reaction(self, event: str, message: Message, key: str, who: Person) -> None:
        channel = message.channel
        data: Json = {
            "user_id": str(who.id),
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            "message_author_id": str(message.author.id),
            "emoji": {"id": None, "name": key},
            "burst": False,
            "type": 0,
        }
        if channel.guild is not None:
            data["guild_id"] = str(channel.guild.id)
            if event == "MESSAGE_REACTION_ADD":
                data["member"] = payloads.member(channel.guild.members[who.id])
        self._world.publish(Event(event, data, channel=channel))


def _emoji(request: web.Request) -> str:
    key = unquote(request.match_info["emoji_name"])
    if key.isascii():
        raise errors.unknown("Emoji")
    return key


def _window(messages: list[Message], query: Mapping[str, str], limit: int) -> list[Message]:
    if before := query.get("before"):
        edge = snowflake(before, "before")
        return [one for one in messages if one.id < edge][-limit:]
    if after := query.get("after"):
        edge = snowflake(after, "after")
        return [one for one in messages if one.id > edge][:limit]
    return messages[-limit:]
