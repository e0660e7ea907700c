"""Files as the CDN hands them out, and how uploads become attachments."""

import time
from typing import Any

import aiohttp
import pytest
import yarl

from bot.playground.model import media
from bot.playground.server import Playground
from tests.playground.clients import Rest


async def _headers(url: str) -> tuple[int, str, str | None]:
    """Return the status, content type and disposition at `url`."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        disposition = answer.headers.get("Content-Disposition")
        return answer.status, answer.headers.get("Content-Type", ""), disposition


async def test_pictures_are_shown_and_the_rest_is_downloaded(
    person: Rest, playground: Playground
) -> None:
    """By the name's ending, in either case; a name without one is bytes."""
    kinds = {
        "a.PNG": ("image/png", None),
        "b.jpeg": ("image/jpeg", None),
        "c.svg": ("image/svg+xml", "attachment"),
        "d.txt": ("text/plain; charset=utf-8", "attachment"),
        "e": ("application/octet-stream", "attachment"),
    }
    sent = await person.say(playground.channel_id, "", *((name, b"x") for name in kinds))
    for file in sent["attachments"]:
        expected = kinds[file["filename"]]
        assert await _headers(file["url"]) == (200, *expected)
        assert file["size"] == 1
        assert file.get("content_type", "application/octet-stream") == expected[0]
        assert not {"width", "height", "description", "ephemeral"} & set(file)


async def test_avatars_emoji_and_stickers(person: Rest, playground: Playground) -> None:
    """Each under its own address and of its kind; what is not there is 404."""
    world, base = playground.world, playground.links.origin
    formats = {1: "image/png", 2: "image/png", 3: "application/json", 4: "image/gif"}
    found = {
        f"/avatars/{world.owner.id}/{world.owner.avatar_hash}.png": "image/png",
        f"/emojis/{world.add_emoji('dog', b'x').id}.png": "image/png",
    }
    for number, kind in formats.items():
        sticker = world.add_sticker("x", b"x", format=number)
        found[f"/stickers/{sticker.id}.png"] = kind
        found[f"/media/stickers/{sticker.id}.png"] = kind
    for path, kind in found.items():
        assert (await _headers(base + path))[:2] == (200, kind), path
    nowhere = [
        f"/avatars/{world.owner.id}/{world.bot.avatar_hash}.png",
        f"/avatars/1/{world.owner.avatar_hash}.png",
        "/emojis/1.png",
        "/stickers/1.png",
        "/stickers/x.png",
    ]
    for path in nowhere:
        assert (await person.fetch(base + path))[0] == 404, path


async def test_a_link_tells_its_times(person: Rest, playground: Playground) -> None:
    """Issued now and good for a day, in milliseconds; neither time can be changed."""
    sent = await person.say(playground.channel_id, "", ("a.png", b"x"))
    url = yarl.URL(sent["attachments"][0]["url"])
    issued, until = (int(url.query[name], 16) / 1000 for name in ("is", "ex"))
    assert abs(issued - time.time()) < 60
    assert until - issued == pytest.approx(24 * 3600, abs=1)
    for name in ("is", "ex"):
        later = f"{int(url.query[name], 16) + 1:x}"
        assert (await person.fetch(str(url.update_query({name: later}))))[0] == 404
    other = await person.say(playground.channel_id, "", ("a.png", b"y"))
    elsewhere = yarl.URL(other["attachments"][0]["url"]).with_query(url.query)
    assert (await person.fetch(str(elsewhere)))[0] == 404


async def test_entries_describe_their_files(person: Rest, playground: Playground) -> None:
    """By number, not by place; names are made safe, and spoilers are named and flagged."""
    entries: list[dict[str, Any]] = [
        {"id": "1", "description": "one", "filename": "ünï code.png", "is_spoiler": True},
        {"id": 0, "filename": "SPOILER_b.png", "is_spoiler": True},
    ]
    picture = playground.world.owner.avatar
    files = [("zero.png", picture), ("one.png", b"x"), ("two.png", b"y")]
    sent = await person.say(playground.channel_id, "", *files, attachments=entries)
    seen = [
        (one["filename"], one.get("description"), one["flags"], one.get("title"), one.get("width"))
        for one in sent["attachments"]
    ]
    assert seen == [
        ("SPOILER_b.png", None, 8, None, 128),
        ("SPOILER_n_code.png", "one", 8, "ünï code", None),
        ("two.png", None, 0, None, None),
    ]
    assert sent["attachments"][0]["height"] == 128
    assert media.safe_name("x" * 300 + ".png") == "x" * 256 + ".png"


