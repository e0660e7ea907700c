"""Reading what stands behind a command. Finding pictures is proved end to end, in `tests/e2e`."""

import pytest

from bot.pictures import read_words


@pytest.mark.parametrize(
    ("text", "link", "person", "rest"),
    [
        ("", None, None, ""),
        ("alexnet", None, None, "alexnet"),
        ("  alexnet   https://a.example/b.png ", "https://a.example/b.png", None, "alexnet"),
        ("<https://a.example/b.png> alexnet", "https://a.example/b.png", None, "alexnet"),
        ("<@!123456789012345678> alexnet", None, 123456789012345678, "alexnet"),
        ("<@123456789012345678>", None, 123456789012345678, ""),
        ("see HTTP://a.example/b.png", "HTTP://a.example/b.png", None, "see"),
        ("https://a.example/b.png?x=1&y=2#z", "https://a.example/b.png?x=1&y=2#z", None, ""),
    ],
)
def test_words_are_told_apart(text: str, link: str | None, person: int | None, rest: str) -> None:
    """Links, mentions and the model's name may come in any order."""
    words = read_words(text)
    assert (words.link and words.link.url, words.person, words.rest) == (link, person, rest)


def test_a_link_within_a_spoiler_is_a_spoiler() -> None:
    """`||link||` asks for an answer that hides."""
    words = read_words("alexnet ||https://a.example/b.png||")
    assert words.link
    assert words.link.spoiler
    assert words.link.url == "https://a.example/b.png"
    assert words.rest == "alexnet"
