"""What nobody can have sent, and what comes twice; `tests.fuzz` sends the rest."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from bot.playground.interactions.lifecycle import AUTOCOMPLETE, COMMAND, COMPONENT
from bot.playground.model.state import Event
from bot.storage.guild_settings import DEFAULTS
from tests.fuzz.interactions import BUTTON, SELECT, Stage, said_in_private, stage

MODAL = 5
SUBCOMMAND, STRING, INTEGER = 1, 3, 4
OUTDATED = "That button is from an earlier version of me. Please ask again."
UPDATED = "That command was just updated."

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Open one stage for all tests of this file."""
    async with stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(here: Stage) -> Iterator[None]:
    """Check that nothing is worth a warning."""
    here.log.clear()
    yield
    assert [record.getMessage() for record in here.log] == []


def setting(part: str, **options: Any) -> dict[str, Any]:
    """Return the data of `/settings`."""
    kinds = {str: STRING, int: INTEGER}
    given = [{"name": k, "type": kinds[type(v)], "value": v} for k, v in options.items()]
    return {"name": "settings", "options": [{"name": part, "type": SUBCOMMAND, "options": given}]}


@pytest.mark.parametrize(
    "data",
    [
        setting("language", language="ja"),
        setting("limit", pictures=-5),
        setting("limit", pictures="5"),
        setting("model", name="x" * 7000),
        setting("teachers"),
        setting("destroy"),
        {"name": "settings", "options": []},
        {"name": "shutdown"},
        {"name": "Classify", "type": 3, "target_id": "1", "resolved": {}},
    ],
    ids=str,
)
async def test_a_forged_command_gets_one_private_sentence(
    here: Stage, data: dict[str, Any]
) -> None:
    """And nothing of it is kept."""
    assert UPDATED in said_in_private(await here.sends(COMMAND, data))
    assert here.bot.store.servers.get(here.guild.id) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "option"), [("shutdown", "x"), ("classify", "sudo"), ("classify", "link")]
)
async def test_what_can_not_be_completed_gets_no_choices(
    here: Stage, name: str, option: str
) -> None:
    """An unknown command, an unknown option, and one that has none: no message could be shown."""
    heard: list[Event] = []
    here.playground.world.subscribe(heard.append)
    options = [{"name": option, "type": STRING, "value": "a", "focused": True}]
    asked = await here.sends(AUTOCOMPLETE, {"name": name, "options": options})
    assert asked.original is None
    told = [one for one in heard if one.name == "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"]
    assert [one.data["choices"] for one in told] == [[]]


async def test_a_button_that_nobody_knows_says_so(here: Stage) -> None:
    """One that Bobby had once, one that is not in the message, and what no menu offers."""
    menu = here.rows[-1]["components"][0]["custom_id"]
    for data in (
        {"custom_id": "vote:3", "component_type": BUTTON},
        {"custom_id": "try:coffee", "component_type": BUTTON},
        {"custom_id": "try:cat", "component_type": SELECT},
        {"custom_id": menu, "component_type": SELECT, "values": ["bird"]},
        {"custom_id": menu, "component_type": SELECT, "values": []},
    ):
        assert said_in_private(await here.sends(COMPONENT, data)) == OUTDATED
    form = {"custom_id": "feedback", "components": []}
    assert "no longer have that form" in said_in_private(await here.sends(MODAL, form))


async def test_what_is_delivered_twice_is_answered_once(here: Stage) -> None:
    """A command as well as a button."""
    asked = await here.sends(COMMAND, {"name": "privacy"}, times=2)
    assert asked.original is not None
    cancel = {"custom_id": f"cancel:{here.manager.id}:1", "component_type": BUTTON}
    await here.sends(COMPONENT, cancel, times=2)
    assert "no longer running" in here.buttons.content


async def test_a_late_cancel_leaves_the_answer_alone(here: Stage) -> None:
    """Its message has become the answer, or says already that it was cancelled."""
    here.bot.waiting._over.append(1)
    cancel = {"custom_id": f"cancel:{here.manager.id}:1", "component_type": BUTTON}
    before = here.buttons.content, here.buttons.edited_at
    for _ in range(2):
        await here.sends(COMPONENT, cancel)
    assert (here.buttons.content, here.buttons.edited_at) == before
