"""A person in the playground: a plain REST client with a token, as the page is.

Waits for Bobby's replies by listening to what happens in the world, so that no test polls.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Self

from bot.playground.model.records import Person
from bot.playground.model.state import Event
from bot.playground.server import Playground
from tests.playground.clients import Rest

File = tuple[str, bytes]


class ChatUser:
    """Speaks, edits, deletes, and awaits answers; open with `async with`."""

    def __init__(self, playground: Playground, person: Person, channel_id: int) -> None:
        self.playground = playground
        self.person = person
        self.channel_id = channel_id
        self._heard: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.playground.world.subscribe(self._hear)
        token = f"Bot {self.person.token}" if self.person.bot else self.person.token
        self._rest = await Rest(self.playground.api, token).__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._rest.__aexit__(None, None, None)

    def _hear(self, event: Event) -> None:
        if event.name in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
            author = event.data.get("author", {})
            if author.get("id") == str(self.playground.bot_user_id):
                self._heard.append({**event.data, "event": event.name})
                self._news.set()

    # --- speaking ---------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        files: Sequence[File] = (),
    ) -> Any:
        """Ask the API, waiting out rate limits; return its JSON."""
        while True:
            answer = await self._rest.ask(method, path, body, files=list(files) or None)
            if answer.status != 429:
                assert answer.status < 400, f"{method} {path}: {answer.status} {answer.data}"
                return answer.data
            await asyncio.sleep(answer.data["retry_after"])

    async def say(
        self,
        content: str = "",
        *files: File,
        reply_to: str | None = None,
        channel_id: int | None = None,
        **fields: object,
    ) -> dict[str, Any]:
        """Post a message with files; return it."""
        payload: dict[str, object] = {"content": content, **fields}
        if reply_to:
            payload["message_reference"] = {"message_id": reply_to}
        where = f"/channels/{channel_id or self.channel_id}/messages"
        message: dict[str, Any] = await self.request("POST", where, payload, files)
        return message

    async def edit(self, message: dict[str, Any], content: str, *files: File) -> dict[str, Any]:
        """Edit `message`, adding files."""
        where = f"/channels/{message['channel_id']}/messages/{message['id']}"
        edited: dict[str, Any] = await self.request("PATCH", where, {"content": content}, files)
        return edited

    async def delete(self, message: dict[str, Any]) -> None:
        """Delete `message`."""
        await self.request("DELETE", f"/channels/{message['channel_id']}/messages/{message['id']}")

    # --- hearing ----------------------------------------------------------------------------------

    def replies(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what Bobby has posted in reply to `message` so far, edits not counted."""
        return [
            one
            for one in self._heard
            if (one.get("message_reference") or {}).get("message_id") == message["id"]
            and one["event"] == "MESSAGE_CREATE"
        ]

    def in_channel(self, channel_id: int) -> list[dict[str, Any]]:
        """Return what Bobby has posted in a channel so far, edits not counted."""
        return [
            one
            for one in self._heard
            if one["channel_id"] == str(channel_id) and one["event"] == "MESSAGE_CREATE"
        ]

    async def heard(self, wanted: Any, within: float = 30.0) -> dict[str, Any]:
        """Wait for a message of Bobby's, new or edited, for which `wanted(message)` is true."""
        async with asyncio.timeout(within):
            while True:
                for one in self._heard:
                    if wanted(one):
                        return one
                self._news.clear()
                await self._news.wait()

    async def reply(self, message: dict[str, Any], within: float = 30.0) -> dict[str, Any]:
        """Wait for the reply to `message`, which is more than how long it takes; return it."""
        found = await self.heard(
            lambda one: _replies_to(one, message) and cancel_button(one) is None, within
        )
        assert not re.search(r"\{[a-z_]+\}", said(found)), "a value is missing in the sentence"
        return found

    async def told(self, message: dict[str, Any], within: float = 30.0) -> dict[str, Any]:
        """Wait until Bobby tells how long the answer to `message` takes; return that."""
        return await self.heard(
            lambda one: _replies_to(one, message) and cancel_button(one) is not None, within
        )

    async def ask(self, content: str = "", *files: File, **options: Any) -> dict[str, Any]:
        """Post a message and return the reply to it."""
        return await self.reply(await self.say(content, *files, **options))


def _replies_to(one: dict[str, Any], message: dict[str, Any]) -> bool:
    return bool((one.get("message_reference") or {}).get("message_id") == message["id"])


def cancel_button(message: dict[str, Any]) -> str | None:
    """Return the id of a message's button "Cancel", if it has one."""
    for row in message.get("components", ()):
        for button in row["components"]:
            if button.get("custom_id", "").startswith("cancel:"):
                return str(button["custom_id"])
    return None


def top(message: dict[str, Any], number: int = 0) -> tuple[str, float]:
    """Return the most likely label and its probability in [0, 1] from a reply's embed."""
    text = message["embeds"][number]["description"]
    if found := re.search(r"([\d.]+) %` (.+?)(\|\|)?$", text, re.MULTILINE):
        return found[2], float(found[1]) / 100
    raise AssertionError(f"No labels in {message['embeds'][number]}")


def said(message: dict[str, Any]) -> str:
    """Return all text of a message, its embeds included."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title") or "", embed.get("description") or ""]
        parts += [f"{field['name']} {field['value']}" for field in embed.get("fields", ())]
        parts.append((embed.get("footer") or {}).get("text", ""))
    return "\n".join(parts)
