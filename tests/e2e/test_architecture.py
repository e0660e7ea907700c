"""The way of a request, by what both processes log of it."""

import json
from pathlib import Path

from tests.e2e import pictures
from tests.e2e.processes import START, Running
from tests.e2e.test_processes import in_service
from tests.playground.clients import eventually
from tests.test_architecture import STEPS


def rooms_of(process: Running, request: str) -> list[str]:
    """Return the modules that logged something of `request`, each once, in order."""
    met: dict[str, None] = {}
    for line in process.errors.read_text().splitlines():
        told = json.loads(line)
        if told["question"] == request:
            worker = told["logger"] == "worker"
            met[told["message"].partition(":")[0] if worker else told["logger"]] = None
    return list(met)


async def test_a_request_passes_the_rooms_that_the_page_names(tmp_path: Path) -> None:
    """In the page's order."""
    settings = {"BOBBY_LOG_LEVEL": "DEBUG", "BOBBY_LOG_FORMAT": "json"}
    async with in_service(tmp_path, **settings) as (process, _, user):
        asked = await user.say("!classify", ("a.png", pictures.plain()))
        await user.reply(asked)
        last = "bot.conversation.responder"
        await eventually(lambda: last in rooms_of(process, asked["id"]), within=START)
        met = rooms_of(process, asked["id"])
    steps = [room for step in STEPS for room in met if step.startswith(f"{room}.")]
    assert steps == met
    assert len(met) >= 7
    assert len(STEPS) <= 13
