"""What a newcomer does: start the playground, open the page, post a picture."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import expect

from tests.browser import Watched, open_browser, open_page
from tests.screenshots import post, running_playground


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def watched() -> AsyncIterator[Watched]:
    """Return the page of a playground, once Bobby has said hello."""
    async with (
        open_browser() as browser,
        running_playground() as where,
        open_page(browser, where["page"]) as watched,
    ):
        await watched.page.locator("#messages .embed").first.wait_for()
        yield watched


@pytest.mark.parametrize(("picture", "animal"), [("bobby.jpg", "dog"), ("horse.jpg", "horse")])
async def test_a_caption_in_the_page_names_the_animal(
    watched: Watched, shared_data: Path, picture: str, animal: str
) -> None:
    """One sentence, the receipt below it, and a button whose press gives three other ways."""
    await post(watched.page, shared_data / picture, "!caption")
    answer = watched.page.locator("#messages .embed").last
    sentence, *receipt = (await answer.inner_text()).splitlines()
    assert animal in sentence
    assert sentence.endswith(".")
    assert "caption_small" in receipt[-1]
    await watched.page.get_by_role("button", name="More captions").last.click()
    await expect(watched.page.locator("#messages .embed").last.locator("li")).to_have_count(3)
    assert watched.complaints == []


async def test_a_picture_posted_in_the_page_is_answered(
    watched: Watched, shared_data: Path
) -> None:
    """The page opens with Bobby's hello, and the dog's picture is answered within it."""
    hello = watched.page.locator("#messages .embed").first
    assert "!classify" in await hello.inner_text()
    await post(watched.page, shared_data / "bobby.jpg", "!classify")
    answer = watched.page.locator("#messages .embed").last
    text = await answer.inner_text()
    figure = next(part for part in text.split() if part.replace(".", "").isdecimal())
    assert "golden retriever" in text.splitlines()[0]
    assert float(figure) >= 90
    crop = answer.get_by_role("img").first
    assert "golden retriever" in (await crop.get_attribute("alt") or "")
    assert watched.complaints == []


async def test_a_horse_posted_in_the_page_becomes_a_zebra(
    watched: Watched, shared_data: Path
) -> None:
    """With nothing downloaded; the classifier agrees, and the sky stays as it was."""
    await post(watched.page, shared_data / "horse.jpg", "!zebra")
    answer = watched.page.locator("#messages .embed").last
    text = await answer.inner_text()
    assert "sorrel" in text
    assert "→ zebra" in text
    assert "horse2zebra_small" in text
    zebra = answer.get_by_role("img").last
    assert "zebra" in (await zebra.get_attribute("alt") or "")
    url = await zebra.get_attribute("src") or ""
    async with aiohttp.ClientSession() as session, session.get(url) as file:
        painted = Image.open(io.BytesIO(await file.read())).convert("RGB")
    horse = Image.open(shared_data / "horse.jpg").convert("RGB")
    assert painted.size == horse.size
    sky, body = (0, 0, 1500, 120), (350, 480, 900, 700)
    assert _changed(horse, painted, sky) < 0.5
    assert _changed(horse, painted, body) > 20
    assert watched.complaints == []


def _changed(before: Image.Image, after: Image.Image, box: tuple[int, int, int, int]) -> float:
    """Return the mean absolute difference, of 255, inside `box`."""
    difference = ImageChops.difference(before.crop(box), after.crop(box))
    return sum(ImageStat.Stat(difference).mean) / 3


async def test_a_model_is_readable_on_a_narrow_screen(tmp_path: Path) -> None:
    """At 360 pixels the page scrolls only downwards, whatever the outline is wide."""
    async with (
        open_browser() as browser,
        running_playground() as where,
        open_page(browser, where["page"]) as narrow,
    ):
        await narrow.page.set_viewport_size({"width": 360, "height": 720})
        await narrow.page.locator("#composer-textarea").fill("!model resnet101")
        await narrow.page.locator("#composer-textarea").press("Enter")
        outline = narrow.page.locator("#messages .embed pre")
        await outline.wait_for()
        assert "Bottleneck" in await outline.inner_text()
        wide = await narrow.page.evaluate("document.documentElement.scrollWidth")
        right = await narrow.page.evaluate(
            "Math.max(...[...document.querySelectorAll('.embed')]"
            ".map((node) => node.getBoundingClientRect().right))"
        )
        assert wide <= 360
        assert right <= 360
        await narrow.page.screenshot(path=tmp_path / "model.png")
