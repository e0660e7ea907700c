"""The chat page: writing, answering, editing and deleting messages, and what must stay text."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.playground.chat_page import Chat
from tests.playground.clients import eventually
from tests.playground.page_bot import EVIL

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_message_is_posted_once_and_keeps_its_marks(chat: Chat) -> None:
    """Text sent with Enter is on the server, shown once, and its markdown is drawn."""
    said = await chat.say("some **bold** and `code`, golden_retriever_dog")
    assert [one.content for one in chat.posted] == [
        "some **bold** and `code`, golden_retriever_dog"
    ]
    await expect(chat.messages).to_have_count(1)
    await expect(said.locator("strong")).to_have_text("bold")
    await expect(said.locator("code")).to_have_text("code")
    await expect(said.locator("em")).to_have_count(0)
    await expect(chat.page.locator("#outbox > *")).to_have_count(0)
    await expect(chat.box).to_be_focused()


async def test_shift_enter_begins_a_new_line(chat: Chat) -> None:
    """Only Enter alone sends."""
    await chat.box.press_sequentially("one")
    await chat.box.press("Shift+Enter")
    await chat.box.press_sequentially("two")
    await chat.box.press("Enter")
    await expect(chat.messages).to_have_count(1)
    assert chat.posted[0].content == "one\ntwo"


async def test_blocks_of_markdown_become_elements(chat: Chat) -> None:
    """Headings, lists, quotes, code blocks, small print, spoilers and links are real elements."""
    said = await chat.say(
        "# Big\n- one\n  - deep\n1. first\n> said\n-# small\n"
        "||boo|| ~~no~~ [site](https://e.org/x)\n```py\na < b\n```"
    )
    await expect(said.locator("h3")).to_have_text("Big")
    await expect(said.locator("ul ul li")).to_have_text("deep")
    await expect(said.locator("ol li")).to_have_text("first")
    await expect(said.locator("blockquote")).to_have_text("said")
    await expect(said.locator("small")).to_have_text("small")
    await expect(said.locator("s")).to_have_text("no")
    await expect(said.locator("pre")).to_have_text("a < b")
    await expect(said.locator("a")).to_have_attribute("href", "https://e.org/x")
    spoiler = said.get_by_role("button", name="Spoiler")
    await spoiler.click()
    await expect(spoiler).to_have_count(0)


async def test_a_reply_quotes_its_message_and_jumps_to_it(chat: Chat) -> None:
    """Replying by the menu shows whom, sends the reference, and the quote leads back."""
    said = await chat.say("the first word")
    await chat.menu(said, "Reply")
    await expect(chat.page.locator("#composer-bar")).to_contain_text("Replying to")
    answer = await chat.say("the second word")
    reference = chat.posted[-1].reference
    assert reference is not None
    assert reference.message_id == chat.posted[0].id
    await answer.get_by_role("button", name="Jump to the original message").click()
    await expect(said).to_be_focused()


async def test_escape_leaves_a_reply(chat: Chat) -> None:
    """After Escape the next message answers nobody."""
    await chat.menu(await chat.say("a word"), "Reply")
    await chat.box.press("Escape")
    await expect(chat.page.locator("#composer-bar")).to_be_hidden()
    await chat.say("another")
    assert chat.posted[-1].reference is None


async def test_arrow_up_edits_the_last_message(chat: Chat) -> None:
    """The arrow brings the text back; Enter saves it and marks it as edited."""
    await chat.say("a typo hree")
    await chat.box.press("ArrowUp")
    await expect(chat.box).to_have_value("a typo hree")
    await chat.box.fill("no typo here")
    await chat.box.press("Enter")
    await expect(chat.with_text("no typo here").locator(".edited")).to_be_visible()
    assert [one.content for one in chat.posted] == ["no typo here"]


async def test_deleting_asks_first(chat: Chat) -> None:
    """The menu deletes, after a question that can be declined."""
    said = await chat.say("soon gone")
    await chat.menu(said, "Delete")
    await chat.page.get_by_role("button", name="Cancel").click()
    assert len(chat.posted) == 1
    await chat.menu(said, "Delete")
    await chat.page.get_by_role("button", name="Delete").click()
    await expect(said).to_have_count(0)
    assert not chat.posted


async def test_markup_stays_text_everywhere(chat: Chat) -> None:
    """Text that would be a script as HTML is shown letter by letter: content, embed, label."""
    await chat.say("!evil")
    answer = chat.messages.last
    await expect(answer.get_by_role("button", name=EVIL)).to_be_visible()
    for part in (".markdown >> nth=0", ".embed-title", ".embed-field-name", ".embed-footer"):
        await expect(answer.locator(part)).to_have_text(EVIL)
    assert await answer.locator("img[src='x']").count() == 0
    assert await answer.evaluate("node => !node.innerHTML.includes('<img src=\"x\"')")
    assert await chat.page.title() != "hacked"


async def test_pictures_of_other_sites_are_links(chat: Chat) -> None:
    """A picture that lies elsewhere is not loaded, so that nobody learns who looks at it."""
    await chat.say("!evil")
    elsewhere = chat.page.get_by_role("link", name="Picture on another site")
    await expect(elsewhere).to_have_attribute("href", "https://elsewhere.example/spy.png")


async def test_script_addresses_never_become_links(chat: Chat) -> None:
    """A masked link leads to http and https alone."""
    said = await chat.say("[press](javascript:alert(1)) [and](data:text/html,x)")
    await expect(said.locator(".message-body a")).to_have_count(0)


async def test_the_bot_answers_with_typing_and_reply(chat: Chat) -> None:
    """The page tells that it types, hears that the bot does, and shows the bot's reply."""
    await chat.box.press_sequentially("!echo hello")
    await eventually(lambda: chat.playground.faults.typing)
    assert chat.playground.faults.typing[0].user_id == chat.playground.world.owner.id
    await chat.box.press("Enter")
    answer = chat.messages.filter(has=chat.page.locator(".author-bot"))
    await expect(answer.locator(".embed-title")).to_have_text("Echo")
    await expect(answer.locator(".context-line")).to_contain_text("!echo hello")
    await expect(answer.locator(".badge")).to_have_text("Bot")