async def test_a_shown_file_stays_by_an_edit(person: Rest, playground: Playground) -> None:
    """What an embed shows is no attachment; let go by the embed, it is one again."""
    picture, channel = playground.world.owner.avatar, playground.channel_id
    embed = {"title": "x", "image": {"url": "attachment://a.png"}}
    other = {"title": "y", "thumbnail": {"url": "attachment://b.png"}}
    files = [("a.png", picture), ("b.png", picture), ("c.png", picture)]
    sent = await person.say(channel, "", *files, embeds=[embed])
    assert [one["filename"] for one in sent["attachments"]] == ["b.png", "c.png"]
    image = sent["embeds"][0]["image"]
    assert (image["width"], image["height"], image["content_type"]) == (128, 128, "image/png")
    assert await person.fetch(image["url"]) == (200, picture)
    assert "/media/" in image["proxy_url"]
    path = f"/channels/{channel}/messages/{sent['id']}"
    keep = {"attachments": [{"id": sent["attachments"][0]["id"]}], "embeds": [embed, other]}
    edited = (await person.ask("PATCH", path, keep)).data
    assert edited["attachments"] == []
    assert await person.fetch(edited["embeds"][1]["thumbnail"]["url"]) == (200, picture)
    bare = (await person.ask("PATCH", path, {"embeds": []})).data
    assert [one["filename"] for one in bare["attachments"]] == ["a.png", "b.png"]


async def test_embeds_keep_what_they_were_given(person: Rest, playground: Playground) -> None:
    """Every part comes back, empty ones fall away, and fields are not inline unless asked."""
    full = {
        "title": "x",
        "description": "d",
        "url": "https://a/",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "color": 0,
        "author": {"name": "a"},
        "footer": {"text": "f"},
        "image": {"url": "https://a/a.png"},
        "thumbnail": {"url": "https://a/b.png"},
    }
    fields = [{"name": "n", "value": "v"}, {"name": "n", "value": "v", "inline": True}]
    sent = await person.say(playground.channel_id, "", embeds=[{**full, "fields": fields}])
    (embed,) = sent["embeds"]
    assert [one["inline"] for one in embed.pop("fields")] == [False, True]
    assert embed == {"type": "rich", **full}
    bare = await person.say(playground.channel_id, "", embeds=[{"title": "x", "url": None}])
    assert bare["embeds"] == [{"type": "rich", "title": "x"}]


async def test_components_are_numbered(person: Rest, playground: Playground) -> None:
    """Each has an id that no other has, those given stay, and defaults are filled in."""
    select = {"type": 3, "custom_id": "s", "options": [{"label": "x", "value": "x"}]}
    gallery = {"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]}
    thumbnail = {"type": 11, "media": {"url": "attachment://a.png"}}
    section = {"type": 9, "components": [{"type": 10, "content": "x"}], "accessory": thumbnail}
    rows = [{"type": 1, "id": 2, "components": [select]}, gallery, section, {"type": 14}]
    files = [("a.png", playground.world.owner.avatar)]
    sent = await person.say(playground.channel_id, "", *files, components=rows, flags=1 << 15)
    row, shown, part, line = sent["components"]
    (first,) = row["components"]
    ids = [row["id"], first["id"], shown["id"], part["id"], part["components"][0]["id"]]
    ids += [part["accessory"]["id"], line["id"]]
    assert ids == [2, 1, 3, 4, 5, 6, 7]
    assert (first["min_values"], first["max_values"]) == (1, 1)
    assert (line["divider"], line["spacing"]) == (True, 1)
    assert part["accessory"]["spoiler"] is False
    (item,) = shown["items"]
    assert (item["spoiler"], item["description"]) == (False, None)
    assert (item["media"]["width"], item["media"]["height"]) == (128, 128)
    assert item["media"]["attachment_id"]
    assert await person.fetch(item["media"]["url"]) == (200, playground.world.owner.avatar)


async def test_links_to_attachments_are_refreshed(person: Rest, playground: Playground) -> None:
    """Signed or not, in their order; what is no attachment's is refused."""
    sent = await person.say(playground.channel_id, "", ("a.txt", b"a"), ("b.txt", b"b"))
    urls = [file["url"].partition("?")[0] for file in sent["attachments"]]
    playground.faults.expire_links()
    path = "/attachments/refresh-urls"
    answer = await person.ask("POST", path, {"attachment_urls": urls})
    fresh = answer.data["refreshed_urls"]
    assert [one["original"] for one in fresh] == urls
    assert [await person.fetch(one["refreshed"]) for one in fresh] == [(200, b"a"), (200, b"b")]
    assert (await person.fetch(urls[0]))[0] == 404
    answer = await person.ask("POST", path, {"attachment_urls": [urls[0] + "x", "https://a.b/c"]})
    assert answer.status == 400
