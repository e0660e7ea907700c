"""The person who waits is told for how long, at the pace of the room, and may leave."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.conversation.progress import ProgressNotifier, words
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import Cancelled
from bot.executor.estimates import QueueEstimate
from bot.executor.executor import Executor
from bot.executor.queue import Requester
from tests.bot.executor.test_executor import Echo, executing, held_up, job

ANN = 7
TOLD = 5.0
"""Seconds after which nobody is told anything any more."""


class Spoken(Responder):
    """A question in `channel` whose reply is kept; `hold` holds up what is being posted."""

    upload_limit = 0
    manages_server = False

    def __init__(self, question: int | None, channel: int = 0) -> None:
        self.requester = Requester(ANN, None, question)
        self.channel = channel
        self.told: asyncio.Queue[Reply] = asyncio.Queue()
        self.posted: list[Reply] = []
        self.hold = asyncio.Event()
        self.hold.set()

    @property
    def bucket(self) -> int:
        """See `Responder`."""
        return self.channel

    def thinking(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Show nothing."""
        return contextlib.nullcontext()

    def missing_permissions(self) -> list[str]:
        """Lack nothing."""
        return []

    async def _send(self, reply: Reply) -> None:
        await self.told.put(reply)
        await self.hold.wait()
        self.posted.append(reply)


@contextlib.asynccontextmanager
async def busy(
    *questions: Spoken, silent: float = 0.0, edit: float = 0.0
) -> AsyncIterator[tuple[Executor, ProgressNotifier]]:
    """Run an executor that is held up while the block lasts, with a job of each question in it."""
    echo = Echo()
    async with executing(echo) as executor:
        room = ProgressNotifier(executor, silent=silent, edit=edit)
        async with held_up(echo, executor):
            jobs = [
                asyncio.create_task(executor.submit(job("x"), one.requester)) for one in questions
            ]
            await asyncio.sleep(0)
            yield executor, room
        await asyncio.gather(*jobs)


async def heard(responder: Spoken) -> Reply:
    """Wait until `responder` is being told something; return it."""
    return await asyncio.wait_for(responder.told.get(), TOLD)


async def test_it_is_told_again_and_again_until_it_is_over() -> None:
    """The words are the executor's estimate, and the button is the requester's."""
    ann = Spoken(1)
    async with busy(ann, edit=0.01) as (executor, room):
        async with room.shown(ann):
            for _ in range(3):
                told = await heard(ann)
        count = len(ann.posted)
        await asyncio.sleep(0.05)
        estimate = executor.estimate(1)
        assert estimate
        assert (told.text or "").startswith("-# 1st in line, about ")
        assert told.view
        assert [item.custom_id for item in told.view.walk_children()] == [f"cancel:{ANN}:1"]  # type: ignore[attr-defined]
        assert told.view.timeout is None
    assert len(ann.posted) == count


async def test_what_is_answered_soon_is_not_announced() -> None:
    """The first is told after the silence, not after the pace of the edits."""
    ann = Spoken(1)
    async with busy(ann, silent=30.0, edit=0.0) as (_, room), room.shown(ann):
        await asyncio.sleep(0.05)
    assert ann.posted == []


async def test_edits_keep_their_pace() -> None:
    """After the first the pause is that between edits."""
    ann = Spoken(1)
    async with busy(ann, silent=0.0, edit=30.0) as (_, room), room.shown(ann):
        await heard(ann)
        await asyncio.sleep(0.05)
    assert len(ann.posted) == 1


async def test_who_waits_for_no_job_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing to estimate, which is no trouble either."""
    ann = Spoken(1)
    async with busy() as (_, room), room.shown(ann):
        await asyncio.sleep(0.05)
    assert ann.posted == []
    assert caplog.records == []


async def test_what_has_no_question_is_let_through() -> None:
    """Nobody could cancel it."""
    async with busy() as (_, room), room.shown(Spoken(None)):
        assert not room._waits


async def test_one_at_a_time_is_told_in_a_channel() -> None:
    """Another channel's is told meanwhile; and when the first stands, the next has its turn."""
    ann, ben, cat = Spoken(1, channel=1), Spoken(2, channel=1), Spoken(3, channel=2)
    ann.hold.clear()
    async with (
        busy(ann, ben, cat, edit=0.01) as (_, room),
        contextlib.AsyncExitStack() as stack,
    ):
        first = asyncio.create_task(_stay(room, ann))
        await heard(ann)
        for one in (ben, cat):
            stack.push_async_callback(_left, asyncio.create_task(_stay(room, one)))
        stack.push_async_callback(_left, first)
        for _ in range(3):
            await heard(cat)
        assert ben.told.empty()
        ann.hold.set()
        await heard(ben)


