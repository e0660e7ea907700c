"""The chat page: slash commands and their options, message commands, and answers of every kind."""

import pytest
from playwright.async_api import expect

from tests.playground.chat_page import Chat, picture, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_command_takes_a_picture_a_completed_choice_and_a_number(chat: Chat) -> None:
    """Every option reaches the bot: the file, the value behind the choice, the number."""
    await chat.pick_command("look")
    async with chat.page.expect_file_chooser() as chooser:
        await chat.page.get_by_role("button", name="picture: The picture").click()
    await (await chooser.value).set_files([upload("rex.png")])
    await chat.page.get_by_role("button", name="Add the option breed").click()
    breed = chat.page.get_by_role("combobox", name="breed")
    await breed.press_sequentially("sheep")
    await chat.page.get_by_role("option", name="Old English sheepdog").click()
    await chat.page.get_by_role("button", name="Add the option sure").click()
    await chat.page.get_by_label("sure: How sure").fill("80")
    await chat.page.keyboard.press("Enter")
    answer = chat.with_text(f"rex.png has {len(picture())} bytes")
    await expect(answer).to_contain_text("breed OLD ENGLISH SHEEPDOG, sure 80.")
    await expect(answer.locator(".context-line")).to_contain_text("you used /look")
    await expect(chat.page.locator("#outbox > *")).to_have_count(0)


async def test_what_is_missing_or_wrong_is_said_before_sending(chat: Chat) -> None:
    """A needed option that is empty, then a number out of range, keep the command here."""
    await chat.pick_command("look")
    trouble = chat.page.locator(".option-trouble")
    await chat.page.get_by_role("button", name="Send").click()
    await expect(trouble).to_contain_text("picture is required")
    await chat.give("drop", "rex.png", picture())
    await chat.page.get_by_role("button", name="Add the option sure").click()
    await chat.page.get_by_label("sure: How sure").fill("101")
    await chat.page.keyboard.press("Enter")
    await expect(trouble).to_contain_text("sure must be 100 or less.")
    assert not chat.playground.faults.asked("POST", "/interactions")


async def test_escape_leaves_a_command(chat: Chat) -> None:
    """The message box is back, empty and focused."""
    await chat.pick_command("look")
    await chat.page.keyboard.press("Escape")
    await expect(chat.box).to_be_focused()
    await expect(chat.box).to_have_value("")


async def test_keys_alone_run_a_command(chat: Chat) -> None:
    """Typing, picking with the arrows, and Enter are enough."""
    await chat.box.press_sequentially("/s")
    options = chat.page.get_by_role("option")
    await expect(options).to_have_count(3)
    await chat.box.press("ArrowDown")
    await expect(options.nth(1)).to_have_class("listbox-line active")
    await chat.box.press("ArrowUp")
    await chat.box.press("Enter")
    await expect(chat.page.get_by_role("button", name="Send")).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.with_text("Between us.")).to_be_visible()
    await expect(chat.box).to_be_focused()


async def test_a_private_answer_can_be_dismissed(chat: Chat) -> None:
    """Only I see it, it says so, it is gone for good when dismissed."""
    await chat.pick_command("secret")
    await chat.page.keyboard.press("Enter")
    answer = chat.with_text("Between us.")
    await expect(answer).to_contain_text("Only you can see this")
    await answer.get_by_role("button", name="Dismiss message").click()
    await expect(answer).to_have_count(0)


async def test_a_deferred_answer_shows_that_the_bot_is_thinking(chat: Chat) -> None:
    """The thinking line stands where the answer will, and gives way to it."""
    await chat.pick_command("slow")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.locator(".thinking")).to_contain_text("Bobby is thinking…")
    await expect(chat.with_text("Thought about it.")).to_be_visible()
    await expect(chat.page.locator(".thinking")).to_have_count(0)
    await expect(chat.messages).to_have_count(1)


async def test_a_command_without_an_answer_is_told(chat: Chat) -> None:
    """After Discord's three seconds the failure is said, and can be tried again."""
    await chat.pick_command("silent")
    await chat.page.keyboard.press("Enter")
    failed = chat.page.locator("#outbox .failed")
    await expect(failed).to_contain_text("The application did not respond")
    await expect(failed.get_by_role("button", name="Try again")).to_be_visible()


async def test_a_message_command_is_in_the_menu_of_a_message(chat: Chat) -> None:
    """Apps' commands stand in the menu and get the message they were used on."""
    await chat.choose(upload())
    said = await chat.say("my dog")
    await chat.menu(said, "Describe Bobby")
    answer = chat.with_text("It has 1 files and says “my dog”.")
    await expect(answer.locator(".context-line")).to_contain_text("you used")


async def test_the_menu_opens_and_works_by_keys(chat: Chat) -> None:
    """From the log, arrows choose a message, Enter its menu, arrows an entry, Escape leaves."""
    await chat.say("first")
    said = await chat.say("second")
    await chat.page.keyboard.press("Shift+Tab")
    await chat.page.keyboard.press("Shift+Tab")
    await expect(said).to_be_focused()
    await chat.page.keyboard.press("ArrowUp")
    await expect(chat.messages.first).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("menuitem").first).to_be_focused()
    await chat.page.keyboard.press("Escape")
    await expect(chat.messages.first).to_be_focused()
    await chat.page.keyboard.press("r")
    await expect(chat.page.locator("#composer-bar")).to_contain_text("Replying to")
    await expect(chat.box).to_be_focused()


async def test_the_side_offers_the_commands(chat: Chat) -> None:
    """A press on a command at the side puts it into the composer."""
    await chat.page.locator("#command-list").get_by_role("button", name="look").click()
    await expect(chat.page.locator(".command-name")).to_have_text("/look")
