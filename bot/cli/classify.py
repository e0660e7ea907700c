"""`bobby classify`: the five most likely labels of picture files."""

from collections.abc import Sequence
from pathlib import Path

from bot.cli.pictures import display_name
from bot.cli.worker import answer_files, label_json
from bot.core.console import print_json, print_line
from bot.core.settings import Settings
from bot.replies.text import bar, percent, receipt
from models.jobs.answers import Labels
from models.jobs.requests import Classify


async def classify_files(
    settings: Settings,
    files: Sequence[Path],
    model: str | None,
    *,
    recursive: bool,
    as_json: bool,
) -> bool:
    """Print the five most likely labels of each of `files`; return whether all went well.

    Raises:
        SetupError: The worker can't be started.
    """

    def ask(picture: bytes) -> Classify:
        return Classify(picture=picture, model=model)

    show = _print_json if as_json else _print_text
    return await answer_files(settings, files, ask, show, recursive=recursive, as_json=as_json)


def _print_json(file: Path, labels: Labels) -> None:
    top = [label_json(label) for label in labels.top]
    answer = {"file": display_name(file), "model": labels.model}
    print_json({**answer, "sure": labels.sure, "labels": top})


def _print_text(file: Path, outcome: Labels) -> None:
    print_line(f"{display_name(file)}  ({outcome.width}×{outcome.height})")
    for label in outcome.top:
        print_line(f"  {bar(label.probability)} {percent(label.probability):>7}  {label.label}")
    notes = [] if outcome.sure else ["The model is not sure."]
    notes += map(str, outcome.notes)
    notes += [str(outcome.substitution)] if outcome.substitution else []
    print_line("\n".join(f"  {note}" for note in [*notes, receipt(outcome)]) + "\n")
