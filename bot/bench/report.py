"""`bobby bench`: Bobby beside what else could be built, in one run, as ratios.

Owns what is asked for, the table and the JSON. `bot.bench.executor` does the measuring;
everything that needs torch runs in a process of its own, `models.bench.server`.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from bot.bench.baseline_process import Contenders
from bot.bench.executor import Sizes, measure_executor, measure_precisions, measure_whole
from bot.bench.figures import Figure, progress
from bot.bench.soak import figures as figures_of
from bot.bench.soak import soak
from bot.core.console import print_json, print_line
from bot.core.errors import SetupError
from bot.core.settings import Settings


async def bench_executor(
    settings: Settings, picture: Path | None, sizes: Sizes, *, as_json: bool
) -> None:
    """Measure the executor beside a bare loop, a naive bot and a direct call, and print it.

    Raises:
        SetupError: The worker or what it is measured beside can't be started.
    """
    async with _contenders(settings, picture) as contenders:
        figures = await measure_executor(settings, contenders, sizes)
    _print(figures, as_json=as_json)


async def bench_classify(
    settings: Settings, picture: Path | None, sizes: Sizes, pictures: Path | None, *, as_json: bool
) -> None:
    """Measure the network in each precision beside float32, and how often the best label agrees.

    The agreement needs a folder of real `pictures`.

    Raises:
        SetupError: The process that measures can't be started.
    """
    async with _contenders(settings, picture) as contenders:
        figures = await measure_precisions(settings, contenders, sizes, pictures)
    _print(figures, as_json=as_json)


async def bench_whole(
    settings: Settings, kind: str, picture: Path | None, sizes: Sizes, *, as_json: bool
) -> None:
    """Measure zebras or captions (`kind`) by the executor, a direct call and a naive bot.

    Raises:
        SetupError: The worker or what it is measured beside can't be started.
    """
    settings = settings.model_copy(update={"default_model": "efficientnet_lite0"})
    async with _contenders(settings, picture) as contenders:
        figures = await measure_whole(settings, contenders, kind, sizes)
    _print(figures, as_json=as_json)


async def bench_soak(settings: Settings, jobs: int, kills: int, *, as_json: bool) -> bool:
    """Run a soak, print it, and return whether every job was answered once or refused by name.

    Raises:
        SetupError: The worker can't be started.
    """
    begun = time.perf_counter()
    tally = await soak(settings, jobs, kills)
    _print(figures_of(tally, time.perf_counter() - begun), as_json=as_json)
    for sentence in tally.wrong[:10]:
        progress(f"WRONG: {sentence}")
    return not tally.wrong


@contextlib.asynccontextmanager
async def _contenders(settings: Settings, picture: Path | None) -> AsyncIterator[Contenders]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if picture is not None:
            try:
                shutil.copyfile(picture, folder / "picture.jpg")
            except OSError as error:
                raise SetupError(f"{picture} can't be read: {error.strerror}.") from None
        async with Contenders(settings, folder) as contenders:
            facts = contenders.facts
            progress(
                f"{facts['model']} ({facts['weights']}) on {facts['device']},"
                f" {settings.precision}, {facts['threads']} threads"
            )
            if facts["stand_in"]:
                progress("  Its weights are not here: random ones take the same time.")
            if settings.precision not in facts["fast"]:
                progress(f"  This device has no units for {settings.precision}: expect it slow.")
            yield contenders


def _print(figures: Mapping[str, Figure], *, as_json: bool) -> None:
    """Print every figure: its median, and the least and the most where it was taken repeatedly."""
    if not as_json:
        for figure in figures.values():
            print_line(figure.as_line())
        return
    values: dict[str, object] = {}
    for key, figure in figures.items():
        stem, _, unit = key.rpartition("_")
        values[key] = figure.median
        if len(figure.values) > 1:
            values |= {
                f"{stem}_least_{unit}": min(figure.values),
                f"{stem}_most_{unit}": max(figure.values),
            }
    print_json(values)
