"""Registering commands, who finds them where, and what people may send when they use them."""

from typing import Any

import pytest

from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from tests.playground.clients import Answer, Page, Rest

Body = dict[str, Any]


def _command(name: str = "look", **more: Any) -> Body:
    return {"name": name, "description": "x", **more}


def _option(name: str = "a", kind: int = 3, **more: Any) -> Body:
    return {"type": kind, "name": name, "description": "x", **more}


@pytest.fixture
def path(playground: Playground) -> str:
    """Return the route of the global commands."""
    return f"/applications/{playground.application_id}/commands"


FIT: list[Body] = [
    _command("x" * 32),
    _command(description="x" * 100),
    _command("a-b_c'd"),
    _command(options=[_option(str(number)) for number in range(25)]),
    _command(options=[_option(choices=[{"name": str(n), "value": str(n)} for n in range(25)])]),
    _command(options=[_option("a", required=True), _option("b"), _option("c", required=False)]),
    {"name": "x" * 32, "type": 3},
    {"name": "With Spaces", "type": 3},
]
_X = {"name": "x", "value": "x"}
UNFIT: list[tuple[str, Body]] = [
    ("name", _command("x" * 33)),
    ("name", _command("")),
    ("name", _command("two words")),
    ("name", _command("Upper")),
    ("name", {"name": "x" * 33, "type": 3}),
    ("name", {"name": "", "type": 3}),
    ("description", _command(description="x" * 101)),
    ("description", {"name": "look"}),
    ("options", _command(options=[_option(str(number)) for number in range(26)])),
    ("options.0.choices", _command(options=[_option(choices=[{"name": "x", "value": "x"}] * 26)])),
    ("options.1", _command(options=[_option("a"), _option("b", required=True)])),
    ("options.0.name", _command(options=[_option("Upper")])),
    ("options.0.description", _command(options=[_option(description="")])),
    ("options.0.options.0.name", _command(options=[_option(kind=1, options=[_option("B b")])])),
    ("type", _command(type=5)),
    ("options.0.type", _command(options=[_option(kind=12)])),
    ("contexts.0", _command(contexts=[3])),
    ("integration_types.0", _command(integration_types=[2])),
    ("name_localizations", _command(name_localizations={"xx": "x"})),
    ("default_member_permissions", _command(default_member_permissions="send")),
    ("default_member_permissions", _command(default_member_permissions=str(1 << 54))),
    ("options.0.choices.0.value", _command(options=[_option(choices=[{"name": "x", "value": 1}])])),
    ("options.0.choices.0.value", _command(options=[_option(kind=4, choices=[_X])])),
    ("options.0.autocomplete", _command(options=[_option(choices=[_X], autocomplete=True)])),
    ("options.1.name", _command(options=[_option("a"), _option("a")])),
    ("options.1.type", _command(options=[_option("a", 1), _option("b")])),
    ("description", {"name": "x", "type": 3, "description": "x"}),
    ("options", {"name": "x", "type": 3, "options": [_option()]}),
    ("", _command()),
]


async def test_a_command_has_its_form(bot_rest: Rest, path: str) -> None:
    """Names, descriptions, options and choices, each up to its limit and no further."""
    for body in FIT:
        assert (await bot_rest.ask("PUT", path, [body])).status < 300, body
    before = (await bot_rest.ask("GET", path)).data
    for field, body in UNFIT:
        answer = await bot_rest.ask("PUT", path, [_command(), body])
        assert answer.data["code"] == 50035, body
        node = answer.data["errors"]["1"]
        for part in filter(None, field.split(".")):
            node = node[part]
        assert node["_errors"], body
    assert (await bot_rest.ask("GET", path)).data == before


