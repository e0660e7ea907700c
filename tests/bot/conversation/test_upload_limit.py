"""How large a file an answer may have."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.conversation.interaction_responder import InteractionResponder
from bot.conversation.reply import UPLOAD_AIM


@pytest.mark.parametrize("room", [UPLOAD_AIM // 2, UPLOAD_AIM, 50 * UPLOAD_AIM])
def test_it_is_discords_and_never_more_than_is_worth_while(room: int) -> None:
    """Discord tells its limit with each interaction; beyond ours, files are only slow."""
    told: Any = SimpleNamespace(filesize_limit=room)
    responder = InteractionResponder.__new__(InteractionResponder)
    responder.interaction = told
    assert responder.upload_limit == min(room, UPLOAD_AIM)
    assert responder.upload_limit <= UPLOAD_AIM
