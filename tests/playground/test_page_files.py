"""The chat page: pictures by button, drop and paste; spoilers, alt text, and what can go wrong."""

import pytest
from playwright.async_api import expect

from bot.playground.model.state import MIB
from tests.playground.chat_page import Chat, picture, upload
from tests.playground.clients import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_chosen_picture_is_previewed_posted_and_shown(chat: Chat) -> None:
    """The button attaches; the message shows the picture at its reserved size, unscaled."""
    await chat.choose(upload(data=picture(200, 120)))
    await expect(chat.page.locator(".tray-card")).to_contain_text("dog.png")
    said = await chat.say("a dog")
    await expect(chat.page.locator(".tray-card")).to_have_count(0)
    image = said.locator(".picture img")
    await expect(image).to_have_js_property("naturalWidth", 200)
    box = await image.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (200, 120)
    assert chat.posted[0].attachments[0].data == picture(200, 120)


async def test_a_dropped_picture_needs_no_text(chat: Chat) -> None:
    """A file dropped anywhere joins the message; it can be sent alone."""
    await chat.give("drop", "dropped.png", picture())
    await expect(chat.page.locator(".tray-card")).to_contain_text("dropped.png")
    await expect(chat.page.locator("#drop")).to_be_hidden()
    await chat.send()
    assert [one.filename for one in chat.posted[0].attachments] == ["dropped.png"]


async def test_a_pasted_picture_joins_the_message(chat: Chat) -> None:
    """A picture from the clipboard is attached like a chosen one."""
    await chat.box.focus()
    await chat.give("paste", "image.png", picture())
    await expect(chat.page.locator(".tray-card")).to_contain_text("image.png")
    await chat.send()
    assert [one.filename for one in chat.posted[0].attachments] == ["image.png"]


async def test_a_spoiler_stays_covered_until_pressed(chat: Chat) -> None:
    """Marked in the tray, the picture is posted as a spoiler and opens on a press."""
    await chat.choose(upload())
    await chat.page.get_by_role("button", name="Mark as spoiler").click()
    await chat.box.focus()
    said = await chat.send()
    assert chat.posted[0].attachments[0].spoiler
    lid = said.get_by_role("button", name="Spoiler. Click to reveal the picture.")
    await expect(said.locator(".picture-open")).to_have_js_property("inert", value=True)
    await lid.click()
    await expect(said.locator(".covered")).to_have_count(0)
    await said.get_by_role("button", name="Open picture: dog.png").click()
    await expect(chat.page.get_by_role("dialog")).to_be_visible()


async def test_a_description_becomes_the_alt_text(chat: Chat) -> None:
    """Written in the tray's dialog it reaches the server, the image, and the ALT badge."""
    await chat.choose(upload())
    await chat.page.get_by_role("button", name="Describe").click()
    await chat.page.get_by_label("Describe it for someone who can’t see it").fill("A yellow square")
    await chat.page.get_by_role("button", name="Save").click()
    await chat.box.focus()
    said = await chat.send()
    assert chat.posted[0].attachments[0].description == "A yellow square"
    await expect(said.locator(".picture img")).to_have_attribute("alt", "A yellow square")
    await said.get_by_role("button", name="Show alt text").click()
    await expect(said.locator("figcaption")).to_have_text("A yellow square")


async def test_several_files_can_be_removed_one_by_one(chat: Chat) -> None:
    """Of twelve chosen files ten are taken, with a word about the rest; one is removed again."""
    await chat.choose(*(upload(f"{number}.png") for number in range(12)))
    await expect(chat.page.locator(".tray-card")).to_have_count(10)
    await expect(chat.page.locator("#notices")).to_contain_text("Skipped 2")
    await chat.page.get_by_role("button", name="Remove 3.png").click()
    await chat.box.focus()
    said = await chat.send()
    names = [f"{number}.png" for number in range(10) if number != 3]
    assert [one.filename for one in chat.posted[0].attachments] == names
    await expect(said.locator(".picture")).to_have_count(9)


async def test_too_large_a_file_fails_with_its_reason(chat: Chat) -> None:
    """The message stays with Discord's words, and can be thrown away."""
    chat.expected.append("413")
    await chat.choose(upload("huge.png", bytes(11 * MIB)))
    await chat.box.press("Enter")
    failed = chat.page.locator("#outbox .failed")
    await expect(failed).to_contain_text("too large")
    await failed.get_by_role("button", name="Discard").click()
    await expect(failed).to_have_count(0)
    assert not chat.posted


async def test_what_is_no_picture_is_a_file_to_download(chat: Chat) -> None:
    """A text file, and pictures that the browser can't draw, are cards with a link."""
    await chat.choose(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"},
        {"name": "scan.tiff", "mimeType": "image/tiff", "buffer": b"II*\0"},
        upload("broken.png", picture()[:33]),
    )
    await chat.box.focus()
    said = await chat.send()
    await expect(said.locator(".file-card")).to_have_count(3)
    for name in ("notes.txt", "scan.tiff", "broken.png"):
        await expect(said.get_by_role("link", name=name)).to_be_visible()


async def test_a_picture_in_an_embed_opens_large_and_closes_with_escape(chat: Chat) -> None:
    """The bot's attachment:// picture is drawn with its alt text; Escape gives the focus back."""
    await chat.choose(upload(data=picture(300, 200)))
    await chat.say("!echo look")
    button = chat.messages.get_by_role("button", name="Open picture: What came")
    await button.click()
    dialog = chat.page.get_by_role("dialog", name="Picture")
    await expect(dialog.get_by_role("img", name="What came")).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(button).to_be_focused()


async def test_a_forgotten_picture_is_added_by_editing(chat: Chat) -> None:
    """Editing a message can add a file and keeps the ones it has."""
    await chat.choose(upload("one.png"))
    said = await chat.say("!classify")
    await chat.menu(said, "Edit")
    await expect(chat.page.locator("#composer-bar")).to_contain_text("Editing your message")
    await expect(chat.page.locator(".tray-card")).to_contain_text("one.png")
    await chat.choose(upload("two.png"))
    await chat.box.press("Enter")
    await eventually(lambda: len(chat.posted[0].attachments) == 2)
    assert [one.filename for one in chat.posted[0].attachments] == ["one.png", "two.png"]
    await expect(said.locator(".picture")).to_have_count(2)


async def test_a_file_name_stays_text(chat: Chat) -> None:
    """Markup in a file's name is shown in the tray as it is written."""
    name = "<img src=x onerror=document.title='hacked'>.txt"
    await chat.choose({"name": name, "mimeType": "text/plain", "buffer": b"x"})
    await expect(chat.page.locator(".tray-name")).to_have_text(name)
    await chat.box.focus()
    said = await chat.send()
    await expect(said.locator(".file-card")).to_be_visible()
    assert await chat.page.locator("img[src='x']").count() == 0
    assert await chat.page.title() != "hacked"
