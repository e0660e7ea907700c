"""The chat page stays at its newest message, until anyone who reads it scrolls up."""

import pytest
from playwright.async_api import expect

from bot.playground.messages.bodies import Form
from bot.playground.messages.posting import POSTED
from tests.playground.chat_page import Chat, picture, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

_LATE = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const tray = document.querySelector("#composer-tray");
  tray.hidden = false;
  tray.style.height = "150px";
  await frame(); await frame();
  tray.hidden = true;
  tray.style.height = "";
  await frame();  // the list is pushed down, which the page is told in the next frame
  document.querySelector("#messages").lastElementChild.style.paddingBottom = "200px";
  await frame(); await frame();
}"""

_REST = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroller");
  return scrollHeight - scrollTop - clientHeight;
}"""


def talk(chat: Chat, lines: int = 40) -> None:
    """Fill the channel with more than the window holds."""
    world = chat.playground.world
    for number in range(lines):
        form = Form({"content": f"line {number}"})
        chat.playground.posting.create(world.channel, world.bot, form, POSTED)


async def rest(chat: Chat) -> float:
    """Return how many pixels are below what is in sight."""
    return float(await chat.page.evaluate(_REST))


async def test_the_newest_stays_in_sight_when_a_picture_is_late(chat: Chat) -> None:
    """The tray closes and a picture grows in the same moment: nobody has scrolled up."""
    talk(chat)
    await expect(chat.with_text("line 39")).to_be_visible()
    await chat.page.evaluate(_LATE)
    assert await rest(chat) < 2


async def test_who_scrolls_up_stays_there(chat: Chat) -> None:
    """What comes then is counted by the button to the newest."""
    talk(chat)
    await expect(chat.with_text("line 39")).to_be_visible()
    await chat.page.evaluate(_LATE)
    await chat.page.locator("#scroller").hover()
    await chat.page.mouse.wheel(0, -900)
    await expect(chat.page.locator("#jump")).to_be_visible()
    talk(chat, 1)
    await expect(chat.page.locator("#jump")).to_contain_text("1 new message")
    assert await rest(chat) > 500


async def test_an_answer_below_a_slow_picture_is_in_sight(chat: Chat) -> None:
    """One's own picture comes late, as from a slow CDN, after the answer."""
    talk(chat)
    await expect(chat.with_text("line 39")).to_be_visible()
    chat.playground.faults.cdn.delay = 0.5
    await chat.choose(upload(data=picture(900, 700)))
    await chat.box.fill("!ping")
    await chat.send()
    talk(chat, 1)
    loaded = "() => [...document.images].every((one) => one.complete && one.naturalWidth)"
    await chat.page.wait_for_function(loaded)
    await expect(chat.messages.last).to_be_in_viewport()
    assert await rest(chat) < 2