async def _stay(room: ProgressNotifier, responder: Spoken) -> None:
    async with room.shown(responder):
        await asyncio.Event().wait()


async def _left(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_what_is_being_told_stands_before_the_answer_comes() -> None:
    """Otherwise it would take the answer's place."""
    ann = Spoken(1)
    ann.hold.clear()

    async def answered() -> None:
        async with room.shown(ann):
            await heard(ann)

    async with busy(ann) as (_, room):
        answer = asyncio.create_task(answered())
        await asyncio.sleep(0.05)
        assert not answer.done()
        ann.hold.set()
        await answer
        assert len(ann.posted) == 1


async def test_a_cancelled_question_ends_with_a_sentence() -> None:
    """Pressing once more changes nothing; what is over can't be cancelled."""
    ann = Spoken(1)
    async with busy(ann, silent=30.0) as (_, room):
        waiting = asyncio.create_task(_stay(room, ann))
        await asyncio.sleep(0)
        assert not room.cancel(2)
        assert room.cancel(1)
        assert room.cancel(1)
        with pytest.raises(Cancelled, match="Canceled"):
            await waiting
        assert not waiting.cancelled()
        assert waiting.cancelling() == 0
        assert not room.cancel(1)


async def test_who_is_cancelled_otherwise_is_told_nothing() -> None:
    """A deleted message's task ends as asyncio ends it, also where its requester pressed, too."""
    ann = Spoken(1)
    async with busy(ann, silent=30.0) as (_, room):
        for pressed in (False, True):
            waiting = asyncio.create_task(_stay(room, ann))
            await asyncio.sleep(0)
            assert not pressed or room.cancel(1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting


async def test_a_question_asked_again_can_be_cancelled() -> None:
    """That the earlier wording is over does not take the later one's button away."""
    earlier, later = Spoken(1), Spoken(1)
    async with busy(earlier, silent=30.0) as (_, room):
        first = asyncio.create_task(_stay(room, earlier))
        await asyncio.sleep(0)
        second = asyncio.create_task(_stay(room, later))
        await asyncio.sleep(0)
        await _left(first)
        assert room.cancel(1)
        with pytest.raises(Cancelled):
            await second


async def test_what_goes_wrong_with_the_telling_stops_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log has it, and the channel is free for others."""

    class Broken(Spoken):
        async def progress(self, reply: Reply) -> None:
            await self.told.put(reply)
            raise ZeroDivisionError

    ann, ben = Broken(1), Spoken(2)
    async with busy(ann, ben, edit=0.01) as (_, room), room.shown(ann):
        await heard(ann)
        async with room.shown(ben):
            await heard(ben)
    assert "could not be told" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_the_estimate_in_words() -> None:
    """The place is an ordinal, and the seconds are no more precise than an estimate is."""
    for place, seconds, sentence in (
        (None, 0.2, "Working on it, about 1 s to go."),
        (None, 9.4, "Working on it, about 9 s to go."),
        (1, 12.0, "1st in line, about 10 s to go."),
        (2, 43.0, "2nd in line, about 45 s to go."),
        (3, 89.0, "3rd in line, about 90 s to go."),
        (4, 90.0, "4th in line, about 2 min to go."),
        (10, 600.0, "10th in line, about 10 min to go."),
        (11, 61.0, "11th in line, about 60 s to go."),
        (12, 61.0, "12th in line, about 60 s to go."),
        (13, 61.0, "13th in line, about 60 s to go."),
        (21, 61.0, "21st in line, about 60 s to go."),
        (112, 61.0, "112th in line, about 60 s to go."),
        (122, 61.0, "122nd in line, about 60 s to go."),
    ):
        assert words(QueueEstimate(place, seconds)) == sentence
