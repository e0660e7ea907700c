"""Makes the README's screenshots: `python -m tests.screenshots DOG HORSE FOLDER`.

Starts the playground as a newcomer would, posts the pictures DOG and HORSE with a command each in
a real Chromium, and saves the page into FOLDER. The end-to-end test of the page goes the same way.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page

from tests.browser import open_browser, open_page


@asynccontextmanager
async def running_playground() -> AsyncIterator[dict[str, str]]:
    """Start `bobby playground --json` and yield what it prints once the bot can answer."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "playground", "--json"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        where: dict[str, str] = json.loads(await process.stdout.readline())
        yield where
    finally:
        process.terminate()
        await process.wait()


async def post(page: Page, picture: Path, text: str) -> None:
    """Attach `picture`, write `text`, send it, and wait until Bobby's answer is on the page."""
    answers = page.locator("#messages .embed")
    before = await answers.count()
    await page.set_input_files("input[type=file]", picture)
    await page.locator("#composer-textarea").fill(text)
    await page.locator("#composer-textarea").press("Enter")
    await answers.nth(before).wait_for(timeout=30_000)
    # A function, since the page's policy forbids what a string would be turned into.
    await page.wait_for_function("() => [...document.images].every(image => image.complete)")


async def shoot(where: dict[str, str], picture: Path, command: str, path: Path) -> None:
    """Post `picture` with `command` to a page of its own and save it as `path`."""
    async with (
        open_browser() as browser,
        open_page(browser, where["page"], width=1000, height=760, scheme="light") as watched,
    ):
        await watched.page.locator("#messages .embed").first.wait_for()
        await post(watched.page, picture, command)
        await watched.page.locator("#messages .embed").last.scroll_into_view_if_needed()
        await watched.page.screenshot(path=path)


async def main() -> None:
    """Make every screenshot."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("dog", "horse", "folder"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    async with running_playground() as where:
        await shoot(where, options.dog, "!classify", options.folder / "classify.png")
        await shoot(where, options.horse, "!zebra", options.folder / "zebra.png")
        await shoot(where, options.dog, "!caption", options.folder / "caption.png")


if __name__ == "__main__":
    asyncio.run(main())
