"""Who may do what where: roles, overwrites and their order, threads, silence, direct messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.model.permissions import EVERYONE, PermissionBits, in_channel
from bot.playground.server import Playground
from tests.playground.clients import Page, Rest

SENDING = PermissionBits.EMBED_LINKS | PermissionBits.ATTACH_FILES | PermissionBits.MENTION_EVERYONE


async def test_overwrites_have_an_order(playground: Playground) -> None:
    """Everyone's come first, those of all roles together next, a member's own last."""
    world = playground.world
    channel, bot = world.channel, world.bot
    everyone = world.guild.roles[world.guild.id]
    loud, quiet = (world.add_role(name, PermissionBits(0)) for name in ("loud", "quiet"))
    stranger = world.add_role("not the bot's", PermissionBits(0))
    for role in (quiet, loud):
        world.give_role(bot, role)

    def may() -> bool:
        return bool(in_channel(bot, channel) & PermissionBits.ADD_REACTIONS)

    world.set_overwrite(channel, stranger, deny=PermissionBits.ADD_REACTIONS)
    assert may()
    world.set_overwrite(channel, everyone, deny=PermissionBits.ADD_REACTIONS)
    assert not may()
    world.set_overwrite(channel, loud, allow=PermissionBits.ADD_REACTIONS)
    assert may()
    world.set_overwrite(channel, quiet, deny=PermissionBits.ADD_REACTIONS)
    assert may()
    world.set_overwrite(channel, bot, deny=PermissionBits.ADD_REACTIONS)
    assert not may()
    world.set_overwrite(channel, loud, deny=PermissionBits.ADD_REACTIONS)
    world.set_overwrite(channel, bot, allow=PermissionBits.ADD_REACTIONS)
    assert may()
    world.set_overwrite(channel, bot)
    world.set_overwrite(channel, everyone, allow=PermissionBits.ADD_REACTIONS)
    assert not may()


async def test_overwrites_give_too(playground: Playground) -> None:
    """What a role lacks, an overwrite may allow: to everyone, to a role, to one member."""
    world = playground.world
    everyone = world.guild.roles[world.guild.id]
    role = world.add_role("role", PermissionBits(0))
    world.give_role(world.bot, role)
    world.set_role(everyone, EVERYONE & ~PermissionBits.ADD_REACTIONS)
    for target in (everyone, role, world.bot):
        assert not in_channel(world.bot, world.channel) & PermissionBits.ADD_REACTIONS
        world.set_overwrite(world.channel, target, allow=PermissionBits.ADD_REACTIONS)
        assert in_channel(world.bot, world.channel) == EVERYONE
        world.set_overwrite(world.channel, target)


async def test_owners_and_administrators_mind_no_overwrite(playground: Playground) -> None:
    """Both may do all there is, whatever a channel denies; a stranger may do nothing."""
    world = playground.world
    world.set_overwrite(
        world.channel, world.guild.roles[world.guild.id], deny=PermissionBits.VIEW_CHANNEL
    )
    assert in_channel(world.owner, world.channel) & PermissionBits.MANAGE_GUILD
    assert not in_channel(world.bot, world.channel)
    world.give_role(world.bot, world.add_role("chief", PermissionBits.ADMINISTRATOR))
    assert in_channel(world.bot, world.channel) & PermissionBits.MANAGE_GUILD
    assert not in_channel(world.add_stranger("stranger"), world.channel)
    world.leave(world.guild, world.owner)
    assert not in_channel(world.owner, world.channel)


async def test_nothing_is_left_without_the_first_right(playground: Playground) -> None:
    """Who can't see a channel can't do anything there; who can't send can't send files either."""
    world = playground.world
    world.give_role(world.bot, world.add_role("caller", PermissionBits.MENTION_EVERYONE))
    thread = world.add_thread(world.channel, "thread")
    full = EVERYONE | PermissionBits.MENTION_EVERYONE
    assert in_channel(world.bot, world.channel) == in_channel(world.bot, thread) == full
    world.set_overwrite(world.channel, world.bot, deny=PermissionBits.SEND_MESSAGES)
    assert in_channel(world.bot, world.channel) == full & ~PermissionBits.SEND_MESSAGES & ~SENDING
    assert in_channel(world.bot, thread) == full & ~PermissionBits.SEND_MESSAGES
    world.set_overwrite(world.channel, world.bot, deny=PermissionBits.SEND_MESSAGES_IN_THREADS)
    assert (
        in_channel(world.bot, thread) == full & ~PermissionBits.SEND_MESSAGES_IN_THREADS & ~SENDING
    )
    world.set_overwrite(world.channel, world.bot, deny=PermissionBits.VIEW_CHANNEL)
    assert not in_channel(world.bot, world.channel)
    assert not in_channel(world.bot, thread)


async def test_the_silenced_only_look_on(bot_rest: Rest, playground: Playground) -> None:
    """A member in time-out sees and reads, even where the channel gives more, until it is over."""
    world = playground.world
    now = datetime.now(UTC)
    path = f"/channels/{playground.channel_id}/messages"
    world.set_overwrite(world.channel, world.bot, allow=PermissionBits.SEND_MESSAGES)
    world.silence(world.guild, world.bot, now + timedelta(hours=1))
    assert (
        in_channel(world.bot, world.channel)
        == PermissionBits.VIEW_CHANNEL | PermissionBits.READ_MESSAGE_HISTORY
    )
    assert (await bot_rest.ask("POST", path, {"content": "x"})).data["code"] == 50013
    assert (await bot_rest.ask("GET", path)).status == 200
    me = f"/guilds/{playground.guild_id}/members/{playground.bot_user_id}"
    assert (await bot_rest.ask("GET", me)).data["communication_disabled_until"]
    world.silence(world.guild, world.bot, now - timedelta(seconds=1))
    assert in_channel(world.bot, world.channel) == EVERYONE
    world.silence(world.guild, world.bot, now + timedelta(hours=1))
    world.silence(world.guild, world.bot, None)
    assert in_channel(world.bot, world.channel) == EVERYONE
    world.silence(world.guild, world.owner, now + timedelta(hours=1))
    assert in_channel(world.owner, world.channel) & PermissionBits.SEND_MESSAGES


async def test_a_conversation_is_between_two(playground: Playground) -> None:
    """Both ends may write, link and attach; others see nothing and are told 50001."""
    world = playground.world
    ann = await playground.new_person("ann")
    dm = world.open_dm(world.owner, world.bot)
    needed = (
        PermissionBits.VIEW_CHANNEL
        | PermissionBits.SEND_MESSAGES
        | PermissionBits.READ_MESSAGE_HISTORY
        | PermissionBits.ADD_REACTIONS
    )
    for end in (world.owner, world.bot):
        assert in_channel(end, dm) & (needed | SENDING) == needed | SENDING
        assert not in_channel(end, dm) & (
            PermissionBits.MANAGE_MESSAGES | PermissionBits.MANAGE_THREADS
        )
    assert not in_channel(ann, dm)
    async with Rest(playground.api, ann.token) as hers:
        assert (await hers.ask("GET", f"/channels/{dm.id}/messages")).data["code"] == 50001


HIDDEN: list[tuple[str, str, Any]] = [
    ("POST", "/typing", None),
    ("GET", "/messages", None),
    ("POST", "/messages", {"content": "x"}),
    ("GET", "/messages/{}", None),
    ("PATCH", "/messages/{}", {"content": "x"}),
    ("DELETE", "/messages/{}", None),
    ("PUT", "/messages/{}/reactions/👍/@me", None),
    ("DELETE", "/messages/{}/reactions/👍/@me", None),
    ("GET", "/application-command-index", None),
]


async def test_a_hidden_channel_is_closed_at_every_door(
    bot_rest: Rest, playground: Playground
) -> None:
    """Without View Channel each route answers 50001, also about one's own message there."""
    world = playground.world
    own = await bot_rest.say(playground.channel_id, "x")
    world.set_overwrite(world.channel, world.bot, deny=PermissionBits.VIEW_CHANNEL)
    for method, route, body in HIDDEN:
        path = f"/channels/{playground.channel_id}{route.format(own['id'])}"
        answer = await bot_rest.ask(method, path, body)
        assert (answer.status, answer.data["code"]) == (403, 50001), path
    assert world.channel.name == "pictures"
    assert [m.content for m in world.channel.messages.values()] == ["x"]


