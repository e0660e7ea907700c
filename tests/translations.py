"""Brings the catalogs of sentences up to date: `python -m tests.translations`.

Collects what people read (marked in the code, and the commands' names and descriptions), adds what
is new to each language's .po, drops what is gone, and compiles the .mo that Bobby reads. What is
then left to do is to translate the entries that are empty, and to run it again.
"""

import importlib
import io
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from discord import app_commands
from discord.ext import commands

from bot.app.client import COGS
from bot.core.i18n import ENGLISH, LANGUAGES, LOCALES
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs

ROOT = Path(__file__).parents[1]
FOLDERS = ("bot", "cogs", "models")
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "tr": None,
    "later": None,
    "say": None,
    "tr_n": (1, 2),
}

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""A date that says nothing, so that only words change a file."""

Text: TypeAlias = str | tuple[str, ...]
"""What is to be translated; a tuple of one and many where it counts something."""


def file(domain: str, language: str, ending: str = "po") -> Path:
    """Return where the catalog of a language lies."""
    return LOCALES / language / "LC_MESSAGES" / f"{domain}.{ending}"


def sentences() -> set[Text]:
    """Return everything that people read and that is not a label."""
    return {*_marked(), *_commands(), *(pair.expects for pair in pairs().values())}


def labels() -> list[str]:
    """Return ImageNet's classes, in their order."""
    return list(catalog()["efficientnet_lite0"].labels)


def _marked() -> Iterator[Text]:
    for folder in FOLDERS:
        found = extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS)
        for _, _, message, _, _ in found:
            yield message


def _commands() -> Iterator[str]:
    nobody: Any = None  # a cog only keeps its bot until it is asked something
    for name in COGS:
        module = importlib.import_module(name)
        for cog in vars(module).values():
            if isinstance(cog, type) and issubclass(cog, commands.Cog) and cog is not commands.Cog:
                yield from _of_cog(cog(nobody))


def _of_cog(cog: commands.Cog) -> Iterator[str]:
    for command in cog.get_commands():
        yield from filter(None, [command.short_doc, command.usage])
    for slash in cog.walk_app_commands():
        yield from (slash.name, slash.description)
        for option in getattr(slash, "parameters", ()):
            yield from (option.name, str(option.description))
    for value in vars(cog).values():
        menus = value if isinstance(value, tuple) else (value,)
        yield from (menu.name for menu in menus if isinstance(menu, app_commands.ContextMenu))


def read(path: Path, language: str) -> Catalog:
    """Return the catalog at `path`, an empty one where there is none."""
    if not path.exists():
        return Catalog(language)
    with path.open("rb") as opened:
        return pofile.read_po(opened, locale=language)


def updated(old: Catalog, texts: Iterable[Text], language: str) -> Catalog:
    """Return a catalog of `texts` with the translations that `old` has of them."""
    new = Catalog(
        language,
        header_comment=f"# Bobby in {LANGUAGES[language]}; see tests/translations.py.",
        creation_date=EPOCH,
        revision_date=EPOCH,
        last_translator="",
        language_team="",
        project="Bobby",
        charset="utf-8",
        fuzzy=False,
    )
    for text in texts:
        known = old.get(text[0] if isinstance(text, tuple) else text)
        new.add(text, known.string if known else None)
    return new


def compiled(known: Catalog) -> bytes:
    """Return the .mo of a catalog."""
    binary = io.BytesIO()
    mofile.write_mo(binary, known)
    return binary.getvalue()


def main() -> None:
    """Bring every language up to date and say what is left to translate."""
    wanted: dict[str, list[Text]] = {
        "bobby": sorted(sentences(), key=lambda text: text if isinstance(text, str) else text[0]),
        "labels": [*labels()],
    }
    for language in LANGUAGES.keys() - {ENGLISH}:
        for domain, texts in wanted.items():
            path = file(domain, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            known = updated(read(path, language), texts, language)
            with path.open("wb") as opened:
                pofile.write_po(opened, known, width=100)
            file(domain, language, "mo").write_bytes(compiled(known))
            empty = sum(1 for message in known if message.id and not any(_strings(message.string)))
            sys.stdout.write(f"{language} {domain}: {len(texts)}, {empty} to translate\n")


def _strings(string: Any) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (string or "",)


if __name__ == "__main__":
    main()
