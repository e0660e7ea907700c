"""What a bot may answer to an interaction, in which order, and who sees it: over plain REST."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from tests.playground.clients import Answer, Page, Rest

COMMANDS = [
    {
        "name": "look",
        "description": "Look",
        "options": [{"type": 3, "name": "at", "description": "What", "autocomplete": True}],
    },
    {"name": "own", "description": "Own", "integration_types": [1], "contexts": [0, 1, 2]},
]
BUTTON = {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "a"}]}
PRIVATE = 1 << 6
LOADING = 1 << 7


class Scene:
    """The page's person, and a bot that does nothing but what the test tells it to."""

    def __init__(self, playground: Playground, page: Page, bot: Page) -> None:
        self.playground = playground
        self.page = page
        self.bot = bot
        self._begun = 0

    async def use(
        self, name: str = "look", kind: int = 2, options: Any = None, **more: Any
    ) -> dict[str, Any]:
        """Use a command and return the interaction that the bot hears of."""
        data: dict[str, Any] = await self.page.command(name, more.get("channel_id"))
        sent = await self.page.interact(kind, data | {"options": options or []}, **more)
        assert sent.status == 204, sent.data
        return await self.heard()

    async def press(self, message: dict[str, Any]) -> dict[str, Any]:
        """Press the button of `message` and return the interaction that the bot hears of."""
        press = {"component_type": 2, "custom_id": "a"}
        assert (await self.page.interact(3, press, message_id=message["id"])).status == 204
        return await self.heard()

    async def heard(self) -> dict[str, Any]:
        """Return the next interaction that the bot hears of."""
        self._begun += 1
        interaction: dict[str, Any] = await self.bot.event("INTERACTION_CREATE", self._begun)
        return interaction

    async def answer(self, to: dict[str, Any], kind: Any, query: str = "", **data: Any) -> Answer:
        """Give `to` its first answer."""
        path = f"/interactions/{to['id']}/{to['token']}/callback{query}"
        return await self.bot.rest.ask("POST", path, {"type": kind, "data": data})

    def webhook(self, of: dict[str, Any], message: str = "") -> str:
        """Return the path at which `of` is answered after its first answer."""
        path = f"/webhooks/{self.playground.application_id}/{of['token']}"
        return f"{path}/messages/{message}" if message else path

    async def follow_up(self, of: dict[str, Any], **data: Any) -> Answer:
        """Answer once more."""
        return await self.bot.rest.ask("POST", self.webhook(of), data)


@pytest.fixture
async def scene(playground: Playground, page: Page, bot_rest: Rest) -> AsyncIterator[Scene]:
    """Register the commands and connect the bot."""
    path = f"/applications/{playground.application_id}/commands"
    assert (await bot_rest.ask("PUT", path, COMMANDS)).status == 200
    async with Page(playground, playground.bot_token, bot_rest) as bot:
        yield Scene(playground, page, bot)


async def test_an_answer_says_what_it_answers(scene: Scene) -> None:
    """Asked for, the response describes message and interaction; else it is empty."""
    first = await scene.use()
    told = (await scene.answer(first, 4, "?with_response=true", content="hi")).data
    message = told["resource"]["message"]
    assert told["resource"]["type"] == 4
    assert told["interaction"] == {
        "id": first["id"],
        "type": 2,
        "response_message_id": message["id"],
        "response_message_loading": False,
        "response_message_ephemeral": False,
        "channel_id": str(scene.playground.channel_id),
        "guild_id": str(scene.playground.guild_id),
    }
    assert (message["content"], message["type"]) == ("hi", 20)
    assert message["webhook_id"] == str(scene.playground.application_id)
    assert message["interaction_metadata"]["id"] == first["id"]
    assert (await scene.answer(await scene.use(), 4, content="hi")).status == 204
    deferred = await scene.answer(await scene.use(), 5, "?with_response=1", flags=PRIVATE)
    assert set(deferred.data) == {"interaction"}
    assert deferred.data["interaction"]["response_message_loading"]
    assert deferred.data["interaction"]["response_message_ephemeral"]
    seen = await scene.page.event("MESSAGE_CREATE", 3)
    assert seen["flags"] == PRIVATE | LOADING
    pong = await scene.answer(await scene.use(), 1, "?with_response=true")
    assert set(pong.data["interaction"]) == {"id", "type"}


