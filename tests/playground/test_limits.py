"""Each limit of a message's body: exactly as much as allowed is taken, one more is refused."""

from typing import Any

import pytest

from bot.playground.server import Playground
from tests.playground.clients import Answer, Rest
from tests.playground.openapi import Exchange

Body = dict[str, Any]


def _embed(**parts: Any) -> Body:
    return {"embeds": [{"title": "x", **parts}]}


def _row(*components: Body) -> Body:
    return {"content": "x", "components": [{"type": 1, "components": list(components)}]}


def _rows(count: int, **more: Any) -> Body:
    rows = [{"type": 1, "components": [_button(str(one))]} for one in range(count)]
    return {"content": "x", "components": rows, **more}


def _button(custom_id: Any = "a", **more: Any) -> Body:
    return {"type": 2, "style": 1, "label": "x", "custom_id": custom_id, **more}


def _select(count: int = 1, **more: Any) -> Body:
    options = [{"label": str(one), "value": str(one)} for one in range(count)]
    return {"type": 3, "custom_id": "a", "options": options, **more}


_ITEM: Body = {"media": {"url": "https://a/b.png"}}


def _text(content: str = "x") -> Body:
    return {"type": 10, "content": content}


def _second(*components: Body) -> Body:
    return {"flags": 1 << 15, "components": list(components)}


def _section(texts: int) -> Body:
    return {"type": 9, "components": [_text()] * texts, "accessory": {"type": 11, **_ITEM}}


def _option(name: str, length: int) -> Body:
    option = {"label": "x", "value": "x", name: "x" * length}
    return _row({"type": 3, "custom_id": "a", "options": [option]})


def _of_length(length: int) -> Body:
    """Return embeds of `length` characters in all, counted in every part that has any."""
    parts: Body = {
        "title": "x" * 200,
        "description": "x" * 2000,
        "footer": {"text": "x" * 300},
        "author": {"name": "x" * 100},
        "fields": [{"name": "x" * 100, "value": "x" * 300}],
    }
    return {"embeds": [parts, {"description": "x" * (length - 3000)}]}


SIZES: list[tuple[str, Any, int]] = [
    ("content", lambda n: {"content": "x" * n}, 2000),
    ("nonce", lambda n: {"content": "x", "nonce": "x" * n}, 25),
    ("embeds", lambda n: {"embeds": [{"title": "x"}] * n}, 10),
    ("embeds", _of_length, 6000),
    ("embeds.0.title", lambda n: _embed(title="x" * n), 256),
    ("embeds.0.description", lambda n: _embed(description="x" * n), 4096),
    ("embeds.0.footer.text", lambda n: _embed(footer={"text": "x" * n}), 2048),
    ("embeds.0.author.name", lambda n: _embed(author={"name": "x" * n}), 256),
    ("embeds.0.fields", lambda n: _embed(fields=[{"name": "x", "value": "x"}] * n), 25),
    ("embeds.0.fields.0.name", lambda n: _embed(fields=[{"name": "x" * n, "value": "x"}]), 256),
    ("embeds.0.fields.0.value", lambda n: _embed(fields=[{"name": "x", "value": "x" * n}]), 1024),
    ("embeds.0.url", lambda n: _embed(url="http://a/" + "x" * (n - 9)), 2048),
    ("components", _rows, 5),
    ("components", lambda n: _second(*[_text()] * n), 40),
    ("components.0.content", lambda n: _second(_text("x" * n)), 4000),
    ("components.0.items", lambda n: _second({"type": 12, "items": [_ITEM] * n}), 10),
    ("components.0.components", lambda n: _second(_section(n)), 3),
    ("components.0.components", lambda n: _row(*(_button(str(one)) for one in range(n))), 5),
    ("components.0.components.0.label", lambda n: _row(_button(label="x" * n)), 80),
    ("components.0.components.0.custom_id", lambda n: _row(_button("x" * n)), 100),
    ("components.0.components.0.placeholder", lambda n: _row(_select(placeholder="x" * n)), 150),
    ("components.0.components.0.options", lambda n: _row(_select(n)), 25),
    ("components.0.components.0.options.0.label", lambda n: _option("label", n), 100),
    ("components.0.components.0.options.0.value", lambda n: _option("value", n), 100),
    ("components.0.components.0.options.0.description", lambda n: _option("description", n), 100),
]


