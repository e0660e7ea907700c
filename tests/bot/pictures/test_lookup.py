"""Reading what stands behind a command. Finding pictures is proved end to end, in `tests/e2e`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.lookup import FoundPictures, linked, parse_text


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
    words = parse_text(text)
    assert (words.link and words.link.url, words.person, words.rest) == (link, person, rest)


def test_a_link_within_a_spoiler_is_a_spoiler() -> None:
    """`||link||` asks for an answer that hides."""
    words = parse_text("alexnet ||https://a.example/b.png||")
    assert words.link
    assert words.link.spoiler
    assert words.link.url == "https://a.example/b.png"
    assert words.rest == "alexnet"


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://a.example/b/c.png?x=1", "c.png"),
        ("https://a.example/", "picture"),
        ("http://host:99999/a.png", "picture"),
        ("http://[", "picture"),
        ("my dog", "my dog"),
    ],
)
def test_a_linked_picture_has_a_name(link: str, name: str) -> None:
    """It is the file's; an address that is none still makes a picture, which nobody can fetch."""
    assert linked(link).name == name


@given(st.text())
def test_any_text_behind_a_scheme_makes_a_picture(text: str) -> None:
    """Whatever another bot writes in its embeds, finding pictures goes on."""
    assert linked(f"http://{text}").name


@pytest.mark.parametrize(
    ("count", "most", "taken", "note"),
    [
        (14, 10, 10, "First 10 of 14 pictures"),
        (10, 10, 10, "as found"),
        (3, 1, 1, "the first of 3"),
        (1, 1, 1, "as found"),
    ],
)
def test_too_many_pictures_are_cut_and_said(count: int, most: int, taken: int, note: str) -> None:
    """The note tells how many there were; where all are taken it stays what it was."""
    found = FoundPictures((linked("https://a.example/b.png"),) * count, "as found").first(most)
    assert (len(found.pictures), found.note) == (taken, note)


def test_a_note_joins_the_one_there_is() -> None:
    """Below it; where there is neither, there is none."""
    found = FoundPictures((linked("https://a.example/b.png"),))
    assert found.with_note(None).note is None
    assert found.with_note("one").note == "one"
    assert found.with_note("one").with_note("two").note == "one\n-# two"