DENIED: list[tuple[PermissionBits, str, str, Any]] = [
    (PermissionBits.READ_MESSAGE_HISTORY, "GET", "/messages/{}", None),
    (PermissionBits.READ_MESSAGE_HISTORY, "PUT", "/messages/{}/reactions/👍/@me", None),
    (PermissionBits.ADD_REACTIONS, "PUT", "/messages/{}/reactions/👍/@me", None),
    (PermissionBits.SEND_MESSAGES, "POST", "/typing", None),
]


async def test_each_route_takes_its_own_right(
    bot_rest: Rest, person: Rest, playground: Playground
) -> None:
    """Denied that one permission it is 50013; with it alone restored, it is done."""
    world = playground.world
    for denied, method, route, body in DENIED:
        message = await person.say(playground.channel_id, "x")
        path = f"/channels/{playground.channel_id}{route.format(message['id'])}"
        world.set_overwrite(world.channel, world.bot, deny=denied)
        refused = await bot_rest.ask(method, path, body)
        assert (refused.status, refused.data["code"]) == (403, 50013), (denied, path)
        world.set_overwrite(world.channel, world.bot)
        assert (await bot_rest.ask(method, path, body)).status < 300, (denied, path)


async def test_history_that_may_not_be_read_is_empty(
    bot_rest: Rest, person: Rest, playground: Playground
) -> None:
    """Without Read Message History the list of messages is empty, and no error."""
    await person.say(playground.channel_id, "x")
    playground.world.set_overwrite(
        playground.world.channel, playground.world.bot, deny=PermissionBits.READ_MESSAGE_HISTORY
    )
    answer = await bot_rest.ask("GET", f"/channels/{playground.channel_id}/messages")
    assert (answer.status, answer.data) == (200, [])


