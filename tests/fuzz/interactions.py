"""Interactions as a forged client could send them, made out of the commands that Bobby publishes.

`Stage` is where they are sent: a playground, and a Bobby logged in to it whose models are quick.
The strategies draw what is valid, what is surely not, and what may be either.
"""

import asyncio
import contextlib
import copy
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from bot.app.client import Bobby
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import assembled, connected
from bot.core.settings import Settings
from bot.executor import factory
from bot.executor.engines.base import Result
from bot.playground.interactions.lifecycle import Interaction
from bot.playground.messages.bodies import Form, Upload
from bot.playground.model import message_payloads, payloads
from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import LOADING, Channel, Guild, Json, Message, Person
from bot.playground.model.state import Event
from bot.playground.server import Playground
from models.jobs.answers import Failure, Features
from models.jobs.base import say
from models.jobs.requests import Classify, ExtractFeatures, Job
from tests.bot.executor import answers
from tests.bot.executor.fake_engine import FakeEngine
from tests.e2e import pictures
from tests.playground.clients import eventually

SLASH, MENU = 1, 3
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ATTACHMENT = 3, 4, 5, 6, 7, 11
BUTTON, SELECT = 2, 3

RECORDS = frozenset({"users", "channels", "attachments", "messages"})

SCALARS: Sequence[Any] = (
    *(None, True, False, 0, -1, -5, 5, 2**53, 2**63, 2**70, 1.5, -0.0),
    *("", "0", "-1", "5", "x" * 7000, "@everyone", "\x00", "\u202e", "ja", "²", "9" * 30),
    *([], {}, [[]], [None], {"": None}, {"id": 1}),
)


class Stage:
    """A server with one channel, a manager who posted a picture, and a message with buttons.

    It is no dataclass, for Hypothesis would print the whole world. `log` is what Bobby logs from
    warnings on. A press may take away the buttons, of which `rows` are all, until the next one.
    """

    def __init__(self, playground: Playground, bot: Bobby) -> None:
        world = playground.world
        self.playground = playground
        self.bot = bot
        self.guild: Guild = world.guild
        self.channel = world.add_channel("room")
        self.manager = world.add_person("manager")
        world.give_role(self.manager, world.add_role("managers", PermissionBits.MANAGE_GUILD))
        self.direct = world.open_dm(self.manager, world.bot)
        post = playground.posting.create
        file = Form({"content": "a picture"}, {0: Upload("a.png", pictures.plain())})
        self.picture = post(self.channel, self.manager, file)
        found = _components(self.channel, self.manager, self.picture)
        rows = [{"type": 1, "components": row} for row in found]
        self.buttons = post(self.channel, world.bot, Form({"content": "x", "components": rows}))
        self.rows = copy.deepcopy(self.buttons.components)
        self.commands: list[Json] = [one.to_dict(bot.tree) for one in bot.tree.get_commands()]
        self.log: list[logging.LogRecord] = []

    async def sends(
        self, kind: int, data: Any, *, direct: bool = False, times: int = 1
    ) -> Interaction:
        """Send an interaction through the gateway, and return it once it is answered in full."""
        interactions = self.playground.interactions
        channel = self.direct if direct else self.channel
        owners = {"0": "0" if direct else str(self.guild.id)}
        number = self.playground.world.new_id()
        used: Json = {"name": "forged", "type": SLASH, "custom_id": "forged"}
        source = self.buttons if kind == 3 else None
        self.buttons.components = copy.deepcopy(self.rows)
        asked = Interaction(number, kind, self.manager, channel, used, owners, source=source)
        if kind == 5:
            asked.opener = Interaction(number, 2, self.manager, channel, {}, owners)
        interactions._by_id[asked.id] = interactions._by_token[asked.token] = asked
        payload = interactions._payload(asked) | {"data": copy.deepcopy(data)}
        bot = self.playground.world.bot
        event = Event("INTERACTION_CREATE", payload, to=(bot,))
        for _ in range(times):
            self.playground.world.publish(event)
        with contextlib.suppress(TimeoutError):
            await eventually(lambda: _is_settled(asked))
        assert _is_settled(asked), [record.getMessage() for record in self.log]
        return asked

    async def kept(self) -> list[list[Any]]:
        """Return everything that the database holds of servers."""
        tables = ("servers", "examples")
        read = self.bot.store._database.read
        return [[*await read(f"SELECT * FROM {table}")] for table in tables]


def _is_settled(asked: Interaction) -> bool:
    unfinished = asked.original is not None and asked.original.flags & LOADING
    return asked.state == "answered" and not unfinished


def said_in_private(asked: Interaction) -> str:
    """Return the sentence that only the sender of `asked` sees."""
    assert asked.original is not None
    assert asked.original.for_whom is asked.person
    (embed,) = asked.original.embeds
    return str(embed["description"])


class _Kept(logging.Handler):
    """Keeps records."""

    def __init__(self, kept: list[logging.LogRecord]) -> None:
        super().__init__(logging.WARNING)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(record)


