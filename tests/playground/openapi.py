"""Discord's own OpenAPI description as a judge of what the playground says and what its page asks.

Reads the description once; routes that it does not know (those of people's clients) it can't
judge.
"""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

DESCRIPTION = Path(__file__).resolve().parents[3] / "shared" / "data" / "discord-openapi.json"
PREFIX = "/api/v10"


@dataclass(frozen=True)
class Exchange:
    """One answer of the server: its request's method and path, its status and its JSON."""

    method: str
    path: str
    status: int
    body: Any


class Description:
    """The description, with its schemas ready to validate with."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        # Forwards (kind 1) and channels of media are in Discord's documentation, but not yet in its
        # description.
        schemas = document["components"]["schemas"]
        schemas["ChannelTypes"]["oneOf"].append({"title": "GUILD_MEDIA", "const": 16})
        schemas["MessageReferenceType"]["oneOf"].append({"title": "FORWARD", "const": 1})
        # It has numbers for the codes of single fields, where the documentation, and Discord,
        # have words ("BASE_TYPE_REQUIRED").
        fields = {"code": {"type": "string"}, "message": {"type": "string"}}
        schemas["InnerErrors"]["properties"]["_errors"]["items"] = {
            "type": "object",
            "properties": fields,
            "required": ["code", "message"],
        }
        self._patterns: list[tuple[re.Pattern[str], str]] = sorted(
            ((_pattern(path), path) for path in document["paths"]),
            key=lambda pair: pair[1].count("{"),
        )

    def route(self, method: str, path: str) -> str | None:
        """Return the described route that `path` belongs to, if there is one."""
        bare = path.split("?", maxsplit=1)[0].removeprefix(PREFIX)
        for pattern, route in self._patterns:
            if pattern.fullmatch(bare) and method.lower() in self._document["paths"][route]:
                return route
        return None

    def complaints(self, exchange: Exchange) -> list[str]:
        """Return what is wrong with an answer; nothing for routes that are not described."""
        route = self.route(exchange.method, exchange.path)
        if route is None or exchange.status >= 500:
            return []
        operation = self._document["paths"][route][exchange.method.lower()]
        responses = operation["responses"]
        described = responses.get(str(exchange.status))
        if described is None and exchange.status >= 400:
            described = responses.get(f"{exchange.status // 100}XX")
        if described is None:
            return [f"{exchange.method} {route}: {exchange.status} is not described"]
        described = self._resolved(described)
        content = described.get("content", {}).get("application/json")
        if content is None:
            return [] if exchange.body is None else [f"{exchange.method} {route}: has a body"]
        where = f"{exchange.method} {route} answered {exchange.status}"
        return self._judge(content["schema"], exchange.body, where)

    def request_complaints(self, method: str, path: str, body: Any) -> list[str]:
        """Return what is wrong with the JSON body of a request."""
        route = self.route(method, path)
        if route is None:
            return []
        operation = self._document["paths"][route][method.lower()]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return [f"{method} {route}: takes no body"]
        return self._judge(content["schema"], body, f"{method} {route} was asked with", asked=True)

    def event_complaints(self, name: str, schema: str, data: Any) -> list[str]:
        """Return what is wrong with an event that carries what `schema` describes."""
        if not schema:
            return []
        return self._judge(
            {"$ref": f"#/components/schemas/{schema}"}, data, f"{name} was told with"
        )

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in node:
            return node
        found: Any = self._document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)

    def _judge(
        self, schema: dict[str, Any], body: Any, where: str, *, asked: bool = False
    ) -> list[str]:
        schemas = self._document["components"]["schemas"]
        if asked:  # Discord takes ids as numbers too, and every library for Python sends them so
            schemas = {**schemas, "SnowflakeType": {"type": ["string", "integer"]}}
        validator = jsonschema.Draft202012Validator({**schema, "components": {"schemas": schemas}})
        return [
            f"{where}: {'/'.join(map(str, error.absolute_path))}: {_deepest(error)}"
            for error in validator.iter_errors(body)
        ]


def _deepest(error: jsonschema.ValidationError) -> str:
    """Return what most likely is the matter: below a choice, the closest miss."""
    while error.context:
        error = jsonschema.exceptions.best_match(error.context)
    return f"{'/'.join(map(str, error.absolute_path))} {error.message}"[:300]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


@functools.cache
def description() -> Description | None:
    """Return the description, None where it is absent."""
    if not DESCRIPTION.is_file():
        return None
    return Description(json.loads(DESCRIPTION.read_text()))
