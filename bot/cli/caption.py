"""`bobby caption`: what picture files show, in English."""

from collections.abc import Sequence
from pathlib import Path

from bot.cli.pictures import display_name
from bot.cli.worker import answer_files
from bot.core.console import print_json, print_line
from bot.core.settings import Settings
from bot.replies.text import sentence_of
from models.jobs.answers import Captioned
from models.jobs.requests import Caption


async def caption_files(
    settings: Settings,
    files: Sequence[Path],
    model: str | None,
    beams: int | None,
    *,
    recursive: bool,
    as_json: bool,
) -> bool:
    """Print a caption for each of `files`; return whether all went well.

    Raises:
        SetupError: The worker can't be started.
    """

    def ask(picture: bytes) -> Caption:
        return Caption(picture=picture, model=model, beams=beams)

    show = _print_json if as_json else _print_text
    return await answer_files(settings, files, ask, show, recursive=recursive, as_json=as_json)


def _print_json(file: Path, answer: Captioned) -> None:
    print_json(
        {
            "file": display_name(file),
            "model": answer.model,
            "caption": answer.caption,
            "sure": answer.sure,
            "log_probability": answer.log_probability,
            "alternatives": list(answer.alternatives),
        }
    )


def _print_text(file: Path, answer: Captioned) -> None:
    guess = "" if answer.sure else "I'm guessing: "
    print_line(f"{display_name(file)}: {guess}{sentence_of(answer.caption)}")
    for note in (*answer.notes, *filter(None, [answer.substitution])):
        print_line(f"  {note}")