async def test_a_command_is_known_by_name_and_kind(bot_rest: Rest, path: str) -> None:
    """Sent again it keeps its id, and its version too unless it has changed."""

    async def put(*bodies: Body) -> list[Any]:
        return [
            (one["id"], one["version"]) for one in (await bot_rest.ask("PUT", path, bodies)).data
        ]

    (first,) = await put(_command())
    assert await put(_command()) == [first]
    changed, menu = await put(_command(description="y"), {"name": "look", "type": 3})
    assert changed[0] == first[0] != menu[0]
    assert int(changed[1]) > int(first[1])
    assert await put(_command(description="y")) == [changed]
    assert len((await bot_rest.ask("GET", path)).data) == 1


async def test_there_is_a_most_of_each_kind(bot_rest: Rest, path: str) -> None:
    """A hundred slash commands and fifteen menus; one more is refused."""
    slash: list[Body] = [_command(f"c{number}") for number in range(100)]
    menus = [{"name": f"m{n}", "type": 3} for n in range(15)]
    full = slash + menus
    assert len((await bot_rest.ask("PUT", path, full)).data) == 115
    extra: list[Body] = [_command("x"), {"name": "x", "type": 3}]
    for body in extra:
        answer = await bot_rest.ask("PUT", path, [*full, body])
        assert (answer.status, answer.data["code"]) == (400, 30032), body


async def test_a_day_has_200_creations(bot_rest: Rest, path: str) -> None:
    """What is only sent again is not counted; deleting gives none back."""
    for batch in ("a", "b"):
        sent = [_command(f"{batch}{number}") for number in range(100)]
        for _ in range(2):
            assert (await bot_rest.ask("PUT", path, sent)).status == 200
    refused = await bot_rest.ask("PUT", path, [_command("c")])
    assert (refused.status, refused.data["code"]) == (400, 30034)


async def test_only_its_bot_manages_an_application(bot_rest: Rest, person: Rest, path: str) -> None:
    """People are refused, and another application is unknown."""
    assert (await person.ask("GET", path)).data["code"] == 50001
    assert (await bot_rest.ask("GET", "/applications/1/commands")).data["code"] == 10002
    assert (await person.ask("GET", "/applications/@me")).status == 401


async def test_a_list_speaks_one_language_unless_asked(bot_rest: Rest, path: str) -> None:
    """Names in other languages, of options too, come only with `with_localizations`."""
    names: Body = {"name_localizations": {"de": "schau"}}
    await bot_rest.ask("PUT", path, [_command(options=[_option(**names)], **names)])
    (plain,) = (await bot_rest.ask("GET", path)).data
    (full,) = (await bot_rest.ask("GET", f"{path}?with_localizations=true")).data
    for command, there in ((plain, False), (full, True)):
        assert ("name_localizations" in command) == there
        assert ("name_localizations" in command["options"][0]) == there


async def test_commands_are_found_where_they_may_be_used(
    page: Page, bot_rest: Rest, playground: Playground, path: str
) -> None:
    """By contexts, and by who has installed the application."""
    world = playground.world
    both = [0, 1]
    commands = [
        _command("plain"),
        _command("guild", contexts=[0]),
        _command("old", dm_permission=False),
        _command("mine", integration_types=[1], contexts=[0, 1, 2]),
        _command("bot", integration_types=both, contexts=[1]),
    ]
    await bot_rest.ask("PUT", path, commands)
    ann = await playground.new_person("ann")
    without = world.add_channel("general", guild=world.add_guild("elsewhere", with_bot=False))
    with_bot = world.add_channel("general", guild=world.add_guild("other"))
    places = {
        world.channel.id: {"plain", "guild", "old", "mine"},
        with_bot.id: {"plain", "guild", "old", "mine"},
        without.id: {"mine"},
        world.open_dm(world.owner, world.bot).id: {"plain", "mine", "bot"},
        world.open_dm(world.owner, ann).id: {"mine"},
    }
    for channel_id, expected in places.items():
        route = f"/channels/{channel_id}/application-command-index"
        found = (await page.rest.ask("GET", route)).data
        assert {one["name"] for one in found["application_commands"]} == expected
        assert len(found["applications"]) == 1
        versions = [int(one["version"]) for one in found["application_commands"]]
        assert int(found["version"]) == max(versions)
    async with Rest(playground.api, ann.token) as hers:
        route = f"/channels/{world.channel.id}/application-command-index"
        found = (await hers.ask("GET", route)).data
        assert "mine" not in {one["name"] for one in found["application_commands"]}
        alone = world.open_dm(ann, world.owner).id
        empty = (await hers.ask("GET", f"/channels/{alone}/application-command-index")).data
    assert empty == {"applications": [], "application_commands": [], "version": "0"}


