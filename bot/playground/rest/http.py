"""What routes answer with, and whom they answer: JSON of exactly Discord's content type."""

import contextlib
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from bot.playground.messages.building import snowflake
from bot.playground.model import errors
from bot.playground.model.fields import require_form
from bot.playground.model.records import Channel, Guild, Json, Message, Person
from bot.playground.model.state import World

PERSON: web.RequestKey[Person] = web.RequestKey("person", Person)
"""Who sent the request; set before a route runs when the token is somebody's."""


def ok(
    data: Json | list[Json], status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Return `data` as the answer."""
    body, kind = msgspec.json.encode(data), "application/json"
    return web.Response(body=body, status=status, headers=headers, content_type=kind)


def done() -> web.Response:
    """Return the answer that has nothing to say."""
    return web.Response(status=204)


def caller(request: web.Request) -> Person:
    """Return who sent the request.

    Raises:
        ApiError: 401 when nobody is known by the token.
    """
    if PERSON not in request:
        raise errors.unauthorized()
    return request[PERSON]


def with_counts(request: web.Request) -> bool:
    """Tell whether `request` asks how many members there are, too."""
    return request.query.get("with_counts", "").lower() in {"1", "true"}


def path_id(request: web.Request, name: str) -> int:
    """Return the id called `name` in the request's path.

    Raises:
        ApiError: 50035 when it is none.
    """
    return snowflake(request.match_info[name], name)


def query_number(request: web.Request, name: str, default: int, most: int) -> int:
    """Return the number `name` of the query, from 1 to `most`.

    Raises:
        ApiError: 50035 when it is none, or another.
    """
    value = request.query.get(name, str(default))
    with contextlib.suppress(ValueError):
        require_form(int(value), Annotated[int, Meta(ge=1, le=most)], name)
        return int(value)
    raise errors.invalid(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')


def channel_of(world: World, request: web.Request) -> Channel:
    """Return the channel in the request's path.

    Raises:
        ApiError: 10003 when there is none of this id.
    """
    channel = world.channels.get(path_id(request, "channel_id"))
    if channel is None:
        raise errors.unknown("Channel")
    return channel


def guild_of(world: World, request: web.Request) -> Guild:
    """Return the guild in the request's path, of which the caller has to be a member.

    Raises:
        ApiError: 10004 when there is none of this id, 50001 for strangers.
    """
    guild = world.guilds.get(path_id(request, "guild_id"))
    if guild is None:
        raise errors.unknown("Guild")
    if caller(request).id not in guild.members:
        raise errors.missing_access()
    return guild


def message_of(channel: Channel, request: web.Request) -> Message:
    """Return the message in the request's path; ephemeral ones are not to be had this way.

    Raises:
        ApiError: 10008 when there is none of this id.
    """
    message = channel.messages.get(path_id(request, "message_id"))
    if message is None or message.for_whom is not None:
        raise errors.unknown("Message")
    return message
