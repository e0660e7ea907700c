"""Files as people really bring them, through all of Bobby: the answer, and its small print."""

from collections.abc import Callable

import pytest
from PIL import Image

from models.bench.pictures import photograph
from tests.e2e.chat_user import ChatUser, said
from tests.models.images.test_paper import bmp, drawing, fading
from tests.models.images.test_png import BALLAST, with_chunks
from tests.models.pictures import encoded, heic, scene

WHITE = (255, 255, 255)
FILES: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "unended.jpg": (lambda: photograph(320, 240)[:-2], None),
    "torn.jpg": (lambda: photograph(320, 240)[:-4000], "of the picture is missing"),
    "workflow.png": (lambda: with_chunks(BALLAST["zTXt"]), None),
    "profile.png": (lambda: with_chunks(BALLAST["profile of 2 MB"]), None),
    "fade.gif": (lambda: fading("GIF", "black"), "because the animation begins blank"),
    "logo.png": (lambda: drawing(WHITE), "shown on black"),
    "empty alpha.bmp": (lambda: bmp(scene(), 0), None),
    "phone.heic": (lambda: heic(scene((320, 240))), None),
}


@pytest.mark.parametrize("name", FILES)
async def test_it_is_answered(user: ChatUser, name: str) -> None:
    """With labels, and the small print where something had to be done to see it."""
    make, note = FILES[name]
    answer = said(await user.ask("!classify", (name, make())))
    assert "efficientnet_lite0" in answer
    small = [line for line in answer.splitlines() if line.startswith("-# ")]
    notes = [line for line in small if "missing" in line or "blank" in line or "black" in line]
    assert len(notes) == (1 if note else 0)
    assert note is None or note in notes[0]


async def test_a_plain_picture_has_no_reason(user: ChatUser) -> None:
    """There is nothing in it to point at."""
    plain = "plain.png", encoded(Image.new("RGB", (200, 150), "gray"))
    assert "There is nothing to see in this picture." in said(await user.ask("!why", plain))
