"""A real Chromium for tests: finds it, starts it with a fresh profile, and watches what pages do.

Knows nothing of the playground. The page's tests and the end-to-end ones share it: a conftest
imports the fixture `browser`, others call `open_browser()`. Where no browser is installed, tests
skip with that reason.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, async_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start a headless Chromium with a profile of its own; skip the test where there is none."""
    path = chromium()
    if path is None:
        pytest.skip(f"No browser here: none of {', '.join(_NAMES)} is on the PATH.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Share one Chromium; tests that use it run in the session's loop (`loop_scope="session"`)."""
    async with open_browser() as started:
        yield started


@dataclass
class Watched:
    """A page, and what it did that a good page does not do."""

    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings in the console, uncaught exceptions, requests to other hosts."""

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _exception(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.netloc != self.host:
            self.complaints.append(f"request to another host: {request.url}")


@asynccontextmanager
async def open_page(
    browser: Browser,
    address: str,
    *,
    width: int = 1200,
    height: int = 800,
    scheme: Literal["dark", "light"] = "dark",
) -> AsyncIterator[Watched]:
    """Open `address` in a fresh profile; yields once the page has loaded.

    Size in CSS pixels. Anyone who opened it says what to make of the complaints.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB"
    )
    try:
        watched = Watched(await context.new_page(), urlsplit(address).netloc)
        watched.page.on("console", watched._console)
        watched.page.on("pageerror", watched._exception)
        watched.page.on("request", watched._request)
        await watched.page.goto(address)
        yield watched
    finally:
        await context.close()
