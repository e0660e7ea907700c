"""What every request passes: the Host check, the log, orders to fail, rate limits, errors as JSON.

One middleware for the whole server. The API's answers get Discord's headers here, so that routes
only have to say what they mean.
"""

import logging
import time

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.answers import PERSON
from bot.playground.errors import ApiError
from bot.playground.faults import Faults, Logged
from bot.playground.rates import Rates
from bot.playground.world import World

API = "/api/v10"
log = logging.getLogger(__name__)


class Doors:
    """The middleware; `hosts` are the names under which this server may be asked."""

    def __init__(self, world: World, faults: Faults, rates: Rates) -> None:
        self._world = world
        self._faults = faults
        self._rates = rates
        self.hosts: frozenset[str] = frozenset()

    def middleware(self) -> Middleware:
        """Return the middleware for aiohttp."""

        @web.middleware
        async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.host not in self.hosts:
                return web.Response(status=403, text="This server answers to its own name alone.")
            origin = request.headers.get("Origin")
            if origin is not None and origin.removeprefix("http://") not in self.hosts:
                return web.Response(status=403, text="Pages from elsewhere may not ask here.")
            if not request.path.startswith(API + "/"):
                return await handler(request)
            return await self._api(request, handler)

        return enter

    async def _api(self, request: web.Request, handler: Handler) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bot ")
        person = self._world.by_token(token)
        if person is not None:
            request[PERSON] = person
        route = _pattern(request)
        order = self._faults.take(request.method, route)
        if order is not None and not order.after:
            response = _json(order.status, order.body, order.headers)
        else:
            response = await self._limited(request, handler, route, token)
            if order is not None:
                response = _json(order.status, order.body, order.headers)
        who = person.id if person else None
        logged = Logged(request.method, route, request.path, response.status, who, time.monotonic())
        self._faults.requests.append(logged)
        if response.status == 429:
            response.headers["Via"] = "1.1 google"
        return response

    async def _limited(
        self, request: web.Request, handler: Handler, route: str, token: str
    ) -> web.Response:
        headers: dict[str, str] = {}
        try:
            path = dict(request.match_info)
            headers = self._rates.spend(token, request.method, route, path)
            response = await handler(request)
            assert isinstance(response, web.Response)
        except ApiError as error:
            response = _json(error.status, error.body(), {})
            if error.status == 429:  # slow mode's has a code of its own, but waits the same way
                response.headers["Retry-After"] = str(error.extra["retry_after"])
        except web.HTTPException as error:
            log.warning("The playground has no route %s %s", request.method, request.path)
            message = f"{error.status}: {error.reason}"
            response = _json(error.status, {"message": message, "code": 0}, {})
        except Exception:
            log.exception("The playground failed at %s %s", request.method, route)
            body = {"message": "500: Internal Server Error", "code": 0}
            response = _json(500, body, {})
        response.headers.update(headers)
        return response


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return (request.path if resource is None else resource.canonical).removeprefix(API)


def _json(status: int, body: dict[str, object], headers: dict[str, str]) -> web.Response:
    encoded = msgspec.json.encode(body)
    return web.Response(
        body=encoded, status=status, content_type="application/json", headers=headers
    )
