"""`!shake` and `!try` in the chat."""

from pathlib import Path

from bot.pictures.samples import SAMPLES
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import EPHEMERAL, buttons, page_of, press
from tests.playground.clients import eventually


async def test_a_shaken_dog(user: ChatUser, shared_data: Path) -> None:
    """The strip, a line a change, and the verdict."""
    answer = await user.ask("!shake", ("bobby.jpg", (shared_data / "bobby.jpg").read_bytes()))
    text = said(answer)
    assert "**golden retriever** stayed on top in" in text
    assert text.count("●") + text.count("○") == 7
    assert "rotated 15°" in text
    assert answer["embeds"][0]["image"]["width"] == 7 * 156 - 6
    assert "in a row: original, flipped" in answer["embeds"][0]["image"]["description"]


async def test_a_first_answer_needs_no_upload(env: Env, user: ChatUser) -> None:
    """A button for each sample; the press shows picture, labels and credit, to the presser."""
    offer = await user.ask("!try")
    assert list(buttons(offer)) == [sample.title for sample in SAMPLES.values()]
    async with page_of(env.playground, user.person) as page:
        await press(page, offer, "A cup of coffee")
        await eventually(lambda: any("espresso" in said(m) for m in page.heard("MESSAGE_UPDATE")))
        (answer,) = [m for m in page.heard("MESSAGE_UPDATE") if "espresso" in said(m)]
    assert answer["flags"] & EPHEMERAL
    assert "Rachel Michetti, CC0" in said(answer)
    assert answer["embeds"][0]["image"]["description"] == "A cup of coffee"


def test_every_sample_is_there_and_credited() -> None:
    """A small JPEG each."""
    for sample in SAMPLES.values():
        assert sample.read().startswith(b"\xff\xd8")
        assert len(sample.read()) < 60_000
        assert "CC0" in sample.credit or "public domain" in sample.credit
