"""What posting, editing and deleting make of a message, over plain REST and the gateway."""

from datetime import datetime
from typing import Any

from bot.playground.messages.bodies import Form
from bot.playground.model.permissions import PermissionBits
from bot.playground.model.state import Event
from bot.playground.server import Playground
from tests.playground.clients import Page, Rest
from tests.playground.openapi import Exchange

NO_ID = "1"


async def test_a_message_as_it_is_posted(page: Page, playground: Playground) -> None:
    """Its text is trimmed, its nonce echoed, its time in UTC, and it was never edited."""
    sent = await page.rest.say(playground.channel_id, "  hi\n", nonce="5", tts=True)
    heard = await page.event("MESSAGE_CREATE")
    for seen in (sent, heard):
        assert (seen["content"], seen["nonce"], seen["tts"]) == ("hi", "5", True)
        assert (seen["type"], seen["flags"], seen["edited_timestamp"]) == (0, 0, None)
        assert (seen["mentions"], seen["mention_everyone"], seen["attachments"]) == ([], False, [])
        assert seen["timestamp"].endswith("+00:00")
        assert seen["author"]["id"] == str(playground.world.owner.id)
        assert not {"message_reference", "webhook_id", "thread", "reactions"} & set(seen)
    assert heard["guild_id"] == str(playground.guild_id)
    assert heard["member"]["joined_at"]
    assert heard["channel_type"] == 0


async def test_flags_are_those_a_client_may_set(person: Rest, playground: Playground) -> None:
    """Quiet and without previews may be asked for; ephemeral and loading may not."""
    for asked, kept in ((1 << 2 | 1 << 12, 1 << 2 | 1 << 12), (1 << 6 | 1 << 7 | 1 << 5, 0)):
        sent = await person.say(playground.channel_id, "x", flags=asked)
        assert sent["flags"] == kept


async def test_an_edit_changes_what_it_names(page: Page, playground: Playground) -> None:
    """The rest stays; the time of the edit is told, and everyone hears of it."""
    parts: dict[str, Any] = {"embeds": [{"title": "x"}], "flags": 1 << 12}
    link = {"type": 2, "style": 5, "label": "a", "url": "http://a/"}
    parts["components"] = [{"type": 1, "components": [link]}]
    sent = await page.rest.say(playground.channel_id, "one", ("a.txt", b"x"), **parts)
    path = f"/channels/{playground.channel_id}/messages/{sent['id']}"
    edited = (await page.rest.ask("PATCH", path, {"content": " two "})).data
    told = await page.event("MESSAGE_UPDATE")
    for seen in (edited, told):
        assert seen["content"] == "two"
        assert datetime.fromisoformat(seen["edited_timestamp"]) > datetime.fromisoformat(
            sent["timestamp"]
        )
        for part in ("embeds", "components", "flags", "timestamp", "nonce"):
            assert seen.get(part) == sent.get(part)
        assert [file["id"] for file in seen["attachments"]] == [sent["attachments"][0]["id"]]
    hidden = (await page.rest.ask("PATCH", path, {"flags": 1 << 2})).data
    assert (hidden["embeds"], hidden["flags"]) == ([], 1 << 2 | 1 << 12)
    shown = (await page.rest.ask("PATCH", path, {"flags": 0})).data
    assert (len(shown["embeds"]), shown["flags"]) == (1, 1 << 12)
    other = [{"type": 1, "components": [{**link, "url": "http://b/"}]}]
    new = (
        await page.rest.ask("PATCH", path, {"components": other, "embeds": [{"title": "y"}]})
    ).data
    assert new["components"][0]["components"][0]["url"] == "http://b/"
    assert [embed["title"] for embed in new["embeds"]] == ["y"]
    for part, nothing in (("embeds", []), ("components", None), ("attachments", [])):
        emptied = (await page.rest.ask("PATCH", path, {part: nothing})).data
        assert emptied[part] == []
    assert (await page.rest.ask("PATCH", path, {"content": ""})).data["code"] == 50006


async def test_others_embeds_may_be_hidden_and_nothing_else(
    person: Rest, bot_rest: Rest, playground: Playground
) -> None:
    """The person who manages messages sets that one flag of another's; its other flags stay."""
    world = playground.world
    world.give_role(world.bot, world.add_role("moderator", PermissionBits.MANAGE_MESSAGES))
    sent = await person.say(playground.channel_id, "x", embeds=[{"title": "x"}], flags=1 << 12)
    path = f"/channels/{playground.channel_id}/messages/{sent['id']}"
    for asked, flags in ((1 << 2 | 1 << 15, 1 << 2 | 1 << 12), (0, 1 << 12)):
        assert (await bot_rest.ask("PATCH", path, {"flags": asked})).data["flags"] == flags
    both = await bot_rest.ask("PATCH", path, {"flags": 4, "content": "y"})
    assert both.data["code"] == 50005