@contextlib.contextmanager
def _logged(kept: list[logging.LogRecord]) -> Iterator[None]:
    handler = _Kept(kept)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _answer(job: Job) -> Result:
    if isinstance(job, Classify):
        return answers.labels("cat")
    if isinstance(job, ExtractFeatures):
        return Features(
            model="echo", weights="none", device="cpu", milliseconds=0.0, features=b"\x00\x3c"
        )
    return Failure(code="model_failed", sentence=say("I can't do that today."))


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Open a stage whose data and weights are in `folder`, and close it again."""
    engine = FakeEngine(lambda batch: [_answer(job) for job in batch], answers.READY)
    settings = Settings(_env_file=None, cache=folder / "weights", data=folder / "data")
    async with contextlib.AsyncExitStack() as opened:
        patched = opened.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(factory, "LocalEngine", lambda *_, **__: engine)
        opened.callback(point_discord_at, DISCORD)
        playground = await opened.enter_async_context(Playground())
        point_discord_at(playground.api, gateway=playground.gateway)
        playground.rates.limit = 10**6
        bot = await opened.enter_async_context(assembled(settings))
        await opened.enter_async_context(connected(bot, playground.bot_token))
        async with asyncio.timeout(60):
            await bot.executor.ready()
            while not bot.is_ready():  # noqa: ASYNC110 - it waits for setup_hook itself
                await asyncio.sleep(0.01)
        bot.waiting.silent = 60.0
        made = Stage(playground, bot)
        await eventually(lambda: bot.get_channel(made.channel.id) is not None)
        opened.enter_context(_logged(made.log))
        yield made


def _components(channel: Channel, manager: Person, picture: Message) -> Iterator[list[Json]]:
    """Yield rows: of each kind of button that Bobby has, some that it had once, and menus."""
    where = f"in:{channel.id}:{picture.id}"
    known = (
        *("try:cat", "try:unheard", "python:echo", "python:gone", f"alternatives:{where}"),
        *(f"why:{where}:0:echo", f"why:{where}:99:gone", "why:at:1:1:0:echo"),
        *(f"models:{manager.id}:0:vgg", "models:1:99999:", f"cancel:{manager.id}:1", "cancel:1:1"),
        *("cancel:you", "vote:3", "x" * 100, "\u202e:1:2"),
    )
    for start in range(0, len(known), 5):
        ids = known[start : start + 5]
        yield [{"type": BUTTON, "style": 2, "label": "?", "custom_id": one} for one in ids]
    options = [{"label": one, "value": one} for one in ("cat", "dog")]
    yield [{"type": SELECT, "custom_id": f"label:{where}:0:0:echo", "options": options}]


# --- what is valid --------------------------------------------------------------------------------


def valid_value(stage: Stage, declared: Json, resolved: Json) -> st.SearchStrategy[Any]:
    """Return what a person could fill in; what it names is put into `resolved`."""
    kind = declared["type"]
    if choices := declared.get("choices"):
        return st.sampled_from([choice["value"] for choice in choices])
    if kind == INTEGER:
        return st.integers(declared.get("min_value", -(2**53)), declared.get("max_value", 2**53))
    if kind == BOOLEAN:
        return st.booleans()
    if kind == STRING:
        words = st.sampled_from(["echo", "mine", "cat", "**x** @everyone", "../x", "link"])
        return words | st.text(
            min_size=declared.get("min_length", 0), max_size=min(declared.get("max_length", 40), 40)
        )
    name, number, record = _record(stage, kind)
    resolved.setdefault(name, {})[number] = record
    return st.just(number)


def _record(stage: Stage, kind: int) -> tuple[str, str, Json]:
    if kind == USER:
        return "users", str(stage.manager.id), payloads.user(stage.manager)
    if kind == CHANNEL:
        shown = {**payloads.channel(stage.channel), "permissions": "0"}
        return "channels", str(stage.channel.id), shown
    assert kind == ATTACHMENT, f"options of kind {kind} have to be checked by the gate as well"
    (file,) = stage.picture.attachments
    return "attachments", str(file.id), message_payloads.attachment(file, stage.playground.links)


@st.composite
def valid(draw: st.DrawFn, stage: Stage, *, with_options: bool = False) -> Json:
    """Return the data of a command that a person could send off."""
    known = [one for one in stage.commands if _leaves(one)] if with_options else stage.commands
    command = draw(st.sampled_from(known))
    data: Json = {"id": "1", "name": command["name"], "type": command["type"], "resolved": {}}
    if command["type"] == MENU:
        record = message_payloads.message(stage.picture, stage.playground.links)
        number = str(stage.picture.id)
        return data | {"target_id": number, "resolved": {"messages": {number: record}}}
    data["options"] = level = []
    declared = command["options"]
    while declared and declared[0]["type"] in {1, 2}:
        parts = [one for one in declared if one["options"] or not with_options]
        part = draw(st.sampled_from(parts))
        level.append({"name": part["name"], "type": part["type"], "options": []})
        level, declared = level[0]["options"], part["options"]
    always = draw(st.sampled_from(declared)) if with_options else None
    for one in declared:
        if one.get("required") or one is always or draw(st.booleans()):
            value = draw(valid_value(stage, one, data["resolved"]))
            level.append({"name": one["name"], "type": one["type"], "value": value})
    return data


def _leaves(command: Json) -> list[Json]:
    options: list[Json] = command.get("options") or []
    inner = [leaf for one in options if one["type"] in {1, 2} for leaf in _leaves(one)]
    return inner + [one for one in options if one["type"] not in {1, 2}]


def filled_in(data: Json) -> list[Json]:
    """Return the list of options that carry the values of the command `data`."""
    level: list[Json] = data["options"]
    while level and level[0]["type"] in {1, 2}:
        level = level[0]["options"]
    return level


# --- what is not ----------------------------------------------------------------------------------


@st.composite
def surely_wrong(draw: st.DrawFn, stage: Stage) -> Json:
    """Return a command that nobody could have sent off, by one fault."""
    data = draw(valid(stage, with_options=True))
    options = filled_in(data)
    one = draw(st.sampled_from(options))
    fault = draw(st.sampled_from(["name", "type", "value", "unknown", "twice", "kind", "part"]))
    if fault == "name":
        data["name"] = draw(st.sampled_from(["", "Classify ", "shutdown", "settings show"]))
    elif fault == "type":
        one["type"] = draw(st.sampled_from([t for t in range(14) if t != one["type"]]))
    elif fault == "value":
        one["value"] = draw(_wrong_value(stage, data, one))
    elif fault == "unknown":
        options.append({"name": "sudo", "type": STRING, "value": "1"})
    elif fault == "twice":
        options.append(copy.deepcopy(one))
    elif fault == "kind":
        data["type"] = draw(st.sampled_from([2, MENU, 4, 0, "1"]))
    else:
        data["options"] = [{"name": "destroy", "type": 1, "options": data["options"]}]
    return data


def _wrong_value(stage: Stage, data: Json, one: Json) -> st.SearchStrategy[Any]:
    """Return what is of another type than `one`, or beyond its choices or limits."""
    declared = _declared(stage, data, one)
    wrong: list[Any] = [None, [], {}, 1.5, "x" * 7000]
    wrong += [1, True] if one["type"] == STRING else ["ja"]
    if one["type"] == INTEGER:
        wrong += [True, declared.get("min_value", 0) - 2**60, declared.get("max_value", 0) + 2**60]
    if "choices" in declared:
        wrong += ["ja", ""]
    if one["type"] in {USER, CHANNEL, ATTACHMENT}:
        wrong += [1, "1", "-1"]
    return st.sampled_from(wrong)


def _declared(stage: Stage, data: Json, one: Json) -> Json:
    level: list[Json] = next(c for c in stage.commands if c["name"] == data["name"])["options"]
    filled: list[Json] = data["options"]
    while filled[0]["type"] in {1, 2}:
        level = next(part for part in level if part["name"] == filled[0]["name"])["options"]
        filled = filled[0]["options"]
    return next(option for option in level if option["name"] == one["name"])


# --- what may be either ---------------------------------------------------------------------------

hostile = st.sampled_from(SCALARS) | st.text(max_size=20)


@st.composite
def mangled(draw: st.DrawFn, data: st.SearchStrategy[Any]) -> Any:
    """Return data of which up to three places were replaced, left out or doubled."""
    made: Any = {"": copy.deepcopy(draw(data))}
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from([*_places(made)]))
        act = draw(st.sampled_from(["replace", "drop", "double"]))
        if act == "drop" and holder is not made:
            del holder[key]
        elif act == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = copy.deepcopy(draw(hostile))
    return made[""]


def _places(holder: Any, inside: str = "") -> Iterator[tuple[Any, Any]]:
    """Yield every place in nested JSON, as what holds it and its key or number.

    What a resolved record says comes from Discord, and nobody can forge it.
    """
    for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
        yield holder, key
        if isinstance(value, dict | list) and inside not in RECORDS:
            yield from _places(value, str(key))


@st.composite
def typed(draw: st.DrawFn, stage: Stage) -> Json:
    """Return a command that is being typed, the cursor in any of its options."""
    data = draw(valid(stage))
    if data["type"] == SLASH and (options := filled_in(data)):
        one = draw(st.sampled_from(options))
        one["focused"] = True
        one["value"] = draw(st.text(max_size=20))
    del data["resolved"]
    return data


@st.composite
def pressed(draw: st.DrawFn, stage: Stage) -> Json:
    """Return a press of one of the buttons, or a choice in the menu."""
    component = draw(st.sampled_from([one for row in stage.rows for one in row["components"]]))
    data: Json = {"custom_id": component["custom_id"], "component_type": component["type"]}
    if component["type"] == SELECT:
        data["values"] = draw(st.lists(st.sampled_from(["cat", "dog", "bird"]), max_size=2))
    return data
