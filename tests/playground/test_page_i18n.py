"""The page in Korean: what it says itself, and never what people write."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot.playground.server import Playground

PAGE = Path(__file__).parents[2] / "bot" / "playground" / "page"
_SAID = re.compile(r'\bt\("((?:[^"\\]|\\.)*)"')


def test_every_sentence_of_the_page_has_a_translation() -> None:
    """Whatever a script says through `t`, and nothing else."""
    words = (PAGE / "i18n.js").read_text(encoding="utf-8")
    known = dict(re.findall(r'^  "((?:[^"\\]|\\.)*)": "(.*)",$', words, re.MULTILINE))
    scripts = [file for file in PAGE.rglob("*.js") if file.name != "i18n.js"]
    said = {one for file in scripts for one in _SAID.findall(file.read_text(encoding="utf-8"))}
    assert said <= known.keys()
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert all(key in html for key in known.keys() - said)
    for english, korean in known.items():
        assert re.search("[가-힣]", korean), english
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", korean))


@pytest.mark.asyncio(loop_scope="session")
async def test_a_korean_browser_reads_korean(browser: Browser) -> None:
    """Its frame and its menus; a message that says "Reply" stays as it was written."""
    async with Playground() as playground:
        context = await browser.new_context(locale="ko-KR")
        page = await context.new_page()
        await page.goto(playground.page)
        await expect(page.get_by_text("이 기기에서만", exact=True)).to_be_visible()
        box = page.locator("#composer-textarea")
        await box.fill("Reply")
        await box.press("Enter")
        message = page.locator("#messages .message").last
        await expect(message).to_contain_text("Reply")
        await message.click(button="right", position={"x": 2, "y": 2})
        await expect(page.get_by_role("menuitem", name="답장")).to_be_visible()
        assert await page.evaluate("document.documentElement.lang") == "ko"
        await context.close()