async def _refused(page: Page, data: Body, **more: Any) -> Any:
    """Use a command and return what the refusal says: its code."""
    answer: Answer = await page.interact(more.pop("kind", 2), data, **more)
    assert answer.status >= 400, answer.data
    return answer.data["code"]


async def test_who_may_use_a_command(
    page: Page, bot_rest: Rest, playground: Playground, path: str
) -> None:
    """Only with the right to, in a place one sees, over one's own connection, and not too often."""
    world = playground.world
    (made,) = (await bot_rest.ask("PUT", path, [_command()])).data
    ann = await playground.new_person("ann")
    look: Body = {"id": made["id"]}
    assert await _refused(page, {"id": "1"}) == 10063
    assert await _refused(page, {**look, "version": "1"}) == 50035
    assert await _refused(page, look, session_id="none") == 50035
    assert await _refused(page, look, application_id="1") == 10002
    assert await _refused(page, look, channel_id=1) == 10003
    assert await _refused(page, look, kind=6) == 50035
    assert await _refused(page, look, kind=5) == 10062
    async with (
        Rest(playground.api, ann.token) as hers,
        Page(playground, ann.token, hers) as theirs,
    ):
        assert await _refused(theirs, look, session_id=page.session_id) == 50035
        world.set_overwrite(world.channel, ann, deny=PermissionBits.VIEW_CHANNEL)
        assert await _refused(theirs, look) == 50001
        world.set_overwrite(world.channel, ann, deny=PermissionBits.USE_APPLICATION_COMMANDS)
        assert await _refused(theirs, look) == 50013
        world.set_overwrite(world.channel, ann)
        world.channel.slow_mode = 60
        assert (await theirs.interact(2, look)).status == 204
        assert await _refused(theirs, look) == 20016
        assert (await theirs.interact(4, look)).status == 204
    assert (await page.interact(2, {**look, "version": made["version"]})).status == 204


async def test_options_are_those_that_the_command_declares(
    page: Page, bot_rest: Rest, playground: Playground, path: str
) -> None:
    """Known by name and kind, one of the choices, and no file that was not sent."""
    choices = [{"name": "One", "value": "1"}]
    options = [_option("one", choices=choices), _option("file", 11), _option("who", 6)]
    inner = [_option("sub", 1, options=[_option("deep", required=True)])]
    made = await bot_rest.ask(
        "PUT", path, [_command(options=options), _command("sub", options=inner)]
    )
    look, sub = ({"id": one["id"]} for one in made.data)

    async def use(command: Body, *options: Body, kind: int = 2) -> Any:
        answer = await page.interact(kind, {**command, "options": list(options)})
        return answer.data and answer.data["code"]

    assert await use(look, {"type": 3, "name": "one", "value": "1"}) is None
    assert await use(look, {"type": 3, "name": "one", "value": "2"}) == 50035
    assert await use(look, {"type": 3, "name": "one", "value": "2"}, kind=4) is None
    assert await use(look, {"type": 4, "name": "one", "value": "1"}) == 50035
    assert await use(look, {"type": 3, "name": "two", "value": "1"}) == 50035
    assert await use(look, {"type": 11, "name": "file", "value": "0"}) == 50035
    assert await use(look, {"type": 6, "name": "who", "value": "1"}) == 50035
    deep = {"type": 3, "name": "deep", "value": "x"}
    assert await use(sub, {"type": 1, "name": "sub", "options": [deep]}) is None
    assert await use(sub, {"type": 1, "name": "sub", "options": []}) == 50035
    assert await use(sub, {"type": 1, "name": "other", "options": [deep]}) == 50035


