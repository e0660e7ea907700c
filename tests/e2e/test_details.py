"""What an answer says in passing: its color, and what stands behind *Details*."""

import re
from pathlib import Path

from bot.replies.common import RED
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import EPHEMERAL, loaded_again, page_of, press


async def test_details_are_for_the_person_who_presses(
    env: Env, user: ChatUser, shared_data: Path
) -> None:
    """How the answer came about, and what the small picture is; after a restart too."""
    answer = await user.ask("!classify", ("a.jpg", (shared_data / "bobby.jpg").read_bytes()))
    await loaded_again(env, user, "cogs.classify")
    async with page_of(env.playground, user.person) as page:
        await press(page, answer, "Details")
        told = await page.event("MESSAGE_UPDATE")
    assert told["flags"] & EPHEMERAL
    for words in ("Weights ImageNet-1K", "Device cpu", " ms", "The small picture is the part"):
        assert words in said(told)
    assert "Precision float32" in said(told)


async def test_captions_and_zebras_have_them_too(env: Env, user: ChatUser) -> None:
    """Their small print is the model and the time; nothing is told of labels and of a crop."""
    file = ("a.png", pictures.plain("green", (64, 48)))
    for command, model in (("!caption", "caption_small"), ("!zebra size:32", "horse2zebra")):
        answer = await user.ask(command, file)
        footer = answer["embeds"][0]["footer"]["text"]
        assert re.fullmatch(rf"{model}\w* · \d+ ms", footer), footer
        async with page_of(env.playground, user.person) as page:
            await press(page, answer, "Details")
            told = said(await page.event("MESSAGE_UPDATE"))
        assert "Device cpu" in told
        assert "small picture" not in told


async def test_red_is_for_errors_alone(user: ChatUser) -> None:
    """A greeting, a pointer and an empty list are no errors."""
    mention = f"<@{user.playground.bot_user_id}>"
    for words in (mention, "!settings", "!transalte", "!hub"):
        assert (await user.ask(words))["embeds"][0]["color"] != RED.value, words
    assert (await user.ask("!classify"))["embeds"][0]["color"] == RED.value
