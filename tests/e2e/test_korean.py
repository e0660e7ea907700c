"""The same questions asked in Korean: by a person's Discord, a server's, or a server's choice."""

import re
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import expect

from bot.app.command_sync import published
from bot.core.i18n import ENGLISH, KOREAN, translate_to
from tests.browser import open_browser
from tests.e2e import pictures
from tests.e2e.chat_user import said
from tests.e2e.conftest import Env
from tests.e2e.test_models import buttons
from tests.e2e.test_settings import Server, server
from tests.playground.clients import eventually

__all__ = ["server"]

GRAY = ("grey.png", pictures.plain("grey"))
WORDS = {
    "!help": "저는 사진을 봐요",
    "!status": "준비된 모델",
    "!privacy": "올리신 사진이 어떻게 되나요",
    "!models": "모델",
    "!taught": "아직 여기서 배운 것이 없어요",
    "!classify": "여기서 사진을 찾지 못했어요",
    "!classify alexnot": "모델은 없어요",
    "!translate": "무엇을 무엇으로 바꿀까요",
    "!teach x": "권한이 있는 분만",
}


@pytest_asyncio.fixture(loop_scope="package")
async def korean(server: Server) -> Server:
    """Return a server whose own language is Korean."""
    server.env.playground.world.set_locale(server.guild, KOREAN)
    bot = server.env.bot
    await eventually(
        lambda: (
            (guild := bot.get_guild(server.guild.id)) is not None
            and str(guild.preferred_locale) == KOREAN
        )
    )
    return server


async def test_a_korean_server_is_answered_in_korean(korean: Server, shared_data: Path) -> None:
    """Labels with the English beside them, refusals, buttons, all of it."""
    dog = ("bobby.jpg", (shared_data / "bobby.jpg").read_bytes())
    answer = await korean.member.ask("!classify", dog)
    assert "**골든 리트리버 (golden retriever)**" in said(answer)
    assert "파이썬 코드" in buttons(answer)


async def test_the_small_print_is_korean_too(korean: Server, shared_data: Path) -> None:
    """The head of a table, and what is not stated."""
    horse = ("horse.jpg", (shared_data / "horse.jpg").read_bytes())
    assert "`연도    MB" in said(await korean.member.ask("!compare efficientnet_lite0", horse))
    assert "밝히지 않음" in said(await korean.member.ask("!models task:translate"))


async def test_every_command_speaks_korean(korean: Server) -> None:
    """Their answers and their refusals."""
    for command, words in WORDS.items():
        files = [GRAY] if command in {"!classify alexnot", "!teach x"} else []
        assert words in said(await korean.member.ask(command, *files)), command


async def test_text_commands_have_korean_names_too(korean: Server) -> None:
    """Those that `!help` lists; the English ones go on."""
    told = said(await korean.member.ask("!도움말"))
    assert "`!분류`" in told
    assert "라벨" in said(await korean.member.ask("!분류", GRAY))
    for name in re.findall(r"`!(\S+?)[ `]", told):
        assert name in korean.env.bot.all_commands, name


async def test_a_direct_message_is_answered_as_it_was_asked(server: Server) -> None:
    """There is no server, and Discord tells no more: the command's name says it."""
    world = server.env.playground.world
    alone = world.open_dm(server.member.person, world.bot)
    assert "저는 사진을 봐요" in said(await server.member.ask("!도움말", channel_id=alone.id))
    assert "What I can do" in said(await server.member.ask("!help", channel_id=alone.id))


async def test_a_person_reads_their_own_language(server: Server) -> None:
    """By interaction each in theirs, whatever the server's; a choice of the server's wins."""
    assert "저는 사진을 봐요" in said(await asked(server, KOREAN))
    assert "What I can do" in said(await asked(server, "en-US"))
    chosen = await server.use(server.manager, "settings", "language", language=KOREAN)
    assert "한국어" in said(chosen)
    assert translate_to(KOREAN, "Server settings") in said(chosen)
    assert "저는 사진을 봐요" in said(await asked(server, "en-US"))
    assert "저는 사진을 봐요" in said(await server.member.ask("!help"))
    await server.use(server.manager, "settings", "language", language=ENGLISH)
    assert "What I can do" in said(await asked(server, KOREAN))


async def asked(server: Server, locale: str) -> Any:
    """Return what `/help` says to somebody whose Discord speaks `locale`."""
    server.member.person.locale = locale
    return await server.use(server.member, "help")


async def test_commands_have_korean_names(server: Server) -> None:
    """Discord shows them to anyone who speaks Korean."""
    there = await published(server.env.bot)
    names = {one["name"]: one.get("name_localizations") for one in there}
    assert names["classify"] == {"ko": "분류"}
    assert names["Describe for alt text"] == {"ko": "대체 텍스트 만들기"}


async def test_the_page_names_commands_and_options_in_korean(env: Env) -> None:
    """The list that opens while one types, the form, and what is missing in it."""
    world = env.playground.world
    async with open_browser() as browser:
        context = await browser.new_context(locale="ko-KR")
        page = await context.new_page()
        await page.goto(env.playground.page)
        box = page.locator("#composer-textarea")
        await box.fill("/분류")
        await expect(page.get_by_role("option").first).to_contain_text("/분류")
        await box.press("Space")
        form = page.locator("#composer-command")
        await expect(form).to_contain_text("/분류")
        for option in ("사진", "모델", "링크"):
            await expect(form).to_contain_text(option)
        assert re.findall("[A-Za-z]+", await form.inner_text()) == []
        await context.close()
    # The page tells the playground its language; the others' server goes on in theirs.
    world.set_locale(world.guild, "en-US")
    bot = env.bot
    await eventually(
        lambda: (one := bot.get_guild(world.guild.id)) and str(one.preferred_locale) != KOREAN
    )
