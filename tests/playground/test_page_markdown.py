"""The chat page's markdown: what becomes of backticks, and that no text is slow to draw."""

import pytest
from playwright.async_api import expect

from tests.playground.chat_page import Chat

pytestmark = pytest.mark.asyncio(loop_scope="session")

LENGTH = 4000
"""More than a message may hold; an embed's description may be as long."""

SLOWEST = 2000
"""How many times as long as plain prose a text of marks may take to be parsed and laid out.

A thousand lists are a few hundred times as much work; one rule that is cubic is some ten thousand.
"""

PIECES = [
    *"`*_~|[(<@>\\#h",
    *("``a", "`a``b", "**a", "* ", "*a ", "_a ", " _a", " __a", "a__ ", "~~", "~~a", "~~~a"),
    *("||a", "|||", "[a", "[a](", "[a](http://b", "[a](http://b(c)", "[a](http://b(", "[[a]"),
    *("<http://a", "http://.", "http://a.,", "<@1", "<t:1", "<a:b", "@everyone", "@here"),
    *(
        "***a",
        "*a **b ",
        "_a __b ",
        "**a_b~~c||d",
        "*_~|[(<@`",
        "**`__",
        "\\*",
        "**\\",
        "||~~**__*_",
    ),
    *("> ", ">>> ", "- a\n", "1. a\n- a\n", "\n", "# a\n", "```", "```\n", "```a", "``` ````"),
]
LONELY = [  # one beginning, far from an end that it does not have
    *(
        f"{mark}{'a ' * (LENGTH // 2)}"
        for mark in ("`", "**", "__", "*", "_", "~~", "||", "[", "```")
    ),
    "".join("`" * n + "a" for n in range(1, 89)),
    *(f"{mark} {' ' * 2000}{'a' * 1990}\r" for mark in ("#", "-#", "-")),
    f"*{' ' * LENGTH}",
    f"[a](http://b{' ' * LENGTH}",
]

_MEASURE = """async ([plain, texts]) => {
  const { markdown } = await import("/page/messages/markdown.js");
  const names = { user: () => null, me: "1", channel: () => null };
  const place = document.createElement("div");
  document.body.append(place);
  const draw = (text) => {
    const began = performance.now();
    place.replaceChildren(markdown(text, names));
    place.getBoundingClientRect();
    return performance.now() - began;
  };
  const least = (text, times) => Math.min(...Array.from({ length: times }, () => draw(text)));
  draw(plain);
  const unit = Math.max(least(plain, 10), 0.1);
  const ratios = texts.map((text) => least(text, 2) / unit);
  place.remove();
  return ratios;
}"""


def _sample(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"


async def test_no_text_is_slow_to_draw(chat: Chat) -> None:
    """Repeated and unclosed marks take a bounded multiple of what prose of that length takes."""
    plain = ("some words " * LENGTH)[:LENGTH]
    texts = [(piece * LENGTH)[:LENGTH] for piece in PIECES] + [text[:LENGTH] for text in LONELY]
    ratios = await chat.page.evaluate(_MEASURE, [plain, texts])
    slow = {
        _sample(text): round(ratio)
        for text, ratio in zip(texts, ratios, strict=True)
        if ratio > SLOWEST
    }
    assert slow == {}


@pytest.mark.parametrize(
    ("text", "code", "whole"),
    [
        ("a `b` c", ["b"], "a b c"),
        ("`` a`b ``", [" a`b "], " a`b "),
        ("`` `a` ``", ["`a`"], "`a`"),
        ("``a` b", [], "``a` b"),
        ("`a``b`", ["a``b"], "a``b"),
        ("`a `` b", [], "`a `` b"),
        ("``a``` `b`", ["b"], "``a``` b"),
        ("\\``a`", ["a"], "`a"),
        ("`a\nb`", ["a\nb"], "a\nb"),
        ("`**a**` **b**", ["**a**"], "**a** b"),
        ("````", [], "````"),
    ],
)
async def test_backticks_make_code(chat: Chat, text: str, code: list[str], whole: str) -> None:
    """A run of backticks ends at the next run of the same length, or is text."""
    body = (await chat.say(text)).locator(".message-body .markdown")
    assert await body.locator("code").all_text_contents() == code
    await expect(body).to_have_text(whole)
    assert await body.text_content() == whole


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("**a *b* c**", {"strong": ["a b c"], "em": ["b"]}),
        ("__a__ _b_ ~~c~~", {"u": ["a"], "em": ["b"], "s": ["c"]}),
        ("***a***", {"strong": ["a"], "em": ["a"]}),
        ("# a\n-# b\n- c\n1. d", {"h3": ["a"], "small": ["b"], "ul li": ["c"], "ol li": ["d"]}),
        ("**a _b **", {"strong": ["a _b "], "em": []}),
    ],
)
async def test_marks_still_nest(chat: Chat, text: str, marks: dict[str, list[str]]) -> None:
    """Bounded effort changes nothing about what marks mean."""
    body = (await chat.say(text)).locator(".message-body .markdown")
    found = {mark: await body.locator(mark).all_text_contents() for mark in marks}
    assert found == marks
