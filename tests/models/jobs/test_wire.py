"""Messages come out of the pipes as they went in, and big pictures in pieces."""

import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.jobs import wire
from models.jobs.base import Message
from models.jobs.control import CancelJob, Run, StartFailed, Submit, ToWorker
from models.jobs.requests import Classify
from models.jobs.wire import body_length, frame, from_worker, messages, pieces, to_worker


@settings(max_examples=50, deadline=None)
@given(
    st.binary(max_size=40),
    st.sampled_from([0, 1, 255, 256, 65535, 65536, 200_000]),
    st.one_of(st.none(), st.text()),
    st.integers(1, 100_000),
)
def test_a_job_comes_out_as_it_went_in(
    start: bytes, more: int, model: str | None, size: int
) -> None:
    """Whatever the length of the picture, and in whatever pieces it was written."""
    message = Submit(id=2**40, job=Classify(picture=start + bytes(more), model=model))
    whole = b"".join(pieces(message, size))
    assert whole == frame(message)
    assert body_length(whole[:4]) == len(whole) - 4
    assert to_worker(whole[4:]) == message


def test_what_holds_less_than_it_says_is_no_message() -> None:
    """Nor is a body that has no room for the length of what it holds."""
    body = frame(CancelJob(id=1))[4:]
    for damaged in (b"", body[:3], body[:-1], b"\xff" + body[1:]):
        with pytest.raises(msgspec.DecodeError):
            to_worker(damaged)


def test_no_piece_is_longer_than_asked() -> None:
    """That is what they are for."""
    message = Submit(id=1, job=Classify(picture=bytes(300_000)))
    assert max(map(len, pieces(message, 1000))) == 1000


@pytest.mark.parametrize("message", [Run(batch=1, ids=(1, 2)), CancelJob(id=3)])
def test_small_messages_are_one_piece(message: Run | CancelJob) -> None:
    """They have no picture to cut."""
    assert list(pieces(message)) == [frame(message)]


def test_a_frame_that_is_too_long_yields_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a frame would be worse than none."""
    monkeypatch.setattr(wire, "MAX_FRAME_BYTES", 100_000)
    with pytest.raises(ValueError, match="over the 100000 allowed"):
        next(pieces(Submit(id=1, job=Classify(picture=bytes(100_000)))))


def test_frames_that_follow_one_another_are_told_apart() -> None:
    """Each message comes out as it went in; what is no whole frame is refused."""
    sent: list[ToWorker] = [Run(batch=1, ids=(1, 2)), CancelJob(id=3)]
    sent.append(Submit(id=1, job=Classify(picture=b"x")))
    whole = b"".join(map(frame, sent))
    assert list(messages(whole)) == sent
    assert list(messages(b"")) == []
    for cut in (1, len(frame(sent[-1])) - 2):
        with pytest.raises(ValueError, match="A frame"):
            list(messages(whole[:-cut]))


def test_what_no_job_comes_near_is_refused_from_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written or read; what is as long as allowed is not."""
    longest = frame(CancelJob(id=3))
    monkeypatch.setattr(wire, "MAX_FRAME_BYTES", len(longest) - 4)
    assert frame(CancelJob(id=3)) == longest
    assert body_length(longest[:4]) == len(longest) - 4
    monkeypatch.setattr(wire, "MAX_FRAME_BYTES", len(longest) - 5)
    with pytest.raises(ValueError, match="allowed"):
        frame(CancelJob(id=3))
    with pytest.raises(ValueError, match="allowed"):
        body_length(longest[:4])


def test_neither_side_takes_the_others_messages() -> None:
    """A stream that runs the wrong way is corrupt."""
    ready = StartFailed(reason="no")
    assert from_worker(frame(ready)[4:]) == ready
    with pytest.raises(msgspec.DecodeError):
        to_worker(frame(ready)[4:])
    with pytest.raises(msgspec.DecodeError):
        from_worker(frame(CancelJob(id=1))[4:])


QUIET = """
import os
from models.jobs.control import StartFailed
from models.worker.pipe import claim_pipe
pipe = claim_pipe()
if os.fork() == 0:
    pipe.silence()
    pipe.send(StartFailed(reason="the fork"))
    assert pipe.receive() is None
    os._exit(0)
os.wait()
pipe.send(StartFailed(reason=repr(pipe.receive())))
"""


def test_a_fork_that_was_silenced_neither_answers_nor_hears() -> None:
    """The stream is its parent's alone."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET], input=frame(CancelJob(id=7)), capture_output=True, check=True
    )
    assert done.stdout == frame(StartFailed(reason=repr(CancelJob(id=7))))


def every_message() -> list[type[Message]]:
    """Return all types of messages, however deep their families."""
    found: list[type[Message]] = []
    todo: list[type[Message]] = [Message]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo += kind.__subclasses__()
    return found


def test_no_message_can_be_changed() -> None:
    """Both halves, and all their threads, may hold on to one."""
    kinds = every_message()
    assert len(kinds) > 30
    assert [kind.__name__ for kind in kinds if not kind.__struct_config__.frozen] == []
