"""REST: channels, threads and typing."""

from aiohttp import web

from bot.playground.faults import Faults
from bot.playground.messages import bodies
from bot.playground.messages.bodies import Form
from bot.playground.messages.posting import Occasion, Posting
from bot.playground.model import errors, payloads
from bot.playground.model.permissions import P, in_channel, may_send, require
from bot.playground.model.records import (
    DM,
    HAS_THREAD,
    NEWS_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    THREAD_CREATED,
    THREAD_STARTER,
    Channel,
    Json,
    Reference,
)
from bot.playground.model.state import Event, World, now
from bot.playground.rest.http import caller, channel_of, done, message_of, ok


class ChannelRoutes:
    """Routes about channels."""

    def __init__(self, world: World, posting: Posting, faults: Faults) -> None:
        self._world = world
        self._posting = posting
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        channel = "/channels/{channel_id}"
        return [
            web.get(channel, self.channel),
            web.patch(channel, self.change),
            web.delete(channel, self.remove),
            web.post(channel + "/typing", self.type),
            web.post(channel + "/threads", self.new_thread),
            web.post(channel + "/messages/{message_id}/threads", self.thread_from_message),
            web.put(channel + "/thread-members/@me", self.join),
            web.delete(channel + "/thread-members/@me", self.leave),
        ]

    async def channel(self, request: web.Request) -> web.Response:
        """Return a channel."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel)
        return ok(payloads.channel(channel, viewer=me))

    async def change(self, request: web.Request) -> web.Response:
        """Change a channel's name, topic or slow mode; archive or lock a thread."""
        me, channel = caller(request), channel_of(self._world, request)
        if channel.kind == DM:
            raise errors.wrong_channel_type()
        body = await bodies.read_json(request)
        held = require(me, channel)
        if not held & (P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS):
            owner_may = channel.owner is me and "locked" not in body and not channel.locked
            if not owner_may:
                raise errors.missing_permissions()
        channel.name = str(body.get("name") or channel.name)
        channel.topic = body.get("topic", channel.topic)
        channel.slow_mode = int(body.get("rate_limit_per_user", channel.slow_mode) or 0)
        if channel.is_thread:
            channel.archived = bool(body.get("archived", channel.archived))
            channel.locked = bool(body.get("locked", channel.locked))
        self._world.channel_changed(channel)
        return ok(payloads.channel(channel))

    async def remove(self, request: web.Request) -> web.Response:
        """Delete a channel or thread; a direct conversation is only closed."""
        me, channel = caller(request), channel_of(self._world, request)
        if channel.kind == DM:
            require(me, channel)
            return ok(payloads.channel(channel, viewer=me))
        require(me, channel, P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
        data = payloads.channel(channel)
        self._world.remove_channel(channel)
        return ok(data)

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

    # --- threads ----------------------------------------------------------------------------------

    async def new_thread(self, request: web.Request) -> web.Response:
        """Begin a thread that starts at no message."""
        me, parent = caller(request), channel_of(self._world, request)
        body = await bodies.read_json(request)
        kind = int(body.get("type") or PRIVATE_THREAD)
        if kind not in {NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD} or parent.kind != TEXT:
            raise errors.wrong_channel_type()
        private = kind == PRIVATE_THREAD
        require(me, parent, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
        name = _thread_name(body)
        thread = self._world.add_thread(parent, name, owner=me, kind=kind)
        if not private:
            occasion = Occasion(
                kind=THREAD_CREATED, reference=Reference(thread, thread.id), may_be_empty=True
            )
            self._posting.create(parent, me, Form({"content": name}), occasion)
        return ok(_created(thread, me.id), status=201)

    async def thread_from_message(self, request: web.Request) -> web.Response:
        """Begin a thread at a message."""
        me, parent = caller(request), channel_of(self._world, request)
        require(me, parent, P.CREATE_PUBLIC_THREADS, P.READ_MESSAGE_HISTORY)
        if parent.kind != TEXT:
            raise errors.wrong_channel_type()
        message = message_of(parent, request)
        if message.thread is not None:
            raise errors.thread_exists()
        name = _thread_name(await bodies.read_json(request))
        thread = self._world.add_thread(parent, name, owner=me, starter=message)
        message.thread = thread
        message.flags |= HAS_THREAD
        self._posting.announce("MESSAGE_UPDATE", message)
        occasion = Occasion(
            kind=THREAD_STARTER, reference=Reference(parent, message.id), may_be_empty=True
        )
        self._posting.create(thread, me, Form({}), occasion)
        return ok(_created(thread, me.id), status=201)

    async def join(self, request: web.Request) -> web.Response:
        """Join a thread."""
        me, thread = caller(request), channel_of(self._world, request)
        if not thread.is_thread:
            raise errors.wrong_channel_type()
        require(me, thread)
        thread.members.setdefault(me.id, now())
        return done()

    async def leave(self, request: web.Request) -> web.Response:
        """Leave a thread."""
        me, thread = caller(request), channel_of(self._world, request)
        if not thread.is_thread or not in_channel(me, thread):
            raise errors.wrong_channel_type()
        thread.members.pop(me.id, None)
        return done()


def _thread_name(body: Json) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise errors.invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name


def _created(thread: Channel, owner_id: int) -> Json:
    assert thread.owner is not None
    assert thread.owner.id == owner_id
    return {**payloads.channel(thread), "member": payloads.thread_member(thread, thread.owner)}