async def test_edits_keep_to_the_rules(playground: Playground) -> None:
    """Blocked words, and files without the right to attach, are refused in an edit as well."""
    world = playground.world
    ann = await playground.new_person("ann")
    async with Rest(playground.api, ann.token) as hers:
        sent = await hers.say(playground.channel_id, "horse")
        path = f"/channels/{playground.channel_id}/messages/{sent['id']}"
        world.guild.blocked_words.add("zebra")
        assert (await hers.ask("PATCH", path, {"content": "ZEBRA"})).data["code"] == 200000
        world.set_overwrite(world.channel, ann, deny=PermissionBits.ATTACH_FILES)
        refused = await hers.ask("PATCH", path, {}, files=[("a.txt", b"x")])
        assert refused.data["code"] == 50013
        assert (await hers.ask("GET", path)).data["content"] == "horse"


async def test_a_reply_shows_what_it_answers(page: Page, playground: Playground) -> None:
    """The answered message goes along, but not what that one answered; null once it is gone."""
    channel = playground.channel_id
    first = await page.rest.say(channel, "one")
    second = await page.rest.say(channel, "two", message_reference={"message_id": first["id"]})
    third = await page.rest.say(channel, "three", message_reference={"message_id": second["id"]})
    assert third["type"] == 19
    assert third["message_reference"] == {
        "type": 0,
        "channel_id": str(channel),
        "message_id": second["id"],
        "guild_id": str(playground.guild_id),
    }
    answered = third["referenced_message"]
    assert answered["content"] == "two"
    assert answered["message_reference"]["message_id"] == first["id"]
    assert "referenced_message" not in answered
    path = f"/channels/{channel}/messages"
    await page.rest.ask("DELETE", f"{path}/{second['id']}")
    again = (await page.rest.ask("GET", f"{path}/{third['id']}")).data
    assert again["referenced_message"] is None
    assert again["message_reference"]["message_id"] == second["id"]
    anyway = {"message_id": second["id"], "fail_if_not_exists": False}
    plain = await page.rest.say(channel, "four", message_reference=anyway)
    assert plain["type"] == 0
    assert "message_reference" not in plain


async def test_a_forward_shows_the_original(page: Page, playground: Playground) -> None:
    """It has a flag and a snapshot without an author; of a forward it is the first snapshot."""
    world, channel = playground.world, playground.channel_id
    original = await page.rest.say(channel, "cat")
    other = world.add_channel("other")
    reference = {"type": 1, "channel_id": str(channel), "message_id": original["id"]}
    forward = await page.rest.say(other.id, "", message_reference=reference)
    assert (forward["type"], forward["content"], forward["flags"]) == (0, "", 1 << 14)
    assert forward["message_reference"]["channel_id"] == str(channel)
    assert "referenced_message" not in forward
    again = {"type": 1, "channel_id": str(other.id), "message_id": forward["id"]}
    second = await page.rest.say(channel, "", message_reference=again)
    for message in (forward, second):
        (snapshot,) = message["message_snapshots"]
        assert snapshot["message"]["content"] == "cat"
        assert "author" not in snapshot["message"]


async def test_what_may_not_be_read_may_not_be_forwarded(
    person: Rest, bot_rest: Rest, playground: Playground
) -> None:
    """Neither out of a hidden channel nor out of one without history, nor out of none."""
    world = playground.world
    secret = world.add_channel("secret")
    message = await person.say(secret.id, "x")
    path = f"/channels/{playground.channel_id}/messages"
    codes = []
    for denied in (
        PermissionBits.VIEW_CHANNEL,
        PermissionBits.READ_MESSAGE_HISTORY,
        PermissionBits(0),
    ):
        world.set_overwrite(secret, world.bot, deny=denied)
        reference = {"type": 1, "channel_id": str(secret.id), "message_id": message["id"]}
        answer = await bot_rest.ask("POST", path, {"message_reference": reference})
        codes.append(answer.data.get("code"))
    assert codes == [50001, 50013, None]
    nowhere = {"type": 1, "channel_id": NO_ID, "message_id": message["id"]}
    gone = await bot_rest.ask("POST", path, {"message_reference": nowhere})
    assert gone.data["code"] == 10003
    assert [m.content for m in world.channel.messages.values()] == [""]


