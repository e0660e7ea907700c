"""What stands behind `!zebra`, `!transform` and `!cycle`."""

import pytest

from bot.core.errors import UnknownModel
from cogs.zebra import TranslateOptions, parse_options


def test_a_size_may_be_named() -> None:
    """Anywhere, in either form; what is no size is none."""
    for text in ("size:128", "SIZE=128", "please size: 128 now"):
        assert parse_options(text) == TranslateOptions(size=128)
    for text in ("", "128", "size:123456", "oversize:12x"):
        assert parse_options(text) == TranslateOptions()


def test_a_pair_is_named_where_the_command_takes_one() -> None:
    """The first word that is no size."""
    assert parse_options("size:9 a2b c2d", names_pair=True) == TranslateOptions("a2b", 9)
    assert parse_options("a2b size:9", back_again=True) == TranslateOptions(
        "a2b", 9, back_again=True
    )
    assert parse_options("", back_again=True) == TranslateOptions(back_again=True)
    assert parse_options("a2b") == TranslateOptions()


def test_a_pair_that_is_needed_is_asked_for() -> None:
    """A size alone is none."""
    for text in ("", "size:128"):
        with pytest.raises(UnknownModel, match="What should I turn into what"):
            parse_options(text, names_pair=True)
