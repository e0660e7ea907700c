"""Words that people typed show as they are, whatever stands in them."""

import re
import unicodedata

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.formatting import escape

PIECES = (
    *("@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "</ban:1>", "<t:0:R>", "<a:x:1>"),
    *("[x](http://evil.example)", "<http://evil.example>", "https://evil.example/**a**"),
    *("**", "__", "~~", "||", "`", "```", "\\", "\\\\", "> ", ">>> ", "# ", "-# ", "- ", "1. "),
    *(
        "\n",
        "\r\n",
        "\u2028",
        "\u202e",
        "\u200b",
        "\u2066",
        "\x00",
        "\ufeff",
        "\ud800",
        "🏳️‍🌈",
        "a",
        " ",
    ),
)
LIVE = re.compile(r"[*_~|`<>\[\]]|https?://|^[#+-]|^\d\d?[.)] |@(everyone|here)", re.IGNORECASE)
"""What means something in Discord's markdown once whatever a backslash escapes is gone."""

texts = st.one_of(
    st.text(), st.text(st.characters()), st.lists(st.sampled_from(PIECES)).map("".join)
)


def unescaped(text: str) -> str:
    """Return `text` without the characters that a backslash makes plain."""
    return re.sub(r"\\(?:[^\w\s]|_)", "x", text)


@given(texts)
def test_nothing_in_it_is_alive(text: str) -> None:
    """No markup, link or mention is left, and no character that hides or turns."""
    shown = escape(text)
    assert LIVE.search(unescaped(shown)) is None
    assert discord.utils.escape_mentions(shown) == shown
    assert shown == " ".join(shown.split(" "))
    seen = shown.replace("@\u200b", "@").replace("\u200d", "")
    assert not [one for one in seen if unicodedata.category(one)[0] == "C"]


@given(texts)
def test_it_reads_as_it_was_typed(text: str) -> None:
    """Every letter is kept, and the text is at most twice as long."""
    shown = escape(text)
    letters = [one for one in text if one.isalnum()]
    assert [one for one in shown if one.isalnum()] == letters
    assert len(shown) <= 2 * len(text)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("IMG_2041 (2).jpg", r"IMG\_2041 (2).jpg"),
        ("golden retriever", "golden retriever"),
        ("jack-o'-lantern", "jack-o'-lantern"),
        ("골든 리트리버", "골든 리트리버"),
        ("  a\n\tb ", "a b"),
        ("3. place", r"3\. place"),
        ("𝓪 é ñ", "𝓪 é ñ"),
        ("@Everyone", "@\u200bEveryone"),
    ],
)
def test_ordinary_words_stay_readable(typed: str, shown: str) -> None:
    """Only what would mean something is escaped."""
    assert escape(typed) == shown
