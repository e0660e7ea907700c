"""The playground: a Discord-compatible server on this machine, loopback only, in memory.

Puts the rooms together and owns their life: the world, the gateway, REST, the CDN and the page.
Hands out addresses and tokens; stores nothing on disk and asks nothing outside.
"""

from typing import Self

from aiohttp import web

from bot.playground.faults import Faults
from bot.playground.gateway.intents import MESSAGE_CONTENT
from bot.playground.gateway.sessions import Hub
from bot.playground.gateway.socket import DISALLOWED_INTENTS, Gateway
from bot.playground.interactions.bot_routes import CallbackRoutes
from bot.playground.interactions.command_routes import CommandRoutes
from bot.playground.interactions.lifecycle import Interactions
from bot.playground.interactions.registry import Registry
from bot.playground.interactions.user_routes import InteractionRoutes
from bot.playground.messages.posting import Posting
from bot.playground.middleware import API, Doors
from bot.playground.model.links import Links
from bot.playground.model.records import Person
from bot.playground.model.state import World
from bot.playground.rest import static
from bot.playground.rest.breaking import BreakRoutes
from bot.playground.rest.cdn import Cdn
from bot.playground.rest.messages import MessageRoutes
from bot.playground.rest.rate_limits import Rates
from bot.playground.rest.users import UserRoutes

HOST = "127.0.0.1"


class Playground:
    """The server, running inside `async with`; the addresses are known from then on.

    `message_content` False is a bot whose owner has not switched on that intent.
    """

    def __init__(self, *, port: int = 0, message_content: bool = True) -> None:
        self._port = port
        self.world = World(message_content=message_content)
        self.links = Links()
        self.hub = Hub(self.world)
        self.faults = Faults(self.hub, self.links)
        self.rates = Rates()
        self.posting = Posting(self.world, self.links)
        self.gateway_server = Gateway(self.world, self.hub, self.faults)
        self.interactions = Interactions(self.world, self.links)
        self._doors = Doors(self.world, self.faults, self.rates)
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)

    def _application(self) -> web.Application:
        world, posting, links = self.world, self.posting, self.links
        interactions, registry = self.interactions, Registry(world)
        application = web.Application(middlewares=[self._doors.middleware()])
        rest = [
            *UserRoutes(world, self.hub).routes(),
            *MessageRoutes(world, posting, links, self.faults).routes(),
            *CommandRoutes(world, registry).routes(),
            *InteractionRoutes(world, registry, interactions, self.hub, links).routes(),
            *CallbackRoutes(world, interactions, posting, links).routes(),
            *BreakRoutes(world, self.faults).routes(),
        ]
        application.add_routes(
            [web.route(one.method, API + one.path, one.handler, **one.kwargs) for one in rest]
        )
        application.add_routes(self.gateway_server.routes())
        application.add_routes(Cdn(world, links, self.faults.cdn).routes())
        application.add_routes(static.routes())
        return application

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._doors.hosts = frozenset({f"{HOST}:{self._port}", f"localhost:{self._port}"})
        self.links.origin = f"http://{HOST}:{self._port}"
        self.hub.gateway_url = self.gateway
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self.hub.connected():
            assert session.wire is not None
            session.wire.close(1001)
        await self._runner.cleanup()

    def withdraw_message_content(self) -> None:
        """Take that intent from the application, as Discord does; who uses it is cut off."""
        self.world.application.message_content = False
        for session in self.hub.sessions.values():
            if session.intents is not None and session.intents & MESSAGE_CONTENT:
                session.resumable = False
                if session.wire is not None:
                    session.wire.close(DISALLOWED_INTENTS)

    @property
    def api(self) -> str:
        """The address of the REST API."""
        return f"http://{HOST}:{self._port}{API}"

    @property
    def gateway(self) -> str:
        """The address of the gateway."""
        return f"ws://{HOST}:{self._port}/gateway"

    @property
    def page(self) -> str:
        """The link to the chat page, with the person's token."""
        return f"http://{HOST}:{self._port}/?token={self.user_token}"

    @property
    def user_token(self) -> str:
        """The token of the page's person."""
        return self.world.owner.token

    @property
    def bot_token(self) -> str:
        """The bot's token."""
        return self.world.bot.token

    @property
    def bot_user_id(self) -> int:
        """The bot's id as a user."""
        return self.world.bot.id

    @property
    def application_id(self) -> int:
        """The id of the bot's application."""
        return self.world.application.id

    @property
    def guild_id(self) -> int:
        """The id of the guild that is there from the start."""
        return self.world.guild.id

    @property
    def channel_id(self) -> int:
        """The id of the channel that is there from the start."""
        return self.world.channel.id

    async def new_person(self, name: str) -> Person:
        """Return another person, a member of the guild, with a token of their own."""
        return self.world.add_person(name)
