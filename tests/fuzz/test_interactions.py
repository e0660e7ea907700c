"""Whatever a forged client sends: one answer, no traceback, and nothing kept that can't be."""

import gc
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.app import interaction_gate
from bot.core import metrics
from bot.playground.interactions.lifecycle import AUTOCOMPLETE, COMMAND, COMPONENT, Interaction
from bot.storage.guild_settings import ServerSettings
from tests.fuzz.interactions import (
    Stage,
    hostile,
    mangled,
    pressed,
    said_in_private,
    stage,
    surely_wrong,
    typed,
    valid,
)

MODAL = 5
OUTDATED_BUTTON = "That button is from an earlier version of me. Please ask again."
OUTDATED_FORM = "I no longer have that form. Please open it again."
OUTDATED_COMMAND = "That command was just updated. Reload Discord, or try again in a minute."
OTHERS = (0, 6, 7, 99, -1)
"""Kinds that Discord does not have yet."""

pytestmark = pytest.mark.asyncio(loop_scope="module")
usual = settings(
    deadline=None,
    database=None,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.generate],  # to shrink what is never answered would take minutes
    report_multiple_bugs=False,
)
quick = settings(usual, max_examples=150, derandomize=True)
thorough = settings(usual, max_examples=1500)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Open one stage for all tests of this file."""
    async with stage(tmp_path_factory.mktemp("stage")) as opened:
        yield opened


async def is_harmless(here: Stage, kind: int, data: Any, *, direct: bool = False) -> Interaction:
    """Send it, and check what holds for each: one fitting answer, a clean log, sound settings."""
    here.log.clear()
    asked = await here.sends(kind, data, direct=direct)
    gc.collect(0)  # of a task that failed unseen, asyncio tells when it is collected
    unexpected = [
        record.getMessage()
        for record in here.log
        if record.name != interaction_gate.__name__ or record.levelno >= logging.ERROR
    ]
    assert unexpected == []
    servers, examples = await here.kept()
    for server, text in servers:
        msgspec.json.decode(text, type=ServerSettings)
        assert server == here.guild.id
    assert {row[1] for row in examples} <= {here.guild.id}
    await here.bot.store.forget_server(here.guild.id)
    return asked


async def an_interaction_is_harmless(here: Stage, data: st.DataObject) -> None:
    """Send one of any kind, of which up to three places are mangled."""
    kind = data.draw(st.sampled_from([COMMAND, AUTOCOMPLETE, COMPONENT, MODAL, *OTHERS]))
    made = {COMMAND: valid(here), AUTOCOMPLETE: typed(here), COMPONENT: pressed(here)}
    form = st.fixed_dictionaries({"custom_id": hostile, "components": hostile})
    sent = data.draw(mangled(made.get(kind, form)))
    asked = await is_harmless(here, kind, sent, direct=data.draw(st.booleans()))
    assert (asked.original is None) == (kind == AUTOCOMPLETE) or kind == COMPONENT
    if kind in {MODAL, *OTHERS}:
        outdated = OUTDATED_FORM if kind == MODAL else OUTDATED_BUTTON
        assert said_in_private(asked) == outdated


async def a_wrong_command_does_nothing(here: Stage, data: st.DataObject) -> None:
    """Send one that nobody can have sent off: what is kept stays, and only its sender is told."""
    number = data.draw(st.integers(1, 1000))
    some = ServerSettings(per_person=number)
    await here.bot.store.servers.change(here.guild.id, lambda _: some)
    before = await here.kept()
    here.log.clear()
    asked = await here.sends(COMMAND, data.draw(surely_wrong(here)))
    assert await here.kept() == before
    assert said_in_private(asked) == OUTDATED_COMMAND
    assert here.log == []


@quick
@given(data=st.data())
async def test_any_interaction_is_answered_once(here: Stage, data: st.DataObject) -> None:
    """Of whatever kind, with whatever in it."""
    await an_interaction_is_harmless(here, data)


@quick
@given(data=st.data())
async def test_a_forged_command_is_refused(here: Stage, data: st.DataObject) -> None:
    """Before any of it is read."""
    await a_wrong_command_does_nothing(here, data)


@pytest.mark.slow
@thorough
@given(data=st.data())
async def test_many_interactions_are_answered_once(here: Stage, data: st.DataObject) -> None:
    """As above, until it is boring."""
    await an_interaction_is_harmless(here, data)


@pytest.mark.slow
@thorough
@given(data=st.data())
async def test_many_forged_commands_are_refused(here: Stage, data: st.DataObject) -> None:
    """As above, until it is boring."""
    await a_wrong_command_does_nothing(here, data)


@quick
@given(data=st.data())
async def test_what_can_be_sent_off_is_not_refused(here: Stage, data: st.DataObject) -> None:
    """Every command with whatever its options take, or as it is being typed."""
    before = refusals("outdated")
    await is_harmless(here, COMMAND, data.draw(valid(here)))
    assert refusals("outdated") == before


def refusals(reason: str) -> float:
    """Return how often Bobby has said no for that reason."""
    return metrics.REGISTRY.get_sample_value("bobby_refusals_total", {"reason": reason}) or 0.0
