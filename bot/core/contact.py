"""Whom people turn to when something doesn't work: the operator's link, or the owner's name.

A context variable, set once before Bobby takes in events, whose tasks inherit it.
"""

from contextvars import ContextVar

from bot.core.i18n import tr

_contact: ContextVar[str] = ContextVar("contact", default="")


def turn_to(whom: str) -> None:
    """Name `whom`, for the rest of this task and for those that it starts."""
    _contact.set(whom)


def contact() -> str:
    """Return a sentence on whom to turn to."""
    whom = _contact.get()
    return tr("Contact: {whom}", whom=whom) if whom else tr("Contact: the bot owner")
