"""The names under which refusals are counted."""

import discord
from discord.ext import commands

from bot.core import errors
from bot.core.metrics import error_code


def test_a_refusal_is_counted_under_its_name() -> None:
    """Ours by their class, an overload by its limit, Discord's as one, and all else as a bug."""
    names = {
        errors.BadPicture("A sentence."): "bad_picture",
        errors.TimedOut("A sentence."): "timed_out",
        errors.Closing("A sentence."): "closing",
        errors.Overloaded("A sentence.", limit="person"): "overloaded_person",
        errors.Overloaded("A sentence."): "overloaded_other",
        discord.DiscordException(): "discord",
        commands.CommandNotFound(): "discord",
        KeyError("a bug"): "unexpected",
        TimeoutError(): "unexpected",
    }
    assert {error: error_code(error) for error in names} == names
