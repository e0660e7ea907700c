"""`bobby read`: the words in picture files."""

from collections.abc import Sequence
from pathlib import Path

from bot.cli.pictures import display_name
from bot.cli.worker import answer_files
from bot.core.console import print_json, print_line
from bot.core.settings import Settings
from bot.replies.read import plain, remarks
from models.jobs.answers import ReadText
from models.jobs.requests import Read


async def read_files(
    settings: Settings,
    files: Sequence[Path],
    model: str | None,
    *,
    recursive: bool,
    as_json: bool,
) -> bool:
    """Print the words in each of `files`; return whether all went well.

    Raises:
        SetupError: The worker can't be started.
    """

    def ask(picture: bytes) -> Read:
        return Read(picture=picture, model=model)

    show = _print_json if as_json else _print_text
    return await answer_files(settings, files, ask, show, recursive=recursive, as_json=as_json)


def _print_json(file: Path, text: ReadText) -> None:
    print_json(
        {
            "file": display_name(file),
            "model": text.model,
            "text": plain(text),
            "lines": [
                {
                    "text": line.text,
                    "score": line.score,
                    "corners": list(zip(line.corners[::2], line.corners[1::2], strict=True)),
                    "paragraph": line.paragraph,
                    "unsure": list(line.unsure),
                }
                for line in text.lines
            ],
            "illegible": text.illegible,
            "unread": text.unread,
        }
    )


def _print_text(file: Path, text: ReadText) -> None:
    print_line(f"{display_name(file)}  ({text.width}×{text.height})")
    print_line("\n".join(f"  {line}".rstrip() for line in plain(text).splitlines()))
    notes = [*remarks(text), *map(str, text.notes), *filter(None, [text.substitution])]
    for note in notes:
        print_line(f"  ({note})")
