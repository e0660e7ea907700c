"""The chat page: buttons and select menus of messages."""

import pytest
from playwright.async_api import Locator, expect

from tests.playground.chat_page import Chat

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _panel(chat: Chat) -> Locator:
    await chat.say("!panel")
    panel = chat.page.locator("#messages > .message", has=chat.page.locator(".components"))
    await expect(panel).to_be_visible()
    return panel


async def test_a_button_lets_the_bot_change_its_message(chat: Chat) -> None:
    """Pressing reaches the bot; its edit is shown."""
    panel = await _panel(chat)
    await panel.get_by_role("button", name="Pat Bobby").click()
    await expect(panel).to_contain_text("Bobby wags his tail.")


async def test_a_button_without_an_answer_says_so(chat: Chat) -> None:
    """The failure stands under the buttons, which can be pressed again."""
    panel = await _panel(chat)
    button = panel.get_by_role("button", name="Broken")
    await button.click()
    await expect(panel.get_by_role("alert")).to_contain_text("The application did not respond")
    await expect(button).not_to_have_class("busy")


async def test_link_and_disabled_buttons_do_nothing_here(chat: Chat) -> None:
    """A link opens elsewhere without telling where it came from; a disabled button is off."""
    panel = await _panel(chat)
    link = panel.get_by_role("link", name="Docs")
    await expect(link).to_have_attribute("href", "https://example.com/docs")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(panel.get_by_role("button", name="Closed")).to_be_disabled()


async def test_a_select_menu_is_worked_by_keys(chat: Chat) -> None:
    """Enter opens it, arrows choose, Enter sends; the private answer comes."""
    panel = await _panel(chat)
    select = panel.get_by_role("combobox", name="Choose a breed")
    await select.focus()
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("option")).to_have_count(4)
    await chat.page.keyboard.press("ArrowDown")
    await chat.page.keyboard.press("Enter")
    await expect(chat.with_text("You chose Labrador retriever.")).to_be_visible()


async def test_several_values_are_sent_together(chat: Chat) -> None:
    """A menu for two sends when it is closed, not before."""
    panel = await _panel(chat)
    await panel.get_by_role("combobox", name="Choose two").click()
    await chat.page.get_by_role("option", name="Golden retriever").click()
    await chat.page.get_by_role("option", name="Samoyed").click()
    assert not chat.playground.faults.asked("POST", "/interactions")
    await panel.get_by_role("combobox", name="Choose two").click()
    await expect(chat.with_text("Golden retriever and Samoyed")).to_be_visible()
