"""`bobby bench`: what is measured, and how much of it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bot.core.console import load_settings, run_async

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_PICTURE = click.option(
    "--picture",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Image to use. [default: a generated photo]",
)
_MODEL = click.option("--model", help="The classifier; the default one otherwise.")
_ROUNDS = click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)


def _jobs(default: int) -> Callable[[Any], Any]:
    return click.option(
        "--jobs", type=click.IntRange(1), default=default, show_default=True, help="A round."
    )


@click.group(invoke_without_command=True)
@click.pass_context
def bench(context: click.Context) -> None:
    """Benchmark Bobby against simpler designs. Results are ratios; above 1 means Bobby is faster.

    Without a command: the executor.
    """
    if context.invoked_subcommand is None:
        context.invoke(executor)


@bench.command()
@_PICTURE
@_MODEL
@click.option("--rounds", type=click.IntRange(1), help="[default: 3]")
@click.option("--jobs", type=click.IntRange(1), help="A round.  [default: 24]")
@click.option("--large", type=click.IntRange(1), help="At once.  [default: 8]")
@click.option("--thorough", is_flag=True, help="Measure 5 rounds of 200 jobs, 64 at once.")
@_JSON
def executor(
    *,
    picture: Path | None,
    model: str | None,
    rounds: int | None,
    jobs: int | None,
    large: int | None,
    thorough: bool,
    as_json: bool,
) -> None:
    """Compare the executor with a plain loop, a naive bot, a direct call and other runtimes."""
    from bot.bench.executor import Sizes
    from bot.bench.report import bench_executor

    usual = Sizes(5, 200, 64) if thorough else Sizes()
    sizes = Sizes(rounds or usual.rounds, jobs or usual.jobs, large or usual.large)
    run_async(bench_executor(load_settings(default_model=model), picture, sizes, as_json=as_json))


@bench.command()
@_PICTURE
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of real images for comparing precisions with float32.",
)
@_MODEL
@_ROUNDS
@_jobs(200)
@_JSON
def classify(
    *,
    picture: Path | None,
    folder: Path | None,
    model: str | None,
    rounds: int,
    jobs: int,
    as_json: bool,
) -> None:
    """Compare a classifier's speed and top label across precisions."""
    from bot.bench.executor import Sizes
    from bot.bench.report import bench_classify

    sizes = Sizes(rounds, jobs)
    run_async(
        bench_classify(load_settings(default_model=model), picture, sizes, folder, as_json=as_json)
    )


@bench.command()
@_PICTURE
@_ROUNDS
@_jobs(20)
@_JSON
def zebra(*, picture: Path | None, rounds: int, jobs: int, as_json: bool) -> None:
    """Compare zebra generation through the executor, a direct call and a naive bot."""
    _whole("zebra", picture, rounds, jobs, as_json=as_json)


@bench.command()
@_PICTURE
@_ROUNDS
@_jobs(20)
@_JSON
def caption(*, picture: Path | None, rounds: int, jobs: int, as_json: bool) -> None:
    """Measure captions through the executor, by a direct call, and by a naive bot."""
    _whole("caption", picture, rounds, jobs, as_json=as_json)


def _whole(kind: str, picture: Path | None, rounds: int, jobs: int, *, as_json: bool) -> None:
    from bot.bench.executor import Sizes
    from bot.bench.report import bench_whole

    run_async(bench_whole(load_settings(), kind, picture, Sizes(rounds, jobs), as_json=as_json))


@bench.command()
@click.option("--jobs", type=click.IntRange(50), default=10_000, show_default=True)
@click.option("--kills", type=click.IntRange(0), default=20, show_default=True)
@_JSON
def soak(*, jobs: int, kills: int, as_json: bool) -> None:
    """Stress test: run mixed jobs while the worker keeps being killed."""
    from bot.bench.report import bench_soak

    if not run_async(bench_soak(load_settings(), jobs, kills, as_json=as_json)):
        sys.exit(1)
