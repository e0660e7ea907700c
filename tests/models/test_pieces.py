"""A big picture's frame in pieces is the same frame."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import wire
from models.jobs import Classify, Forget, Run, Submit
from models.wire import frame, pieces


@pytest.mark.parametrize("length", [0, 1, 255, 256, 65535, 65536, 65537, 200_000])
@pytest.mark.parametrize("model", [None, "resnet101"])
def test_pieces_come_to_the_frame(length: int, model: str | None) -> None:
    """Whatever the length of the picture, which MessagePack writes in three ways."""
    message = Submit(id=2**40, job=Classify(picture=bytes(length), model=model))
    assert b"".join(pieces(message)) == frame(message)


@settings(max_examples=30, deadline=None)
@given(st.text(), st.binary(max_size=40), st.integers(1, 100_000))
def test_no_name_or_picture_confuses_the_pieces(model: str, start: bytes, size: int) -> None:
    """Not even ones that hold the bytes of the field's own name."""
    for name in (model, f"picture{model}", "§picture\u0100"):
        picture = b"\xa7picture\xc4\x00" + start + bytes(70_000)
        message = Submit(id=1, job=Classify(picture=picture, model=name))
        assert b"".join(pieces(message, size)) == frame(message)


def test_no_piece_is_longer_than_asked() -> None:
    """That is what they are for."""
    message = Submit(id=1, job=Classify(picture=bytes(300_000)))
    assert max(map(len, pieces(message, 1000))) == 1000


@pytest.mark.parametrize("message", [Run(batch=1, ids=(1, 2)), Forget(id=3)])
def test_small_messages_are_one_piece(message: Run | Forget) -> None:
    """They have no picture to cut."""
    assert list(pieces(message)) == [frame(message)]


def test_a_frame_that_is_too_long_yields_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a frame would be worse than none."""
    monkeypatch.setattr(wire, "MAX_FRAME_BYTES", 100_000)
    with pytest.raises(ValueError, match="over the 100000 allowed"):
        next(pieces(Submit(id=1, job=Classify(picture=bytes(100_000)))))