async def test_a_reply_to_an_answer_pings_nobody(scene: Scene) -> None:
    """Not as one to the bot's own messages does, so it is not heard without the content intent."""
    told = (await scene.answer(await scene.use(), 4, "?with_response=true", content="hi")).data
    own = await scene.bot.rest.say(scene.playground.channel_id, "hi")
    for target, pings in ((told["resource"]["message"], 0), (own, 1)):
        reply = await scene.page.rest.say(
            scene.playground.channel_id, "x", message_reference={"message_id": target["id"]}
        )
        assert len(reply["mentions"]) == pings


async def test_an_answer_has_to_fit(scene: Scene) -> None:
    """What does not fit the kind of interaction, or its form, leaves it open for a better one."""
    command = await scene.use()
    for kind in (6, 7, 8, 9, 10, "4", None):
        refused = await scene.answer(command, kind, content="x")
        assert (refused.status, refused.data["code"]) == (400, 50035), kind
    assert (await scene.answer(command, 4, content="x" * 2001)).data["code"] == 50035
    assert (await scene.answer(command, 4, content=5)).data["code"] == 50035
    assert (await scene.answer(command, 4)).data["code"] == 50006
    typing = await scene.use(kind=4, options=[{"type": 3, "name": "at", "value": ""}])
    for kind in (4, 5, 6, 7):
        assert (await scene.answer(typing, kind, content="x")).data["code"] == 50035
    assert scene.page.heard("MESSAGE_CREATE") == []
    assert (await scene.answer(typing, 8, choices=[])).status == 204
    assert (await scene.answer(command, 4, content="x")).status == 204
    assert (await scene.answer(command, 4, content="x")).data["code"] == 40060
    assert (await scene.answer(command, 9)).data["code"] == 40060


async def test_a_token_is_that_of_its_interaction(scene: Scene) -> None:
    """Another's token, another application, and a webhook before the first answer are unknown."""
    one, other = await scene.use(), await scene.use()
    mixed = {"id": one["id"], "token": other["token"]}
    assert (await scene.answer(mixed, 4, content="x")).data["code"] == 10062
    assert (await scene.answer({**one, "id": "1"}, 4, content="x")).data["code"] == 10062
    early = await scene.follow_up(one, content="x")
    assert (early.status, early.data["code"]) == (404, 10015)
    await scene.answer(one, 4, content="x")
    wrong = await scene.follow_up({"token": "wrong"}, content="x")
    assert (wrong.status, wrong.data["code"]) == (401, 50027)
    elsewhere = scene.webhook(one).replace(str(scene.playground.application_id), "1")
    assert (await scene.bot.rest.ask("POST", elsewhere, {"content": "x"})).data["code"] == 10015


