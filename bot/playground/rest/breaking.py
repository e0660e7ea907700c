"""*Break something*: what Discord has no route for, so that people see what Bobby survives."""

from typing import get_args

import msgspec
from aiohttp import web

from bot.playground.faults import Break, Faults
from bot.playground.model import errors
from bot.playground.model.state import World
from bot.playground.rest.http import caller, done


class BreakRoutes:
    """The one route, for the person whose playground it is; what breaks is the bot's."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """Return the route, below the API's prefix."""
        kinds = "|".join(get_args(Break))
        return [web.post(f"/playground/break/{{kind:{kinds}}}", self.break_something)]

    async def break_something(self, request: web.Request) -> web.Response:
        """Break what the path names."""
        if caller(request) is not self._world.owner:
            raise errors.missing_access()
        kind = msgspec.convert(request.match_info["kind"], Break)
        self._faults.break_something(kind, self._world.bot)
        return done()