async def test_who_loses_sight_of_a_channel_is_told(page: Page, playground: Playground) -> None:
    """The update that hides a channel reaches those it hides it from, and those who see it."""
    world = playground.world
    ann = await playground.new_person("ann")
    async with (
        Rest(playground.api, ann.token) as hers,
        Page(playground, ann.token, hers) as theirs,
    ):
        world.set_overwrite(world.channel, ann, deny=PermissionBits.VIEW_CHANNEL)
        told = await theirs.event("CHANNEL_UPDATE")
        overwrite = {
            "id": str(ann.id),
            "type": 1,
            "allow": "0",
            "deny": str(int(PermissionBits.VIEW_CHANNEL)),
        }
        assert told["permission_overwrites"] == [overwrite]
        await page.event("CHANNEL_UPDATE")
        world.channel.topic = "cats"
        world.channel_changed(world.channel)
        world.add_channel("other")
        await theirs.event("CHANNEL_CREATE")
        await page.event("CHANNEL_CREATE")
        assert len(theirs.heard("CHANNEL_UPDATE")) == 1
        assert [one["topic"] for one in page.heard("CHANNEL_UPDATE")][1:] == ["cats"]


async def test_permissions_are_told_to_the_client(bot_rest: Rest, playground: Playground) -> None:
    """A guild in one's own list says what one may do there, and whose it is."""
    world = playground.world
    world.give_role(world.bot, world.add_role("moderator", PermissionBits.MANAGE_MESSAGES))
    world.add_guild("elsewhere", with_bot=False)
    (mine,) = (await bot_rest.ask("GET", "/users/@me/guilds")).data
    assert int(mine["permissions"]) == int(EVERYONE | PermissionBits.MANAGE_MESSAGES)
    assert not mine["owner"]
    async with Rest(playground.api, playground.user_token) as person:
        theirs = (await person.ask("GET", "/users/@me/guilds")).data
    assert [one["owner"] for one in theirs] == [True, True]


async def test_ones_guilds_come_in_pages(bot_rest: Rest, playground: Playground) -> None:
    """By ascending id, with the counts of their members where those are asked for."""
    ids = [str(playground.guild_id)]
    ids += [str(playground.world.add_guild(name).id) for name in ("one", "two")]
    first = (await bot_rest.ask("GET", "/users/@me/guilds?limit=2")).data
    assert [one["id"] for one in first] == ids[:2]
    assert "approximate_member_count" not in first[0]
    path = f"/users/@me/guilds?with_counts=true&after={ids[1]}"
    (last,) = (await bot_rest.ask("GET", path)).data
    assert (last["id"], last["approximate_member_count"]) == (ids[2], 2)
    for limit in (0, 201):
        refused = await bot_rest.ask("GET", f"/users/@me/guilds?limit={limit}")
        assert refused.data["code"] == 50035