async def test_mentions_are_those_of_the_text(person: Rest, playground: Playground) -> None:
    """People and roles once each; strangers' ids and roles of elsewhere are only text."""
    world = playground.world
    ann, role = await playground.new_person("ann"), world.add_role("cats", PermissionBits(0))
    text = f"<@{ann.id}> <@!{ann.id}> <@&{role.id}> <@&{role.id}> <@{NO_ID}> <@&{NO_ID}> @here"
    channel = playground.channel_id
    bob = world.bot

    async def mentioned(allowed: Any) -> tuple[list[str], list[str], bool]:
        more = {} if allowed is None else {"allowed_mentions": allowed}
        sent = await person.say(channel, text + f" <@{bob.id}>", **more)
        people = [user["username"] for user in sent["mentions"]]
        return people, sent["mention_roles"], sent["mention_everyone"]

    roles = [str(role.id)]
    assert await mentioned(None) == (["ann", "Bobby"], roles, True)
    assert await mentioned({"parse": ["users"]}) == (["ann", "Bobby"], [], False)
    assert await mentioned({"parse": ["roles"]}) == ([], roles, False)
    assert await mentioned({"parse": ["everyone"]}) == ([], [], True)
    assert await mentioned({"parse": [], "users": [str(bob.id)]}) == (["Bobby"], [], False)
    assert await mentioned({"roles": roles}) == ([], roles, False)
    assert await mentioned({}) == ([], [], False)


async def test_a_reply_pings_as_it_was_told(
    bot_rest: Rest, person: Rest, playground: Playground
) -> None:
    """Without `allowed_mentions` it does, with them only when they say so; an edit asks again."""
    first = await person.say(playground.channel_id, "hi")
    path = f"/channels/{playground.channel_id}/messages"
    for more, pings in (
        ({}, 1),
        ({"allowed_mentions": {"parse": ["users"]}}, 0),
        ({"allowed_mentions": {"replied_user": False}}, 0),
        ({"allowed_mentions": {"replied_user": True}}, 1),
    ):
        body = {"content": "x", "message_reference": {"message_id": first["id"]}, **more}
        sent = (await bot_rest.ask("POST", path, body)).data
        assert len(sent["mentions"]) == pings
        edited = (await bot_rest.ask("PATCH", f"{path}/{sent['id']}", {"content": "y"} | more)).data
        assert len(edited["mentions"]) == pings


async def test_deleting_is_told_with_its_place(page: Page, playground: Playground) -> None:
    """The event names message, channel and guild; in a conversation there is no guild."""
    dm = playground.world.open_dm(playground.world.owner, playground.world.bot)
    for number, channel in enumerate((playground.channel_id, dm.id), 1):
        sent = await page.rest.say(channel, "x")
        await page.rest.ask("DELETE", f"/channels/{channel}/messages/{sent['id']}")
        told = await page.event("MESSAGE_DELETE", number)
        assert (told["id"], told["channel_id"]) == (sent["id"], str(channel))
        assert ("guild_id" in told) == (channel != dm.id)


async def test_history_is_paged_by_id(
    person: Rest, playground: Playground, exchanges: list[Exchange]
) -> None:
    """Without the edge itself; 1 to 100 at a time, 50 unless asked."""
    world = playground.world
    forms = [Form({"content": str(number)}) for number in range(101)]
    ids = [playground.posting.create(world.channel, world.owner, form).id for form in forms]
    path = f"/channels/{world.channel.id}/messages"

    async def contents(query: str) -> list[int]:
        answer = await person.ask("GET", f"{path}?{query}")
        return [int(message["content"]) for message in answer.data]

    middle = ids[50]
    assert await contents("") == list(range(100, 50, -1))
    assert await contents("limit=100") == list(range(100, 0, -1))
    assert await contents("limit=1") == [100]
    assert await contents(f"before={middle}&limit=2") == [49, 48]
    assert await contents(f"after={middle}&limit=2") == [52, 51]
    assert await contents(f"after={ids[99]}") == [100]
    assert await contents(f"before={ids[1]}") == [0]
    for wrong in ("limit=0", "limit=101", "limit=x", "before=x", "after=x"):
        answer = await person.ask("GET", f"{path}?{wrong}")
        assert answer.data["code"] == 50035, wrong
        assert list(answer.data["errors"]) == [wrong.partition("=")[0]]
    exchanges.clear()  # so many messages take long to judge, and they are all alike