async def test_at_most_25_choices_with_names(scene: Scene) -> None:
    """A name has 1 to 100 characters, and a twenty-sixth choice is refused."""
    typing = await scene.use(kind=4, options=[{"type": 3, "name": "at", "value": ""}])
    assert scene.page.heard("INTERACTION_CREATE") == []
    for names, field in (
        (["x"] * 26, ["choices"]),
        (["x", ""], ["choices", "1", "name"]),
        (["x", "y", "x" * 101], ["choices", "2", "name"]),
    ):
        choices = [{"name": name, "value": "x"} for name in names]
        node = (await scene.answer(typing, 8, choices=choices)).data["errors"]["data"]
        for part in field:
            node = node[part]
        assert node["_errors"]
    choices = [{"name": "x" * 100, "value": str(number)} for number in range(25)]
    assert (await scene.answer(typing, 8, choices=choices)).status == 204
    told = await scene.page.event("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
    assert told["choices"] == choices
    assert (await scene.answer(typing, 8, choices=[])).data["code"] == 40060


async def test_a_deferred_answer_is_finished_once(scene: Scene) -> None:
    """The first follow-up is that answer, unedited; after it they are messages of their own."""
    one = await scene.use()
    await scene.answer(one, 5)
    loading = await scene.page.event("MESSAGE_CREATE")
    first = (await scene.follow_up(one, content="first")).data
    assert (first["id"], first["content"], first["flags"]) == (loading["id"], "first", 0)
    assert first["edited_timestamp"] is None
    second = (await scene.follow_up(one, content="second")).data
    assert second["id"] != first["id"]
    assert second["message_reference"]["message_id"] == first["id"]
    assert second["interaction_metadata"]["original_response_message_id"] == first["id"]
    assert "interaction" in first
    assert "interaction" not in second
    original = scene.webhook(one, "@original")
    again = (await scene.bot.rest.ask("PATCH", original, {"content": "third"})).data
    assert (again["id"], again["content"]) == (first["id"], "third")
    assert again["edited_timestamp"]


async def test_a_deferred_answer_may_be_deleted(scene: Scene) -> None:
    """Then there is nothing to finish: 10008."""
    one = await scene.use()
    await scene.answer(one, 5)
    original = scene.webhook(one, "@original")
    assert (await scene.bot.rest.ask("DELETE", original)).status == 204
    for method, path in (("POST", scene.webhook(one)), ("PATCH", original), ("GET", original)):
        answer = await scene.bot.rest.ask(method, path, {"content": "x"})
        assert (answer.status, answer.data["code"]) == (404, 10008)


async def test_only_the_bots_own_messages_are_had_by_a_token(scene: Scene) -> None:
    """Its follow-ups by their ids; neither people's messages nor what is not there."""
    one = await scene.use()
    await scene.answer(one, 4, content="first")
    more = (await scene.follow_up(one, content="more")).data
    theirs = await scene.page.rest.say(scene.playground.channel_id, "mine")
    codes = []
    for message in (more["id"], theirs["id"], "1", "x"):
        path = scene.webhook(one, message)
        codes.append((await scene.bot.rest.ask("GET", path)).data.get("code"))
    assert codes == [None, 10008, 10008, 50035]
    edited = await scene.bot.rest.ask("PATCH", scene.webhook(one, more["id"]), {"content": "y"})
    assert edited.data["content"] == "y"
    assert (await scene.bot.rest.ask("DELETE", scene.webhook(one, theirs["id"]))).status == 404


async def test_a_button_changes_its_message(scene: Scene) -> None:
    """At once or after deferring: the original is then the message that has the button."""
    one = await scene.use()
    await scene.answer(one, 4, content="panel", components=[BUTTON])
    panel = await scene.page.event("MESSAGE_CREATE")
    pressed = await scene.press(panel)
    assert (pressed["type"], pressed["message"]["id"]) == (3, panel["id"])
    assert pressed["data"] == {"custom_id": "a", "component_type": 2, "id": 2}
    updated = (await scene.answer(pressed, 7, "?with_response=true", content="new")).data
    assert updated["resource"]["message"]["content"] == "new"
    assert updated["resource"]["type"] == 7
    later = await scene.press(panel)
    assert (await scene.answer(later, 6, content="not this")).status == 204
    original = scene.webhook(later, "@original")
    seen = (await scene.bot.rest.ask("GET", original)).data
    assert (seen["id"], seen["content"]) == (panel["id"], "new")
    answered = await scene.press(panel)
    message = (await scene.answer(answered, 4, "?with_response=1", content="hm")).data["resource"]
    assert message["message"]["type"] == 19
    assert message["message"]["referenced_message"]["id"] == panel["id"]
    metadata = message["message"]["interaction_metadata"]
    assert metadata["interacted_message_id"] == panel["id"]
    assert "interaction" not in message["message"]


async def test_what_is_private_stays_so(scene: Scene) -> None:
    """Edits and the end of a private answer are told to its reader alone, and nobody quotes it."""
    playground = scene.playground
    ann = await playground.new_person("ann")
    async with (
        Rest(playground.api, ann.token) as hers,
        Page(playground, ann.token, hers) as theirs,
    ):
        one = await scene.use()
        await scene.answer(one, 4, content="psst", flags=PRIVATE, components=[BUTTON])
        private = await scene.page.event("MESSAGE_CREATE")
        press = {"component_type": 2, "custom_id": "a"}
        refused = await theirs.interact(3, press, message_id=private["id"])
        assert refused.data["code"] == 10008
        pressed = await scene.press(private)
        await scene.answer(pressed, 4, content="again", flags=PRIVATE)
        quoting = await scene.page.event("MESSAGE_CREATE", 2)
        assert quoting["message_reference"]["message_id"] == private["id"]
        public = (await scene.follow_up(one, content="aloud")).data
        assert "message_reference" not in public
        reply = {"content": "x", "message_reference": {"message_id": private["id"]}}
        path = f"/channels/{playground.channel_id}/messages"
        assert (await scene.page.rest.ask("POST", path, reply)).data["code"] == 50035
        original = scene.webhook(one, "@original")
        picture = [("a.png", playground.world.bot.avatar)]
        edited = await scene.bot.rest.ask("PATCH", original, {"content": "new"}, files=picture)
        (file,) = edited.data["attachments"]
        assert file["ephemeral"]
        assert "/ephemeral-attachments/" in file["url"]
        assert await hers.fetch(file["url"]) == (200, playground.world.bot.avatar)
        await scene.bot.rest.ask("DELETE", original)
        await scene.page.event("MESSAGE_DELETE")
        assert (await hers.fetch(file["url"]))[0] == 404
        await scene.page.rest.say(playground.channel_id, "end")
        await theirs.event("MESSAGE_CREATE", 2)
        assert [m["content"] for m in theirs.heard("MESSAGE_CREATE")] == ["aloud", "end"]
        names = {name for name, _ in theirs.events}
        assert not names & {"MESSAGE_UPDATE", "MESSAGE_DELETE", "INTERACTION_CREATE"}
        assert not names & {"INTERACTION_SUCCESS", "INTERACTION_FAILURE"}


async def test_an_own_installation_follows_up_five_times(scene: Scene) -> None:
    """The sixth is refused; where the server has installed the bot as well, nothing is counted."""
    one = await scene.use("own")
    assert one["authorizing_integration_owners"] == {"1": str(scene.playground.world.owner.id)}
    await scene.answer(one, 5)
    await scene.follow_up(one, content="the answer itself")
    statuses = [(await scene.follow_up(one, content="x")).status for _ in range(6)]
    assert statuses == [200] * 5 + [400]
    by_server = await scene.use()
    await scene.answer(by_server, 4, content="x")
    statuses = [(await scene.follow_up(by_server, content="x")).status for _ in range(6)]
    assert statuses == [200] * 6


async def test_a_channel_may_go_while_the_bot_thinks(scene: Scene) -> None:
    """An answer to what was asked in it is 10003."""
    world = scene.playground.world
    other = world.add_channel("doomed")
    late, deferred = [await scene.use(channel_id=other.id) for _ in range(2)]
    await scene.answer(deferred, 1)
    world.remove_channel(other)
    assert (await scene.answer(late, 4, content="x")).data["code"] == 10003
    assert (await scene.follow_up(deferred, content="x")).data["code"] == 10003


async def test_the_guest_is_lent_its_persons_rights(scene: Scene) -> None:
    """Where the bot is no member, it may attach and link as far as its person may."""
    world = scene.playground.world
    boss = world.add_stranger("boss")
    guild = world.add_guild("elsewhere", owner=boss, with_bot=False)
    world.join(guild, world.owner)
    channel = world.add_channel("general", guild=guild)
    world.set_overwrite(channel, world.owner, deny=PermissionBits.ATTACH_FILES)
    one = await scene.use("own", channel_id=channel.id)
    lent = PermissionBits(int(one["app_permissions"]))
    assert lent == PermissionBits.EMBED_LINKS | PermissionBits.USE_EXTERNAL_EMOJIS
    assert one["context"] == 0
    assert one["member"]["user"]["id"] == str(world.owner.id)
    dm = world.open_dm(world.owner, boss)
    direct = await scene.use("own", channel_id=dm.id)
    assert (
        PermissionBits(int(direct["app_permissions"]))
        == PermissionBits.SEND_MESSAGES | PermissionBits.EMBED_LINKS | PermissionBits.ATTACH_FILES
    )
    assert direct["context"] == 2
    assert direct["user"]["id"] == str(world.owner.id)
    assert not {"member", "guild_id", "guild"} & set(direct)