def _complaint(answer: Answer, field: str) -> Body:
    """Return the first complaint about `field`, dotted, in a refusal of a form."""
    assert (answer.status, answer.data["code"]) == (400, 50035), (field, answer.data)
    node = answer.data["errors"]
    for part in field.split("."):
        node = node[part]
    first: Body = node["_errors"][0]
    return first


async def test_every_limit_is_where_discord_has_it(
    bot_rest: Rest, playground: Playground, exchanges: list[Exchange]
) -> None:
    """The limit itself is fine, and one more is complained of, alone, in its own place."""
    path = f"/channels/{playground.channel_id}/messages"
    playground.rates.limit = 1000
    for field, make, most in SIZES:
        fits = await bot_rest.ask("POST", path, make(most))
        assert fits.status == 200, (field, fits.data)
        refused = await bot_rest.ask("POST", path, make(most + 1))
        assert "LENGTH" in _complaint(refused, field)["code"] or field == "embeds"
        assert _leaves(refused.data["errors"]) == 1, refused.data
    exchanges.clear()  # so many messages take long to judge


def _leaves(errors: Any) -> int:
    if isinstance(errors, list):
        return len(errors)
    return sum(_leaves(one) for one in errors.values())


async def test_edits_and_answers_have_the_same_limits(person: Rest, playground: Playground) -> None:
    """What may not be posted is not to be had by an edit either, which then changes nothing."""
    message = await person.say(playground.channel_id, "short")
    path = f"/channels/{playground.channel_id}/messages/{message['id']}"
    for body, field in (
        ({"content": "x" * 2001}, "content"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds"),
    ):
        _complaint(await person.ask("PATCH", path, body), field)
    assert (await person.ask("GET", path)).data["content"] == "short"


async def test_files_and_alt_text(person: Rest, playground: Playground) -> None:
    """Ten files of 1,024 characters of alt text each; an edit counts those that are there."""
    path = f"/channels/{playground.channel_id}/messages"
    files = [("a.txt", b"x")] * 10
    entries = [{"id": str(number), "description": "x" * 1024} for number in range(10)]
    full = await person.ask("POST", path, {"attachments": entries}, files=files)
    assert [len(file["description"]) for file in full.data["attachments"]] == [1024] * 10
    _complaint(await person.ask("POST", path, {}, files=[*files, files[0]]), "attachments")
    entries[9]["description"] += "x"
    long = await person.ask("POST", path, {"attachments": entries}, files=files)
    _complaint(long, "attachments.9.description")
    eleven = {"content": "x", "attachments": [{"id": str(one)} for one in range(11)]}
    _complaint(await person.ask("POST", path, eleven), "attachments")
    message = f"{path}/{full.data['id']}"
    over = await person.ask("PATCH", message, {}, files=files[:1])
    _complaint(over, "attachments")
    keep = {"attachments": [{"id": file["id"]} for file in full.data["attachments"][1:]]}
    assert (await person.ask("PATCH", message, keep, files=files[:1])).status == 200


async def test_three_stickers(person: Rest, playground: Playground) -> None:
    """A message may have three stickers and no text; a fourth is refused."""
    picture = playground.world.owner.avatar
    names = ("a", "b", "c", "d")
    ids = [str(playground.world.add_sticker(name, picture).id) for name in names]
    path = f"/channels/{playground.channel_id}/messages"
    three = await person.ask("POST", path, {"sticker_ids": ids[:3]})
    assert [sticker["name"] for sticker in three.data["sticker_items"]] == ["a", "b", "c"]
    _complaint(await person.ask("POST", path, {"sticker_ids": ids}), "sticker_ids")


_LINK: Body = {"type": 2, "style": 5, "label": "x", "url": "https://a/"}
_INPUT: Body = {"type": 4, "style": 1, "custom_id": "t", "label": "x"}


def _mentions(**allowed: Any) -> Body:
    return {"content": "x", "allowed_mentions": allowed}


_BUTTON = "components.0.components.0"
WRONG: list[tuple[str, Body]] = [
    ("embeds.0.fields.0.name", _embed(fields=[{"name": "", "value": "x"}])),
    ("embeds.0.fields.0.name", _embed(fields=[{"value": "x"}])),
    ("embeds.0.fields.0.value", _embed(fields=[{"name": "x"}])),
    ("embeds.0.description", {"embeds": [{}]}),
    ("embeds.0.description", {"embeds": [{"title": ""}]}),
    ("embeds.0.color", _embed(color=0x1000000)),
    ("embeds.0.timestamp", _embed(timestamp="yesterday")),
    ("allowed_mentions", _mentions(parse=["users"], users=["1"])),
    ("allowed_mentions", _mentions(parse=["roles"], roles=["1"])),
    ("allowed_mentions.parse.0", _mentions(parse=["here"])),
    ("allowed_mentions.users.0", _mentions(users=["ann"])),
    (f"{_BUTTON}.custom_id", _row(_button(None))),
    (f"{_BUTTON}.custom_id", _row(_button(""))),
    (f"{_BUTTON}.custom_id", _row({**_LINK, "custom_id": "a"})),
    (f"{_BUTTON}.url", _row({**_LINK, "url": None})),
    (f"{_BUTTON}.url", _row({**_LINK, "url": "a"})),
    (f"{_BUTTON}.label", _row(_button(label=None))),
    (f"{_BUTTON}.style", _row(_button(style=7))),
    (f"{_BUTTON}.sku_id", _row({"type": 2, "style": 6})),
    (f"{_BUTTON}.type", _row(_INPUT)),
    (f"{_BUTTON}.options", _row(_select(0))),
    (f"{_BUTTON}.options.1.value", _row(_select(2, options=[{"label": "x", "value": "1"}] * 2))),
    ("components.0.components.1", _row(_button(), _select())),
    ("components.0.components", _row()),
    ("components.0.type", {"content": "x", "components": [_button()]}),
    ("components.0.type", {"components": [_text()]}),
    ("components.0.type", _second(_button())),
    ("components.0.content", _second(_text(""))),
    ("components", _second(_text("x" * 2001), _text("x" * 2000))),
    ("components.0.items", _second({"type": 12, "items": []})),
    ("components.0.accessory", _second({"type": 9, "components": [_text()]})),
    ("components.1.accessory.custom_id", _second(
        {"type": 1, "components": [_button()]},
        {"type": 9, "components": [_text()], "accessory": _button()},
    )),
    ("content", _rows(1, flags=1 << 15)),
    ("embeds", {**_rows(1, flags=1 << 15, content=""), "embeds": [{"title": "x"}]}),
]  # fmt: skip


async def test_what_has_to_be_there_and_what_may_not(
    bot_rest: Rest, playground: Playground
) -> None:
    """Names, values, ids and options are required; text and layout components exclude another."""
    path = f"/channels/{playground.channel_id}/messages"
    for field, body in WRONG:
        assert _complaint(await bot_rest.ask("POST", path, body), field)["message"]
    link = _row(_LINK, {"type": 2, "style": 6, "sku_id": "1"})
    assert (await bot_rest.ask("POST", path, link)).status == 200
    laid_out = _rows(1, flags=1 << 15, content="")
    assert (await bot_rest.ask("POST", path, laid_out)).status == 200


async def test_all_complaints_come_together(bot_rest: Rest, playground: Playground) -> None:
    """A form with several mistakes names each of them."""
    body = {"content": "x" * 2001, "embeds": [{"title": "x"}, {"title": "x" * 257}]}
    answer = await bot_rest.ask("POST", f"/channels/{playground.channel_id}/messages", body)
    assert _complaint(answer, "content")["code"] == "BASE_TYPE_MAX_LENGTH"
    assert _complaint(answer, "embeds.1.title")["code"] == "BASE_TYPE_MAX_LENGTH"
    assert set(answer.data["errors"]["embeds"]) == {"1"}


@pytest.mark.parametrize("kind", ["json", "multipart"])
async def test_a_body_has_a_size_limit(
    person: Rest, playground: Playground, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A JSON body over the limit is 413, in whichever form it comes; one just under is read."""
    monkeypatch.setattr("bot.playground.messages.bodies.MAX_JSON_BYTES", 3000)
    files: list[tuple[str, bytes]] | None = [] if kind == "json" else [("a.txt", b"x" * 5000)]
    path = f"/channels/{playground.channel_id}/messages"
    for length, status in ((1900, 200), (4000, 413)):
        body = {"content": "x" * 1900, "unknown": "x" * (length - 1900)}
        answer = await person.ask("POST", path, body, files=files or None)
        assert answer.status == status, answer.data
    assert answer.data["code"] == 40005