async def test_reactions_have_their_owners(
    page: Page, bot_rest: Rest, playground: Playground
) -> None:
    """Each person counts once, and takes back their own."""
    world = playground.world
    sent = await page.rest.say(playground.channel_id, "x")
    path = f"/channels/{playground.channel_id}/messages/{sent['id']}"
    own = f"{path}/reactions/🐱"
    for _ in range(2):
        assert (await page.rest.ask("PUT", f"{own}/@me")).status == 204
    await bot_rest.ask("PUT", f"{own}/@me")
    await page.event("MESSAGE_REACTION_ADD", 2)
    first, second = page.heard("MESSAGE_REACTION_ADD")
    assert (first["user_id"], second["user_id"]) == (str(world.owner.id), str(world.bot.id))
    assert first["emoji"] == {"id": None, "name": "🐱"}
    assert first["message_author_id"] == str(world.owner.id)
    assert (first["guild_id"], first["message_id"]) == (str(playground.guild_id), sent["id"])
    (shown,) = (await page.rest.ask("GET", path)).data["reactions"]
    assert (shown["count"], shown["me"], shown["me_burst"]) == (2, True, False)
    assert shown["count_details"] == {"burst": 0, "normal": 2}
    for emoji in ("no", "cat:1"):
        answer = await page.rest.ask("PUT", f"{path}/reactions/{emoji}/@me")
        assert (answer.status, answer.data["code"]) == (404, 10014)
    for _ in range(2):
        assert (await bot_rest.ask("DELETE", f"{own}/@me")).status == 204
    assert (await page.event("MESSAGE_REACTION_REMOVE"))["user_id"] == str(world.bot.id)
    await page.rest.ask("DELETE", f"{own}/@me")
    await page.event("MESSAGE_REACTION_REMOVE", 2)
    assert "reactions" not in (await page.rest.ask("GET", path)).data
    assert len(page.heard("MESSAGE_REACTION_REMOVE")) == 2


async def test_one_may_join_in_a_reaction_without_the_right_to_begin_one(
    person: Rest, bot_rest: Rest, playground: Playground
) -> None:
    """Add Reactions is for the first of a kind alone."""
    world = playground.world
    sent = await person.say(playground.channel_id, "x")
    path = f"/channels/{playground.channel_id}/messages/{sent['id']}/reactions"
    await person.ask("PUT", f"{path}/👍/@me")
    world.set_overwrite(world.channel, world.bot, deny=PermissionBits.ADD_REACTIONS)
    assert (await bot_rest.ask("PUT", f"{path}/👍/@me")).status == 204
    assert (await bot_rest.ask("PUT", f"{path}/🐾/@me")).data["code"] == 50013


async def test_a_preview_is_of_what_still_stands(page: Page, playground: Playground) -> None:
    """A link in angle brackets has none, nor has a file that is no picture or a deleted message."""
    channel = playground.channel_id
    picture = playground.world.owner.avatar
    files = [("a.png", picture), ("b.txt", b"x")]
    sent = await page.rest.say(channel, "", *files)
    shown, text = (file["url"] for file in sent["attachments"])
    await page.rest.say(channel, f"<{shown}>")
    await page.rest.say(channel, text)

    def delete(event: Event) -> None:
        if event.name == "MESSAGE_CREATE" and event.data["content"].startswith("doomed"):
            world = playground.world
            playground.posting.delete(world.channel.messages[int(event.data["id"])])

    playground.world.subscribe(delete)
    await page.rest.say(channel, f"doomed {shown}")
    kept = await page.rest.say(channel, shown)
    told = await page.event("MESSAGE_UPDATE")
    assert told["id"] == kept["id"]
    assert len(page.heard("MESSAGE_UPDATE")) == 1
    (embed,) = told["embeds"]
    assert (embed["type"], embed["thumbnail"]["height"]) == ("image", 128)
    assert told["edited_timestamp"] is None


async def test_a_refused_edit_changes_nothing(page: Page, playground: Playground) -> None:
    """An edit that would leave nothing leaves everything, its mentions and its time as well."""
    sent = await page.rest.say(playground.channel_id, f"<@{playground.bot_user_id}>")
    path = f"/channels/{playground.channel_id}/messages/{sent['id']}"
    refused = await page.rest.ask("PATCH", path, {"content": " ", "flags": 1 << 2})
    assert (refused.status, refused.data["code"]) == (400, 50006)
    assert (await page.rest.ask("GET", path)).data == sent
    assert page.heard("MESSAGE_UPDATE") == []


async def test_allowed_mentions_are_ids(person: Rest, playground: Playground) -> None:
    """What is no id among them is refused in its place."""
    path = f"/channels/{playground.channel_id}/messages"
    for kind in ("users", "roles"):
        body = {"content": "x", "allowed_mentions": {kind: ["1", "x"]}}
        answer = await person.ask("POST", path, body)
        assert (answer.status, answer.data["code"]) == (400, 50035)
        assert answer.data["errors"]["allowed_mentions"][kind]["1"]["_errors"]