async def test_typing_of_others_is_shown_until_they_speak(chat: Chat) -> None:
    """Someone else's typing shows a line that their message ends."""
    channel = chat.bot.get_partial_messageable(chat.playground.channel_id)
    line = chat.page.locator("#typing")
    async with channel.typing():
        await expect(line).to_contain_text("Bobby is typing")
        await channel.send("done")
    await expect(chat.with_text("done")).to_be_visible()
    await expect(line).to_be_empty()


async def test_a_mention_is_picked_by_name(chat: Chat) -> None:
    """After “@” people are offered; the message carries Discord's mention."""
    await chat.box.press_sequentially("hi @bob")
    await chat.box.press("Enter")
    await chat.box.press_sequentially("there")
    await chat.box.press("Enter")
    await expect(chat.messages.locator(".mention")).to_have_text("@Bobby")
    assert chat.posted[0].content == f"hi <@{chat.playground.bot_user_id}> there"


async def test_history_loads_on_scrolling_and_the_jump_button_leads_back(chat: Chat) -> None:
    """Of 120 messages all can be reached by scrolling up; new ones are counted meanwhile."""
    channel = chat.bot.get_partial_messageable(chat.playground.channel_id)
    for number in range(120):
        await channel.send(f"line {number}")
    await chat.page.reload()
    await expect(chat.with_text("line 119")).to_be_visible()
    await expect(chat.messages).to_have_count(50)
    await chat.page.locator("#scroller").evaluate("node => { node.scrollTop = 0; }")
    await expect(chat.messages).not_to_have_count(50)
    top = chat.page.locator("#scroller")
    for _ in range(4):
        await top.evaluate("node => { node.scrollTop = 0; }")
        await asyncio.sleep(0.1)
    await expect(chat.messages).to_have_count(120)
    await expect(chat.page.locator("#intro")).to_be_visible()
    await channel.send("something new")
    jump = chat.page.locator("#jump")
    await expect(jump).to_contain_text("1 new message")
    await jump.click()
    await expect(chat.with_text("something new")).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_a_refused_message_says_why_and_can_be_sent_again(chat: Chat) -> None:
    """Discord's own error text stands under the message; trying again sends it."""
    chat.expected.append("400")
    route = "/channels/{channel_id}/messages"
    chat.playground.faults.answer("POST", route, 400, code=20009, message="Explicit words.")
    await chat.box.fill("hello")
    await chat.box.press("Enter")
    pending = chat.page.locator("#outbox .failed")
    await expect(pending).to_contain_text("Explicit words.")
    await pending.get_by_role("button", name="Try again").click()
    await expect(chat.with_text("hello")).to_be_visible()
    await expect(pending).to_have_count(0)
    assert [one.content for one in chat.posted] == ["hello"]


async def test_rate_limits_are_waited_out(chat: Chat) -> None:
    """A 429 delays the message and loses nothing."""
    chat.expected.append("429")
    chat.playground.faults.rate_limit("POST", "/channels/{channel_id}/messages", retry_after=0.2)
    await chat.say("patience")
    assert [one.content for one in chat.posted] == ["patience"]


async def test_too_long_a_text_is_not_sent(chat: Chat) -> None:
    """Over 2000 characters, a counter says by how much and the button is off."""
    await chat.box.fill("x" * 2003)
    await expect(chat.page.locator("#composer-counter")).to_have_text("-3")
    await chat.box.press("Enter")
    await expect(chat.page.get_by_role("button", name="Send")).to_be_disabled()
    assert not chat.posted


async def test_reactions_are_added_and_taken_back(chat: Chat) -> None:
    """A reaction from the menu shows a count; pressing it takes it back."""
    await chat.menu(await chat.say("good dog"), "React with 🐾")
    reaction = chat.page.get_by_role("button", name="🐾, 1 reaction")
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    await chat.box.press("ArrowUp")
    await chat.box.fill("very good dog")
    await chat.box.press("Enter")
    await expect(chat.messages.locator(".edited")).to_be_visible()
    await expect(reaction).to_have_attribute("aria-pressed", "true")
    assert chat.posted[0].reactions["🐾"] == [chat.playground.world.owner.id]
    await reaction.click()
    await expect(reaction).to_have_count(0)
