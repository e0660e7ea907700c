"""What people read, in their language: English as it stands in the code, or a catalog's words.

`tr("Send {count} more.", count=3)` translates and fills in, for the person being answered;
`tr_n` chooses between one and many; `later` marks a sentence that is translated when it is shown;
`label` names an ImageNet class. Who is being answered is a context variable, set where a question
begins (`speak_to`). What the worker says comes as `models.jobs.Said` and goes through `tr` as well.
The operator's texts (command line, log) stay English. Catalogues are gettext's, in `locales/`;
`python -m tests.translations` brings them up to date.
"""

import gettext
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.jobs.base import Said

if TYPE_CHECKING:
    import discord

LOCALES = Path(__file__).parent / "locales"
ENGLISH, KOREAN = "en", "ko"
LANGUAGES = {ENGLISH: "English", KOREAN: "한국어"}
"""What Bobby speaks, each by its own name."""

_speaking: ContextVar[str] = ContextVar("language", default=ENGLISH)


def speak_to(*wishes: "str | discord.Locale | None") -> None:
    """Speak, for the rest of this task, the first of `wishes` that there is, else English.

    A wish is a locale such as "ko" or "pt-BR"; one that Bobby does not speak is English.
    """
    wish = next((str(wish) for wish in wishes if wish), ENGLISH)
    code = wish.partition("-")[0]
    _speaking.set(code if code in LANGUAGES else ENGLISH)


def current_language() -> str:
    """Return the language that is being spoken, by its code."""
    return _speaking.get()


def tr(text: str | Said, /, **values: object) -> str:
    """Return `text` in the language that is being spoken, its {names} filled in by `values`.

    A text that the catalog does not have stays as it is.
    """
    return translate_to(current_language(), text, **values)


def translate_to(language: str, text: str | Said, /, **values: object) -> str:
    """Return `text` in `language`, see `tr`."""
    if isinstance(text, Said):
        inner = {
            key: translate_to(language, value) if isinstance(value, Said) else value
            for key, value in text.values.items()
        }
        return translate_to(language, text.template, **inner)
    said = _catalog("bobby", language).gettext(text) if text else text
    return said.format_map(values) if values else said


def tr_n(one: str, many: str, /, count: int, **values: object) -> str:
    """Return `one` or `many`, whichever goes with `count`, with {count} and `values` filled in."""
    said = _catalog("bobby", current_language()).ngettext(one, many, count)
    return said.format_map({"count": count, **values})


def later(text: str) -> str:
    """Return `text`; it is for the catalog, and translated by `tr` when it is shown."""
    return text


def label(name: str) -> str:
    """Return what an ImageNet class is called, with the English name beside it.

    A label that is none, such as a taught one, stays as it is.
    """
    named = _catalog("labels", current_language()).gettext(name) if name else name
    return name if named == name else f"{named} ({name})"


@cache
def _catalog(domain: str, language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(domain, LOCALES, [language])
