"""A walk through the REST routes, held against Discord's own OpenAPI description."""

from typing import Any

import pytest

from bot.playground.server import Playground
from tests.playground.clients import Page, Rest, eventually
from tests.playground.openapi import Exchange, description

JUDGE = description()
pytestmark = pytest.mark.skipif(
    JUDGE is None, reason="Discord's OpenAPI description is not here: ../shared/data is absent."
)

OPTIONS: list[dict[str, Any]] = [
    {"type": 11, "name": "picture", "description": "What to look at", "required": True},
    {
        "type": 3,
        "name": "model",
        "description": "Which network",
        "choices": [{"name": "ResNet-18", "value": "resnet18"}],
    },
    {"type": 4, "name": "top", "description": "How many", "min_value": 1, "max_value": 5},
]
COMMANDS: list[dict[str, Any]] = [
    {"type": 1, "name": "classify", "description": "Say what it shows", "options": OPTIONS},
    {"type": 3, "name": "Classify", "contexts": [0, 1, 2], "integration_types": [0, 1]},
]
ROW: dict[str, Any] = {
    "type": 1,
    "components": [
        {"type": 2, "style": 1, "label": "Again", "custom_id": "again", "emoji": {"name": "🐾"}},
        {"type": 2, "style": 5, "label": "Docs", "url": "https://example.com/"},
    ],
}
SELECT: dict[str, Any] = {
    "type": 1,
    "components": [
        {"type": 3, "custom_id": "pick", "options": [{"label": "one", "value": "1"}]},
    ],
}
EMBED: dict[str, Any] = {
    "title": "Labels",
    "description": "five of them",
    "color": 0xF5B54A,
    "fields": [{"name": "golden retriever", "value": "93 %"}],
    "image": {"url": "attachment://crop.png"},
    "footer": {"text": "resnet18"},
    "author": {"name": "Bobby"},
}


class Walk:
    """Asks, and holds every request body against the description as well."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def __call__(
        self, method: str, path: str, body: Any = None, files: Any = None, *, expect: int = 200
    ) -> Any:
        """Send a request that must be answered with `expect`; return the answer's JSON."""
        if body is not None:
            assert JUDGE is not None
            assert JUDGE.request_complaints(method, path, body) == []
        answer = await self._rest.ask(method, path, body, files=files)
        assert answer.status == expect, answer.data
        return answer.data


async def test_accounts_and_guilds(
    playground: Playground, bot_rest: Rest, exchanges: list[Exchange]
) -> None:
    """Everything that is only read is as described."""
    ask, guild = Walk(bot_rest), f"/guilds/{playground.guild_id}"
    for path in (
        "/gateway",
        "/gateway/bot",
        "/users/@me",
        "/users/@me/guilds",
        "/oauth2/applications/@me",
        "/applications/@me",
        f"{guild}/members/{playground.bot_user_id}",
    ):
        await ask("GET", path)
    await ask("GET", f"{guild}/members/1", expect=404)
    assert _judged(exchanges) >= 8


