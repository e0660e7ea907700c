"""The chat page in a real browser, before a real playground with a small real bot logged in.

Gives the page's tests the fixture `chat` and few verbs; each test ends with a look at what the page
complained of, which must be nothing unless the test expects it.
"""

import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from bot.app.discord_patches import DISCORD, point_discord_at
from bot.playground.model.records import Message
from bot.playground.server import Playground
from tests.browser import Watched, open_page
from tests.playground.clients import eventually
from tests.playground.page_bot import PageBot, running_bot

_GIVE_FILE = """([kind, name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const give = (event, make) => document.activeElement.dispatchEvent(new make(event, {
    bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer }));
  if (kind === "paste") give("paste", ClipboardEvent);
  else for (const event of ["dragenter", "dragover", "drop"]) give(event, DragEvent);
}"""


def picture(width: int = 96, height: int = 64, color: str = "#f5b54a") -> bytes:
    """Return a PNG of one color."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), color).save(file, "PNG")
    return file.getvalue()


def upload(name: str = "dog.png", data: bytes | None = None) -> FilePayload:
    """Return a picture as a file chooser takes it."""
    return {"name": name, "mimeType": "image/png", "buffer": data or picture()}


@dataclass
class Chat:
    """The open page, and the server and bot behind it."""

    playground: Playground
    bot: PageBot
    watched: Watched
    expected: list[str] = field(default_factory=list)
    """Parts of complaints that this test provokes."""

    @property
    def page(self) -> Page:
        """The browser's page."""
        return self.watched.page

    @property
    def box(self) -> Locator:
        """The message box."""
        return self.page.locator("#composer-textarea")

    @property
    def messages(self) -> Locator:
        """Every message in the log, oldest first."""
        return self.page.locator("#messages > .message")

    @property
    def posted(self) -> list[Message]:
        """What the server keeps of the channel, oldest first."""
        return list(self.playground.world.channel.messages.values())

    def with_text(self, text: str) -> Locator:
        """Return the messages in whose body `text` stands."""
        body = self.page.locator(".message-body", has_text=text)
        return self.page.locator("#messages > .message", has=body)

    async def say(self, text: str) -> Locator:
        """Write and send `text`; return its message once it is there."""
        await self.box.fill(text)
        return await self.send()

    async def send(self) -> Locator:
        """Send what stands in the message box; return its message once it is there."""
        known = {one.id for one in self.posted}
        me = self.playground.world.owner

        def fresh() -> list[Message]:
            return [one for one in self.posted if one.author is me and one.id not in known]

        await self.box.press("Enter")
        await eventually(fresh)
        said = self.page.locator(f"#message-{fresh()[0].id}")
        await expect(said).to_be_visible()
        return said

    async def choose(self, *files: FilePayload) -> None:
        """Attach files by the button."""
        async with self.page.expect_file_chooser() as chooser:
            await self.page.get_by_role("button", name="Attach files").click()
        await (await chooser.value).set_files(list(files))

    async def give(self, kind: str, name: str, data: bytes) -> None:
        """Drop (kind "drop") or paste ("paste") a picture onto the page."""
        encoded = base64.b64encode(data).decode()
        await self.page.evaluate(_GIVE_FILE, [kind, name, "image/png", encoded])

    async def menu(self, message: Locator, entry: str) -> None:
        """Choose `entry` in the menu that a right click on `message` opens."""
        await message.locator(".message-main").click(button="right", position={"x": 2, "y": 2})
        await self.page.get_by_role("menuitem", name=entry).click()

    async def pick_command(self, name: str) -> None:
        """Type a command's name and pick it."""
        await self.box.press_sequentially(f"/{name}")
        await expect(self.page.get_by_role("option", name=f"/{name}")).to_be_visible()
        await self.box.press("Enter")
        await expect(self.page.locator(".command-name")).to_have_text(f"/{name}")

    async def look(self, name: str, folder: Path) -> Path:
        """Keep a screenshot, to show why a test failed."""
        path = folder / f"{name}.png"
        await self.page.screenshot(path=path)
        return path


@asynccontextmanager
async def open_chat(
    browser: Browser, *, width: int = 1200, height: int = 800, settle: bool = True
) -> AsyncIterator[Chat]:
    """Start a playground and its bot and open the page; yields when the page is ready."""
    async with Playground() as playground:
        try:
            async with (
                running_bot(playground) as bot,
                open_page(browser, playground.page, width=width, height=height) as watched,
            ):
                chat = Chat(playground, bot, watched)
                if settle:
                    await expect(watched.page.locator("#app[data-ready]")).to_be_visible()
                yield chat
        finally:
            point_discord_at(DISCORD)


@pytest_asyncio.fixture(loop_scope="session")
async def chat(browser: Browser) -> AsyncIterator[Chat]:
    """Open the page for one test; afterwards, the page must have nothing to complain of."""
    async with open_chat(browser) as opened:
        yield opened
        unexpected = [
            complaint
            for complaint in opened.watched.complaints
            if not any(part in complaint for part in opened.expected)
        ]
        assert not unexpected
