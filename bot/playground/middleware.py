"""What every request passes: the Host check, the log, orders to fail, rate limits, errors as JSON.

One middleware for the whole server. The API's answers get Discord's headers here, so that routes
only have to say what they mean.
"""

import logging
import math

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.faults import Faults, Logged
from bot.playground.model import errors
from bot.playground.model.errors import ApiError
from bot.playground.model.state import World
from bot.playground.rest import static
from bot.playground.rest.http import PERSON, ok
from bot.playground.rest.rate_limits import Rates

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
            if not request.path.startswith("/api/"):
                response = await handler(request)
                if isinstance(response, web.FileResponse):
                    static.guard(response, request.host)
                return response
            return await self._api(request, handler)

        return enter

    async def _api(self, request: web.Request, handler: Handler) -> web.Response:
        token = request.headers.get("Authorization", "")
        person = self._world.by_header(token)
        if person is not None:
            request[PERSON] = person
        method, route = request.method, _pattern(request)
        headers, wait = self._rates.spend(token, method, route, dict(request.match_info))
        if route.endswith("/callback"):  # first answers have no bucket
            headers, wait = {}, None
        order = self._faults.take(method, route, person)
        if order is not None and not order.after:
            response = ok(order.body, order.status, order.headers)
        elif wait is not None:
            response = _refusal(errors.rate_limited(wait))
        else:
            response = await self._answered(request, handler, route)
            if order is not None:
                response = ok(order.body, order.status, order.headers)
        response.headers.update(headers)
        if response.status == 429:  # without it, clients take the answer for a firewall's
            response.headers["Via"] = "1.1 google"
        who = person.id if person else None
        self._faults.log(Logged(method, route, request.path, response.status, who))
        return response

    async def _answered(self, request: web.Request, handler: Handler, route: str) -> web.Response:
        try:
            response = await handler(request)
        except ApiError as error:
            return _refusal(error)
        except web.HTTPException:
            log.warning("The playground has no route %s %s", request.method, request.path)
            if not request.path.startswith(API + "/"):
                return _refusal(ApiError(400, 50041, f"Invalid API version: this is {API}"))
            missing = f"The playground has no {request.method} {request.path.removeprefix(API)}"
            return ok({"message": missing, "code": 0}, 501)
        except Exception:
            log.exception("The playground failed at %s %s", request.method, route)
            return ok({"message": "500: Internal Server Error", "code": 0}, 500)
        assert isinstance(response, web.Response)
        return response


def _refusal(error: ApiError) -> web.Response:
    headers: dict[str, str] = {}
    if error.status == 429:
        headers["Retry-After"] = str(math.ceil(error.extra["retry_after"]))
        headers["X-RateLimit-Scope"] = "user"
    return ok(error.body(), error.status, headers)


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return (request.path if resource is None else resource.canonical).removeprefix(API)
