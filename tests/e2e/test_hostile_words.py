"""Everything a person can name is shown as text: no ping, no markup, nothing too long to post."""

import re

import pytest

from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.test_settings import Server, server

__all__ = ["server"]

PICTURE, OTHER = pictures.plain(), pictures.plain("navy")
NASTY = (
    *("@everyone", "@here", "<@1>", "<@&1>", "<#1>", "</ban:1>", "<t:0:R>", "<:x:1>"),
    *("[free](https://evil.example)", "https://evil.example/a", "**bold** __line__ ~~gone~~"),
    *("||spoiler||", "`code` ```block```", "> quote", "# heading", "- list", "-# small"),
    *(
        "\u202egnp.exe",
        "zero\u200bwidth",
        "new\nline",
        "\x00\x07",
        "👩‍👩‍👧 🏳️‍🌈",
        "z̸̢̛a̴l̷g̵o̶",
        "x" * 300,
    ),
    *("*" * 200, "_" * 200, "a" * 1900, "\\" * 100),
    *("{0} {NAME} %s", "$(id)", "'; DROP TABLE servers; --", "../../etc/passwd", "con.png"),
)

ALIVE = (
    *("@everyone", "@here", "<@1>", "<@&1>", "<#1>", "</ban:1>", "<t:0:R>", "<:x:1>"),
    *("](https://evil", "https://evil", "**bold**", "__line__", "~~gone~~", "||spoiler||"),
    *("`code`", "```block```", "\n> quote", "\n# heading", "\n- list", "\n-# small", "\u202e"),
)
"""What none of the words above may be in a reply."""


async def unharmed(user: ChatUser, content: str, *files: tuple[str, bytes]) -> str:
    """Ask, and check that the one reply pings nobody and links nowhere; return its text."""
    question = await user.say(content, *files)
    answer = await user.reply(question)
    assert not answer["mention_everyone"]
    assert {person["id"] for person in answer["mentions"]} <= {str(user.person.id)}
    assert answer["mention_roles"] == []
    assert len(user.replies(question)) == 1
    text = said(answer)
    alive = re.sub(r"\\(?:[^\w\s]|_)", "x", text)  # what a backslash escapes is plain
    assert [one for one in ALIVE if one in alive] == [], text
    return text


@pytest.mark.parametrize("words", NASTY, ids=ascii)
async def test_names_labels_and_models_are_text(server: Server, words: str) -> None:
    """A file's name, a taught label, a model's name, a search, and what stands behind a command."""
    plain = " ".join(words.split()) or "x"
    boss = server.manager
    name = "".join(c for c in words[:100] if c.isprintable() and c != ";") or "x"  # as HTTP allows
    await unharmed(boss, "!classify", (f"{name}.png", PICTURE), ("b.png", b"bad"))
    await unharmed(boss, "!teach something else", ("b.png", OTHER))
    await unharmed(boss, f"!teach {plain[:40]}", ("a.png", PICTURE))
    await unharmed(boss, "!taught")
    await unharmed(boss, "!classify custom", ("a.png", PICTURE))
    await unharmed(boss, f"!unteach {plain[:40]}")
    await unharmed(boss, f"!classify {plain[:200]}", ("a.png", PICTURE))
    await unharmed(boss, f"!models {plain[:200]}")
    await unharmed(boss, f"!model {plain[:200]}")
    await unharmed(boss, f"!hub {plain[:200]}")
