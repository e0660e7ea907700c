"""`bobby zebra`: a picture file through a generator, by the very worker that answers people."""

import asyncio
from pathlib import Path

import msgspec

from bot.cli.pictures import display_name, read_file
from bot.cli.worker import OPERATOR, label_json, print_error, warm_worker
from bot.core.console import print_json, print_line
from bot.core.errors import BobbyError
from bot.core.settings import Settings
from bot.replies.text import verdict
from models.jobs.answers import Translated
from models.jobs.requests import Translate


async def translate_file(
    settings: Settings,
    file: Path,
    output: Path,
    wanted: Translate,
    *,
    as_json: bool,
) -> bool:
    """Write the translation of `file` to `output`, say what became of it; return whether it went.

    `wanted` is the job, its picture still empty. The answer's format follows from the picture,
    and `output` gets the extension that is true of it.

    Raises:
        SetupError: The worker can't be started.
    """
    async with warm_worker(settings) as executor:
        try:
            data = await asyncio.to_thread(read_file, file, settings.max_file_mib * 2**20)
            job = msgspec.structs.replace(wanted, picture=data)
            answer = await executor.submit(job, OPERATOR)
            written = await asyncio.to_thread(_write, output, answer)
        except OSError as error:
            print_error(
                file,
                f"{display_name(Path(error.filename or output))} can't be used: {error.strerror}.",
                as_json=as_json,
            )
            return False
        except BobbyError as error:
            print_error(file, str(error), as_json=as_json)
            return False
    _print(file, written, answer, as_json=as_json)
    return True


def _write(output: Path, answer: Translated) -> Path:
    extension = f".{answer.image.extension}"
    alike = {".jpeg": ".jpg", ".apng": ".png"}
    suffix = output.suffix.lower()
    path = output if alike.get(suffix, suffix) == extension else output.with_suffix(extension)
    path.write_bytes(answer.image.data)
    return path


def _print(file: Path, written: Path, answer: Translated, *, as_json: bool) -> None:
    seen = answer.verdict
    if as_json:
        print_json(
            {
                "file": display_name(file),
                "model": answer.model,
                "output": display_name(written),
                "size": [answer.image.width, answer.image.height],
                "sure": seen.expected,
                "before": label_json(seen.before),
                "after": label_json(seen.after),
            }
        )
        return
    size = f"{answer.image.width}×{answer.image.height}"
    print_line(f"{display_name(file)} → {display_name(written)}  ({size})")
    print_line(f"  {verdict(seen)}")
    if not seen.expected:
        print_line(f"  {answer.model} knows only {answer.expects}.")
    for note in (*answer.notes, *filter(None, [answer.substitution])):
        print_line(f"  {note}")
