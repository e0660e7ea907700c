"""The chat page: a bot asks with a modal, and people fill it in."""

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.playground.chat_page import Chat, open_chat, picture, upload
from tests.playground.clients import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _open(chat: Chat) -> Locator:
    """Open the modal of `/teach` and return it."""
    await chat.pick_command("teach")
    await chat.box.press("Enter")
    dialog = chat.page.get_by_role("dialog", name="Teach Bobby")
    await expect(dialog).to_be_visible()
    return dialog


async def test_a_modal_is_filled_in_by_keyboard(chat: Chat) -> None:
    """Text, a choice and files reach the bot; its answer comes, and the focus is back."""
    dialog = await _open(chat)
    await expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    await chat.page.keyboard.type("owl")
    await chat.page.keyboard.press("Tab")
    about = dialog.get_by_label("About")
    await expect(about).to_be_focused()
    await expect(about).to_have_value("A bird.")
    await chat.page.keyboard.press("Tab")
    select = dialog.get_by_role("combobox", name="Where")
    await expect(select).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await chat.page.keyboard.press("ArrowDown")
    await chat.page.keyboard.press("Enter")
    await expect(select).to_have_text("everywhere")
    await dialog.get_by_label("Pictures").set_input_files([upload("a.png"), upload("b.png")])
    async with chat.page.expect_request("**/interactions") as sent:
        await dialog.get_by_label("Name", exact=True).press("Enter")
    await expect(dialog).to_have_count(0)
    size = len(picture())
    await expect(chat.with_text(f"owl: A bird. ['everywhere'] [{size}, {size}]")).to_be_visible()
    await expect(chat.box).to_be_focused()
    form = await sent.value
    assert "multipart/form-data" in form.headers["content-type"]


async def test_what_does_not_fit_is_said_beside_its_field(chat: Chat) -> None:
    """Before anything is sent: what is missing and what is too short; then it can be sent."""
    dialog = await _open(chat)
    await dialog.get_by_role("button", name="Submit").click()
    name, files = dialog.get_by_label("Name", exact=True), dialog.get_by_label("Pictures")
    await expect(name).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description("What it is called Fill this in.")
    await expect(files).to_have_accessible_description("Choose at least 1.")
    await name.fill("o")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(name).to_have_accessible_description(
        "What it is called Write at least 2 characters."
    )
    await files.set_input_files([upload()] * 3)
    await name.fill("much longer than nine")
    await expect(name).to_have_value("much long")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(files).to_have_accessible_description("Choose at most 2.")
    await files.set_input_files([upload()])
    await dialog.get_by_role("button", name="Submit").click()
    await expect(chat.with_text("much long: A bird. []")).to_be_visible()


async def test_what_the_server_refuses_is_said_and_the_modal_stays(chat: Chat) -> None:
    """A field's complaint stands beside the field, any other under them all."""
    dialog = await _open(chat)
    chat.expected = ["400", "404"]
    name = dialog.get_by_label("Name", exact=True)
    await name.fill("owl")
    await dialog.get_by_label("Pictures").set_input_files([upload()])
    path = "/interactions"
    tree = {"data": {"components": {"name": {"_errors": [{"code": "X", "message": "No owls."}]}}}}
    answer = chat.playground.faults.answer
    answer("POST", path, 400, code=50035, message="Invalid Form Body", extra={"errors": tree})
    await dialog.get_by_role("button", name="Submit").click()
    await expect(name).to_have_accessible_description("What it is called No owls.")
    answer("POST", path, 404, code=10062, message="Unknown interaction")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog.get_by_text("Unknown interaction")).to_be_visible()
    await dialog.get_by_role("button", name="Submit").click()
    await expect(dialog).to_have_count(0)


async def test_a_modal_is_put_away(chat: Chat) -> None:
    """By Cancel and by Escape, which closes an open list first; a press beside it does nothing."""
    dialog = await _open(chat)
    faults = chat.playground.faults
    asked = len(faults.asked("POST", "/interactions"))
    await chat.page.mouse.click(3, 3)
    await dialog.get_by_role("combobox", name="Where").click()
    await expect(chat.page.get_by_role("option", name="everywhere")).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.get_by_role("option", name="everywhere")).to_have_count(0)
    await expect(dialog).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert len(faults.asked("POST", "/interactions")) == asked
    dialog = await _open(chat)
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)


async def test_another_page_of_the_same_person_stays_as_it_is(chat: Chat) -> None:
    """Every page hears of the modal; only the one that asked for it shows it."""
    other = await chat.page.context.new_page()
    heard: list[str] = []
    other.on("websocket", lambda one: one.on("framereceived", lambda data: heard.append(str(data))))
    await other.goto(chat.playground.page)
    await expect(other.locator("#app[data-ready]")).to_be_visible()
    await chat.page.bring_to_front()
    await _open(chat)
    await eventually(lambda: any("INTERACTION_MODAL_CREATE" in frame for frame in heard))
    await expect(other.get_by_role("dialog")).to_have_count(0)


async def test_a_modal_fits_a_phone(browser: Browser) -> None:
    """At 360 pixels nothing is cut off at the side, and the end is reached by scrolling."""
    async with open_chat(browser, width=360, height=560) as chat:
        dialog = await _open(chat)
        assert await dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
        await dialog.get_by_role("button", name="Submit").click()
        box = await dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
