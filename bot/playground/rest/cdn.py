"""The CDN: attachments under signed links, avatars and stickers under plain ones.

Whatever people upload is served so that a browser never runs it. Delivers as slowly as `faults`
orders.
"""

import asyncio
import contextlib

from aiohttp import web

from bot.playground.faults import SlowFiles
from bot.playground.model import media
from bot.playground.model.links import Links
from bot.playground.model.state import World

CHUNK_BYTES = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Cdn:
    """Serves the world's files."""

    def __init__(self, world: World, links: Links, slow: SlowFiles) -> None:
        self._world = world
        self._links = links
        self._slow = slow

    def routes(self) -> list[web.RouteDef]:
        """Return the CDN's routes."""
        media = "/{proxied:(media/)?}"
        name = "{kind:(ephemeral-)?attachments}/{channel_id}/{attachment_id}/{filename}"
        return [
            web.get(media + name, self.attachment),
            web.get(media + "stickers/{name}", self.sticker),
            web.get("/emojis/{name}", self.emoji),
            web.get("/avatars/{user_id}/{name}", self.avatar),
        ]

    async def attachment(self, request: web.Request) -> web.StreamResponse:
        """Serve an attachment whose link is signed and has not run out."""
        path = request.path.removeprefix("/media")
        if not self._links.is_valid(path, request.query):
            raise web.HTTPNotFound(text="This content is no longer available.")
        info = request.match_info
        where = _number(info["channel_id"]), _number(info["attachment_id"])
        file = self._world.files.get(where)
        if file is None or file.filename != info["filename"]:
            raise web.HTTPNotFound(text="This content is no longer available.")
        kind = file.content_type or media.content_type(file.filename)
        return await self._serve(request, file.data, kind or "application/octet-stream")

    async def avatar(self, request: web.Request) -> web.StreamResponse:
        """Serve a person's avatar."""
        person = self._world.people.get(_number(request.match_info["user_id"]))
        if person is None or not request.match_info["name"].startswith(person.avatar_hash):
            raise web.HTTPNotFound
        return await self._serve(request, person.avatar, "image/png")

    async def sticker(self, request: web.Request) -> web.StreamResponse:
        """Serve a sticker."""
        identifier = _number(request.match_info["name"].split(".")[0])
        sticker = self._world.stickers.get(identifier)
        if sticker is None:
            raise web.HTTPNotFound
        kind = {3: "application/json", 4: "image/gif"}.get(sticker.format, "image/png")
        return await self._serve(request, sticker.data, kind)

    async def emoji(self, request: web.Request) -> web.StreamResponse:
        """Serve a custom emoji."""
        emoji = self._world.emoji.get(_number(request.match_info["name"].split(".")[0]))
        if emoji is None:
            raise web.HTTPNotFound
        return await self._serve(request, emoji.data, "image/png")

    async def _serve(self, request: web.Request, data: bytes, kind: str) -> web.StreamResponse:
        headers = _HEADERS | {"Content-Type": kind, "Content-Length": str(len(data))}
        if kind not in media.SHOWN_INLINE:
            headers["Content-Disposition"] = "attachment"
        await asyncio.sleep(self._slow.delay)
        response = web.StreamResponse(headers=headers)
        with contextlib.suppress(ConnectionError):  # clients may hang up at any time
            await response.prepare(request)
            await self._deliver(response, data)
        return response

    async def _deliver(self, response: web.StreamResponse, data: bytes) -> None:
        slow = self._slow
        size = CHUNK_BYTES
        if slow.bytes_per_second is not None:
            size = max(1, min(CHUNK_BYTES, int(slow.bytes_per_second / 10)))
        for start in range(0, len(data), size):
            if slow.stall_after is not None and start + size > slow.stall_after:
                await response.write(data[start : slow.stall_after])
                await asyncio.Event().wait()
            await response.write(data[start : start + size])
            if slow.bytes_per_second is not None:
                await asyncio.sleep(size / slow.bytes_per_second)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise web.HTTPNotFound
    return int(text)
