"""Holds whatever any test sends to a playground, and hears from it, against Discord's description.

Watches every playground that runs in the tests' process: requests that were taken, answers, and
those events that carry what the description has. Each shape is judged once a process, after the
test that first had it, which fails by it. Without the description nothing is watched, and the
summary says so.
"""

import copy
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SCHEMAS = {
    "MESSAGE_CREATE": "MessageResponse",
    "MESSAGE_UPDATE": "MessageResponse",
    "GUILD_MEMBER_ADD": "GuildMemberResponse",
    "THREAD_CREATE": "ThreadResponse",
    "THREAD_UPDATE": "ThreadResponse",
}
"""Events that carry, among else, what REST answers with too."""


class Judge:
    """What was seen: `counts` of all of it, and each shape of it that is yet to be judged."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._seen: set[object] = set()
        self._open: list[tuple[str, tuple[Any, ...]]] = []

    def note(self, kind: str, *about: Any) -> None:
        """Keep a request, answer or event of a shape that is new."""
        self.counts[kind] += 1
        shape = _shape((kind, *about))
        if shape not in self._seen:
            self._seen.add(shape)
            self._open.append((kind, copy.deepcopy(about)))

    def complaints(self) -> list[str]:
        """Return what is wrong with what is yet to be judged."""
        from tests.playground.openapi import Exchange, description

        judge, found = description(), list[str]()
        assert judge is not None
        while self._open:
            kind, about = self._open.pop()
            if kind == "answers":
                found += judge.complaints(Exchange(*about))
            elif kind == "requests":
                found += judge.request_complaints(*about)
            else:
                found += judge.event_complaints(*about)
        return found


JUDGE = Judge()


def _shape(value: Any) -> object:
    """Return what makes `value` another case for the judge: its keys, types and small numbers."""
    if isinstance(value, dict):
        return tuple((key if not key.isdecimal() else 0, _shape(one)) for key, one in value.items())
    if isinstance(value, list):
        return frozenset(map(_shape, value))
    if isinstance(value, tuple):
        path = [part for part in str(value[2]).split("/") if not any(map(str.isdecimal, part))]
        return (*value[:2], *(part for part in path if len(part) < 40), *map(_shape, value[3:]))
    return value if isinstance(value, int) and value < 100 else type(value)


def _watch() -> None:
    """Have every playground that runs from now on be watched."""
    from aiohttp import web

    from bot.playground.messages import bodies
    from bot.playground.model.state import Event, World
    from bot.playground.server import Playground

    bodies_of: web.RequestKey[Any] = web.RequestKey("judged", object)
    read, read_list, enter, publish = (
        bodies.read,
        bodies.read_list,
        Playground.__aenter__,
        World.publish,
    )

    async def note_form(request: web.Request, *, file_limit: int) -> bodies.Form:
        form = await read(request, file_limit=file_limit)
        request[bodies_of] = copy.deepcopy(form.payload)
        return form

    async def note_list(request: web.Request) -> list[dict[str, Any]]:
        sent = await read_list(request)
        request[bodies_of] = copy.deepcopy(sent)
        return sent

    async def note_answer(request: web.Request, response: web.StreamResponse) -> None:
        if not isinstance(response, web.Response) or not request.path.startswith("/api/v10/"):
            return
        if response.content_type != "application/json" and response.status != 204:
            return  # a test's own
        assert isinstance(response.body, bytes | None)
        body = json.loads(response.body) if response.body else None
        if isinstance(body, dict) and str(body.get("message")).endswith(": ordered"):
            return
        JUDGE.note("answers", request.method, request.path, response.status, body)
        if response.status < 300 and bodies_of in request:
            JUDGE.note("requests", request.method, request.path, request[bodies_of])

    async def watched(self: Playground) -> Playground:
        assert self._runner.app is not None
        self._runner.app.on_response_prepare.append(note_answer)
        return await enter(self)

    def note_event(self: World, event: Event) -> None:
        JUDGE.note("events", event.name, SCHEMAS.get(event.name, ""), event.data)
        publish(self, event)

    for owner, name, function in (
        (bodies, "read", note_form),
        (bodies, "read_list", note_list),
        (Playground, "__aenter__", watched),
        (World, "publish", note_event),
    ):
        setattr(owner, name, function)


@pytest.fixture(autouse=True)
def judged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test in which something was not as Discord describes it."""
    config = request.config
    if "bot.playground.server" in sys.modules and not config.stash.get(_WATCHED, False):
        from tests.playground.openapi import DESCRIPTION

        config.stash[_WATCHED] = True
        if DESCRIPTION.is_file():
            _watch()
    yield
    complaints = JUDGE.complaints() if JUDGE.counts else []
    if "fuzz" in request.node.path.parts:  # which forges what nobody could send
        return
    assert not complaints, "\n".join(complaints)


_WATCHED = pytest.StashKey[bool]()
_TOTAL: Counter[str] = Counter()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the counts of this process to the one that started it."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["judged"] = dict(JUDGE.counts)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the counts of a process that is done."""
    _TOTAL.update(getattr(node, "workeroutput", {}).get("judged", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was judged, or that nothing could be."""
    seen = ", ".join(f"{count} {kind}" for kind, count in (_TOTAL + JUDGE.counts).items())
    if seen:
        terminalreporter.write_line(f"Held against Discord's description: {seen}")
    elif not (DATA / "discord-openapi.json").is_file():
        terminalreporter.write_line("Not judged: Discord's description is absent (../shared/data).")
