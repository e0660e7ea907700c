"""The chat page: its link, reloads, lost connections, narrow screens, and what it never does."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.playground.server import Playground
from tests.browser import open_page
from tests.playground.chat_page import Chat, open_chat, picture, upload
from tests.playground.clients import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_token_leaves_the_address_bar_and_survives_a_reload(chat: Chat) -> None:
    """No trace of the key in address or history; the page works on after a reload."""
    assert chat.playground.user_token not in chat.page.url
    await chat.say("before")
    await chat.page.reload()
    await expect(chat.with_text("before")).to_be_visible()
    await chat.say("after")


async def test_without_its_key_the_page_says_what_to_do(browser: Browser) -> None:
    """No key, or one of an older run, is a sentence and not an empty chat."""
    async with Playground() as playground:
        bare = playground.page.split("?", maxsplit=1)[0]
        async with open_page(browser, bare) as watched:
            await expect(watched.page.get_by_role("alert")).to_contain_text("link is incomplete")
        async with open_page(browser, f"{bare}?token=old") as watched:
            await expect(watched.page.get_by_role("alert")).to_contain_text("no longer valid")


async def test_a_lost_connection_is_shown_and_nothing_is_lost(chat: Chat) -> None:
    """The page says that it reconnects, resumes, and shows what came in between, once."""
    chat.expected.append("WebSocket connection")
    chat.playground.faults.refuse_connections = True
    chat.playground.faults.drop_connections(chat.playground.world.owner)
    await expect(chat.page.locator("#connection")).to_contain_text("Reconnecting…")
    await chat.bot.get_partial_messageable(chat.playground.channel_id).send("in the gap")
    chat.playground.faults.refuse_connections = False
    await expect(chat.with_text("in the gap")).to_be_visible()
    await expect(chat.page.locator("#connection")).to_be_hidden()
    await expect(chat.messages).to_have_count(1)


async def test_after_a_lost_session_the_channel_is_read_again(chat: Chat) -> None:
    """When resuming is refused, the page identifies again and fetches what it missed."""
    me = chat.playground.world.owner
    await chat.say("kept")
    chat.playground.faults.refuse_resume = True
    chat.playground.faults.drop_connections(me)
    await chat.bot.get_partial_messageable(chat.playground.channel_id).send("missed")
    await expect(chat.with_text("missed")).to_be_visible()
    await expect(chat.messages).to_have_count(2)
    await eventually(lambda: chat.playground.hub.connected(me))


async def test_a_request_to_reconnect_is_followed(chat: Chat) -> None:
    """Op 7 makes the page resume at once."""
    owner = chat.playground.world.owner
    before = chat.playground.hub.connected(owner)[0].wire
    chat.playground.faults.ask_to_reconnect(owner)
    await eventually(
        lambda: [s for s in chat.playground.hub.connected(owner) if s.wire is not before]
    )
    await chat.say("still here")


async def test_heartbeats_are_sent_and_a_silent_server_is_left(browser: Browser) -> None:
    """The page beats in the server's rhythm; without acknowledgements it connects again."""
    async with Playground() as playground:
        playground.gateway_server.heartbeat_interval = 0.2
        async with open_page(browser, playground.page) as watched:
            await expect(watched.page.locator("#app")).to_be_visible()
            owner = playground.world.owner
            await eventually(lambda: playground.hub.connected(owner))
            first = playground.hub.connected(owner)[0]
            playground.faults.withhold_acks = True
            before = first.wire
            await eventually(lambda: first.wire not in {before, None})


async def test_narrow_screens_scroll_only_downwards(browser: Browser, tmp_path: Path) -> None:
    """At 360 pixels every part fits: messages, embeds, buttons, the tray, a command, the menu."""
    async with open_chat(browser, width=360, height=720) as chat:
        await chat.choose(upload(data=picture(1200, 800)))
        await chat.say("!echo " + "a_very_long_word" * 12)
        await expect(chat.page.locator(".embed-image")).to_be_visible()
        await chat.say("!echo\n```\n" + "a wide code block " * 12 + "\n```")
        await expect(chat.page.locator(".embed pre")).to_be_visible()
        assert await _sideways(chat) == []
        await chat.say("!panel")
        await expect(chat.page.locator(".components")).to_be_visible()
        await chat.choose(upload(), upload("b.png"), upload("c.png"))
        await chat.look("narrow", tmp_path)
        await chat.page.get_by_role("button", name="Mark as spoiler").first.click()
        assert await _sideways(chat) == []
        await chat.box.focus()
        await chat.send()
        await chat.pick_command("look")
        await chat.page.get_by_role("button", name="Add the option breed").click()
        assert await _sideways(chat) == []


async def _sideways(chat: Chat) -> list[str]:
    """Return what reaches past the window's right edge, leaving out what scrolls by itself."""
    found: list[str] = await chat.page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) =>
            !node.closest(".tray, pre, [hidden], .visually-hidden, svg, .skip")
            && node.getBoundingClientRect().right > window.innerWidth + 0.5
        ).map((node) => node.className || node.tagName)"""
    )
    if await chat.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("the page itself")
    return found


async def test_every_control_has_a_name(chat: Chat) -> None:
    """Buttons, fields and pictures can be told apart by a screen reader."""
    await chat.choose(upload())
    await chat.say("!echo names")
    await expect(chat.page.locator(".embed-image")).to_be_visible()
    await chat.say("!panel")
    await expect(chat.page.locator(".components")).to_be_visible()
    nameless = await chat.page.evaluate(
        """() => [...document.querySelectorAll("button, a, textarea, input, [role=button]")]
            .filter((node) => node.checkVisibility() && !node.ariaHidden)
            .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length))
            .map((node) => node.outerHTML)"""
    )
    assert nameless == []
    unsaid = "img:not([alt])"
    await expect(chat.page.locator(unsaid)).to_have_count(0)


async def test_text_stands_out_from_its_ground(browser: Browser) -> None:
    """In both color schemes the page's text colors reach the contrast of WCAG AA (4.5:1)."""
    async with Playground() as playground:
        for scheme in ("dark", "light"):
            async with open_page(browser, playground.page, scheme=scheme) as watched:
                weak = await watched.page.evaluate(_CONTRASTS)
                assert weak == [], scheme


_CONTRASTS = """() => {
  const probe = document.body.appendChild(document.createElement("i"));
  const light = (name) => {
    probe.style.color = `var(${name})`;
    const rgb = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255);
    const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pairs = [["--on-gold", "--gold"]];
  for (const ink of ["--text", "--strong", "--muted", "--link", "--gold-ink", "--danger-ink"])
    for (const ground of ["--ground", "--raised", "--side", "--hover"]) pairs.push([ink, ground]);
  return pairs.filter(([ink, ground]) => {
    const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05) < 4.5;
  });
}"""
