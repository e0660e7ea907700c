"""The page by axe-core's rules: nothing serious for people who can't see or use a mouse.

axe-core (npm, MPL-2.0) is no part of the project: the test takes it from `node_modules` beside the
checkout's files, where `npm install --no-save axe-core` puts it, and skips where it is absent.
"""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page

from tests.browser import open_browser, open_page
from tests.screenshots import post, running_playground

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}


@pytest.fixture
def axe() -> str:
    """Return axe-core's program."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here: `npm install --no-save axe-core` brings it.")
    return AXE.read_text(encoding="utf-8")


async def violations(page: Page, axe: str) -> list[str]:
    """Return what is seriously wrong with the page as it is now."""
    await page.evaluate(axe)
    found: dict[str, Any] = await page.evaluate("axe.run(document)")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:150]}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
async def test_nothing_serious_is_wrong(
    axe: str, shared_data: Path, scheme: Literal["light", "dark"]
) -> None:
    """With answers, their buttons and menus, the list of commands, and a message's menu open."""
    async with (
        open_browser() as browser,
        running_playground() as where,
        open_page(browser, where["page"], scheme=scheme) as watched,
    ):
        page = watched.page
        await page.locator("#messages .embed").first.wait_for()
        for command in ("!classify", "!why"):
            await post(page, shared_data / "bobby.jpg", command)
        assert await violations(page, axe) == []
        await page.locator("#composer-textarea").fill("/")
        await page.get_by_role("option").first.wait_for()
        assert await violations(page, axe) == []
        await page.locator("#composer-textarea").fill("")
        await page.locator("#messages > *").last.click(button="right")
        await page.get_by_role("menuitem").first.wait_for()
        assert await violations(page, axe) == []
