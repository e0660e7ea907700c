"""Reading what stands behind a command: links, people, emoji, messages, and the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.picture import FoundPictures, linked
from bot.pictures.words import parse_text


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
    assert [one.url for one in words.links] == ([link] if link else [])
    assert list(words.people) == ([person] if person else [])
    assert words.rest == rest


URL = "https://a.example/cat.jpg"


@pytest.mark.parametrize(
    "text",
    [
        f"[cat]({URL})",
        f'[cat]({URL} "a cat")',
        f"[cat](<{URL}>)",
        f"({URL})",
        f"{URL}.",
        f"{URL}!?",
        f"{URL}, please",
        f'"{URL}"',
        f"'{URL}'",
        f"“{URL}”",
        f"`{URL}`",
        f"```{URL}```",
        f"**{URL}**",
        f"__{URL}__",
        f"~~{URL}~~",
        f"<{URL}>",
        f"||{URL}||",
        f"*({URL}).*",
        f"{URL}。",
    ],
)
def test_a_link_is_what_chat_programs_take_for_it(text: str) -> None:
    """Brackets, quotes, markup and a sentence's end are none of it, nor of the model's name."""
    for behind in ("", " resnet50"):
        words = parse_text(text + behind)
        assert [one.url for one in words.links] == [URL]
        assert words.rest == behind.strip()


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/wiki/Cat_(animal)",
        "https://a.example/wiki/Cat_(a_(b))?x=[1]",
        "http://[::1]:80/a.png",
        "https://a.example/a,b;c.png?d=e&f=g#h",
        "https://a.example/a_b_",
        "https://a.example/a/",
        "https://a.example/?ex=1&is=2&hm=3&",
        "http://host:99999/x",
        "http://[",
    ],
)
def test_a_links_own_brackets_are_its_own(link: str) -> None:
    """Alone as well as within brackets."""
    assert [one.url for one in parse_text(link).links] == [link]
    words = parse_text(f"[cat]({link}) resnet50")
    assert ([one.url for one in words.links], words.rest) == ([link], "resnet50")


def test_custom_emoji_are_pictures() -> None:
    """Still and moving ones, each once; what is like one is a word."""
    one, two = "<:dog:123456789012345678>", "<a:cat:123456789012345679>"
    words = parse_text(f"resnet50 {one} {two}{one} :dog:")
    assert [each.name for each in words.emoji] == ["dog", "cat"]
    assert words.emoji[1].url.endswith("/emojis/123456789012345679.png?size=512")
    assert all(each.from_discord for each in words.emoji)
    assert words.rest == "resnet50 :dog:"
    assert parse_text(f"||{one}||").emoji[0].spoiler


@pytest.mark.parametrize("host", ["discord.com", "ptb.discord.com", "discordapp.com"])
@pytest.mark.parametrize("server", ["12345", "@me"])
def test_a_link_to_a_message_is_none_to_a_picture(host: str, server: str) -> None:
    """It says in which channel to look, and for which message."""
    words = parse_text(f"alexnet <https://{host}/channels/{server}/67/89>")
    assert (words.messages, words.links, words.rest) == (((67, 89),), (), "alexnet")


@given(st.text(alphabet="ab :/.,()[]<>|*_`\"'@!&?\n") | st.text())
def test_any_text_is_read(text: str) -> None:
    """Links in it stay links, whatever stands around them."""
    words = parse_text(f"{text} {URL} {text}")
    assert URL in [one.url for one in words.links]
    assert all(one.url.lower().startswith("http") for one in words.links)


def test_a_link_within_a_spoiler_is_a_spoiler() -> None:
    """`||link||` asks for an answer that hides."""
    words = parse_text("alexnet ||https://a.example/b.png||")
    (link,) = words.links
    assert link.spoiler
    assert link.url == "https://a.example/b.png"
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
        (14, 10, 10, "as found · First 10 of 14 pictures"),
        (10, 10, 10, "as found"),
        (3, 1, 1, "as found · the first of 3"),
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