async def test_messages(
    playground: Playground, person: Rest, bot_rest: Rest, exchanges: list[Exchange]
) -> None:
    """Messages of every make are as described, and so are refusals."""
    ask, mine = Walk(person), Walk(bot_rest)
    picture = playground.world.owner.avatar
    sticker = playground.world.add_sticker("wave", picture)
    messages = f"/channels/{playground.channel_id}/messages"
    entry = {"id": "0", "filename": "a b.png", "description": "a pattern", "is_spoiler": True}
    first = await ask("POST", messages, {"attachments": [entry]}, [("a b.png", picture)])
    reply = {
        "content": f"<@{playground.world.owner.id}>",
        "embeds": [EMBED],
        "components": [ROW, SELECT],
        "message_reference": {"message_id": first["id"]},
    }
    answer = await mine("POST", messages, reply, [("crop.png", picture)])
    link = f"look {first['attachments'][0]['url']}"
    linked = await ask("POST", messages, {"content": link, "sticker_ids": [str(sticker.id)]})
    await eventually(lambda: playground.world.channel.messages[int(linked["id"])].unfurled)
    forward = {
        "type": 1,
        "message_id": first["id"],
        "channel_id": str(playground.channel_id),
    }
    await ask("POST", messages, {"message_reference": forward})
    gallery = {"type": 12, "items": [{"media": {"url": "attachment://crop.png"}}]}
    second = {"flags": 1 << 15, "components": [{"type": 10, "content": "Hi"}, gallery]}
    await mine("POST", messages, second, [("crop.png", picture)])
    await ask("PUT", f"{messages}/{answer['id']}/reactions/%F0%9F%90%BE/@me", expect=204)
    await ask("GET", f"{messages}?limit=100")
    await ask("GET", f"{messages}/{answer['id']}")
    await mine("PATCH", f"{messages}/{answer['id']}", {"content": "edited"})
    await ask("DELETE", f"{messages}/{answer['id']}/reactions/%F0%9F%90%BE/@me", expect=204)
    await mine("POST", f"/channels/{playground.channel_id}/typing", expect=204)
    await ask("DELETE", f"{messages}/{first['id']}", expect=204)
    await ask("GET", f"{messages}/{first['id']}", expect=404)
    await person.ask("POST", messages, {"content": "x" * 2001})
    assert exchanges[-1].status == 400
    assert _judged(exchanges) >= 14


async def test_commands_and_answers(
    playground: Playground, bot_rest: Rest, page: Page, exchanges: list[Exchange]
) -> None:
    """Commands and everything a bot may answer are as described."""
    ask, app = Walk(bot_rest), f"/applications/{playground.application_id}"
    made = await ask("PUT", f"{app}/commands", COMMANDS)
    await ask("GET", f"{app}/commands")
    said = await page.rest.say(playground.channel_id, "cat")
    heard: list[tuple[str, str]] = []
    playground.world.subscribe(
        lambda event: (
            heard.append((event.data["id"], event.data["token"])) if "token" in event.data else None
        )
    )
    await page.interact(2, {"id": made[1]["id"], "target_id": said["id"]})
    callback = "/interactions/{}/{}/callback".format(*heard[0])
    data = {"content": "first", "components": [ROW]}
    await ask("POST", f"{callback}?with_response=true", {"type": 4, "data": data})
    webhook = f"/webhooks/{playground.application_id}/{heard[0][1]}"
    await ask("GET", f"{webhook}/messages/@original")
    files = [("crop.png", playground.world.bot.avatar)]
    await ask("PATCH", f"{webhook}/messages/@original", {"embeds": [EMBED]}, files)
    more = await ask("POST", f"{webhook}?wait=true", {"content": "more", "flags": 64})
    await ask("DELETE", f"{webhook}/messages/{more['id']}", expect=204)
    await ask("POST", callback, {"type": 4, "data": data}, expect=400)
    source = page.heard("MESSAGE_CREATE")[1]["id"]
    press = {"component_type": 2, "custom_id": "again"}
    await page.interact(3, press, message_id=source)
    callback = "/interactions/{}/{}/callback".format(*heard[1])
    update = {"type": 7, "data": {"content": "second"}}
    await ask("POST", f"{callback}?with_response=true", update)
    assert _judged(exchanges) >= 10


def _judged(exchanges: list[Exchange]) -> int:
    """Return how many answers belong to a described route: the fixture judges all of those."""
    assert JUDGE is not None
    return sum(1 for one in exchanges if JUDGE.route(one.method, one.path))


def test_the_judge_sees_what_is_wrong() -> None:
    """A message without its author, and a status that is not described, are complained of."""
    assert JUDGE is not None
    wrong = [
        Exchange("GET", "/api/v10/gateway", 200, {}),
        Exchange("GET", "/api/v10/channels/1/messages", 200, [{"id": "1"}]),
        Exchange("GET", "/api/v10/gateway", 201, {"url": "ws://x"}),
        Exchange("GET", "/api/v10/gateway/bot", 401, {"message": "no code"}),
    ]
    assert all(JUDGE.complaints(exchange) for exchange in wrong)
    assert JUDGE.request_complaints("POST", "/channels/1/messages", {"content": 1})