async def test_what_options_name_goes_along(
    page: Page, bot_rest: Rest, playground: Playground, path: str
) -> None:
    """People with their membership and rights, a stranger without either, and channels."""
    world = playground.world
    stranger = world.add_stranger("stranger")
    kinds = {"user": 6, "out": 6, "channel": 7}
    options = [_option(name, kind) for name, kind in kinds.items()]
    (made,) = (await bot_rest.ask("PUT", path, [_command(options=options)])).data
    ids = [world.bot.id, stranger.id, world.channel.id]
    filled = [
        {"type": kind, "name": name, "value": str(one)}
        for (name, kind), one in zip(kinds.items(), ids, strict=True)
    ]
    async with Page(playground, playground.bot_token, bot_rest) as bot:
        await page.interact(2, {"id": made["id"], "options": filled})
        heard = await bot.event("INTERACTION_CREATE")
    resolved = heard["data"]["resolved"]
    assert set(resolved["users"]) == {str(world.bot.id), str(stranger.id)}
    (member,) = resolved["members"].values()
    assert "user" not in member
    assert int(member["permissions"]) & PermissionBits.VIEW_CHANNEL
    assert resolved["channels"][str(world.channel.id)]["name"] == "pictures"
    assert heard["guild_locale"] == heard["locale"] == "en-US"
    assert heard["attachment_size_limit"] == 10 * 1024 * 1024
    assert int(heard["channel"]["permissions"]) & PermissionBits.MANAGE_GUILD
    assert int(heard["app_permissions"]) & PermissionBits.ATTACH_FILES


async def test_a_menu_is_about_a_message(
    page: Page, bot_rest: Rest, playground: Playground, path: str
) -> None:
    """Which goes along; a message that is not there, and no target at all, are refused."""
    (what,) = (await bot_rest.ask("PUT", path, [{"name": "What", "type": 3}])).data
    message = await page.rest.say(playground.channel_id, "cat")
    assert await _refused(page, {"id": what["id"], "target_id": "1"}) == 10008
    assert await _refused(page, {"id": what["id"]}) == 50035
    async with Page(playground, playground.bot_token, bot_rest) as bot:
        await page.interact(2, {"id": what["id"], "target_id": message["id"]})
        about = (await bot.event("INTERACTION_CREATE"))["data"]
        assert about["resolved"]["messages"][message["id"]]["content"] == "cat"
        assert (about["type"], about["target_id"]) == (3, message["id"])


async def test_components_are_used_as_they_stand(
    page: Page, bot_rest: Rest, playground: Playground
) -> None:
    """Nothing disabled, as many values as asked for, and of those on offer."""
    choices = [{"label": str(number), "value": str(number)} for number in range(4)]
    select = {"type": 3, "custom_id": "s", "options": choices, "min_values": 2, "max_values": 3}
    off = {"type": 2, "style": 1, "label": "x", "custom_id": "off", "disabled": True}
    rows = [{"type": 1, "components": [one]} for one in (select, off)]
    async with Page(playground, playground.bot_token, bot_rest) as bot:
        message = await bot_rest.say(playground.channel_id, "x", components=rows)

        async def use(custom_id: str, *values: str, **more: Any) -> Any:
            data = {"custom_id": custom_id, "values": list(values)}
            sent = {"message_id": message["id"], **more}
            answer = await page.interact(3, data, **sent)
            return answer.data and answer.data["code"]

        assert [await use("s", *"0123"[:count]) for count in (1, 2, 3, 4)] == [
            50035, None, None, 50035,
        ]  # fmt: skip
        assert await use("s", "0", "9") == 50035
        assert await use("off") == 50035
        assert await use("s", "0", "1", message_id="1") == 10008
        heard = await bot.event("INTERACTION_CREATE", 2)
    assert heard["data"]["values"] == ["0", "1", "2"]
    assert heard["authorizing_integration_owners"] == {"0": str(playground.guild_id)}
    assert bot.heard("INTERACTION_CREATE")[0]["data"]["values"] == ["0", "1"]
