"""The command line: `bobby run`, `playground`, `classify`, `bench` and the rest.

Reads the settings once and hands them on. Each command imports what it needs when it runs, so that
`bobby --help` is instant and the bot process stays small.
"""

import sys
from pathlib import Path

import click

from bot.bench.cli import bench
from bot.core.console import finish, prepare
from bot.core.errors import SetupError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bobby")
def cli() -> None:
    """Bobby lets a community try pretrained vision models on its pictures."""


@cli.command()
def run() -> None:
    """Log in to Discord and answer people. Needs DISCORD_TOKEN."""
    from bot.app.lifecycle import run_on_discord

    settings = prepare()
    finish(run_on_discord(settings))


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="a free one",
    help="Port of the page.",
)
@click.option("--no-browser", is_flag=True, help="Only print the page's link.")
@click.option("--json", "as_json", is_flag=True, help="Print how to reach everything as JSON.")
def playground(port: int, *, no_browser: bool, as_json: bool) -> None:
    """Try Bobby in a chat page on this machine, without Discord and without a token."""
    from bot.cli.playground import play

    settings = prepare()
    finish(play(settings, port=port, browser=not (no_browser or as_json), as_json=as_json))


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", help="The model to ask; the default one otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
def classify(files: tuple[Path, ...], model: str | None, *, as_json: bool) -> None:
    """Name the five most likely labels of picture FILES."""
    from bot.cli.classify import classify_files

    settings = prepare()
    if not finish(classify_files(settings, files, model, as_json=as_json)):
        sys.exit(1)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", help="The captioner to ask; the default one otherwise.")
@click.option("--beams", type=click.IntRange(1, 10), help="Captions searched side by side.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file.")
def caption(
    files: tuple[Path, ...], model: str | None, beams: int | None, *, as_json: bool
) -> None:
    """Say in English what picture FILES show."""
    from bot.cli.caption import caption_files

    if not finish(caption_files(prepare(), files, model, beams, as_json=as_json)):
        sys.exit(1)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The answer.")
@click.option("--pair", help="What to turn into what; horse2zebra otherwise.")
@click.option("--size", type=click.IntRange(min=32), help="Short side at which to work; 256.")
@click.option("--as-in-book", is_flag=True, help="Follow the chapter's notebook to the letter.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def zebra(
    file: Path,
    output: Path,
    pair: str | None,
    size: int | None,
    *,
    as_in_book: bool,
    as_json: bool,
) -> None:
    """Turn the horse in picture FILE into a zebra."""
    from bot.cli.zebra import translate_file
    from models.jobs.requests import Translate

    # A disk takes what Discord would not: only the frames between the processes set a limit.
    most = 128 * 2**20
    wanted = Translate(picture=b"", max_bytes=most, model=pair, size=size, as_in_book=as_in_book)
    if not finish(translate_file(prepare(), file, output, wanted, as_json=as_json)):
        sys.exit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a model.")
def models(*, as_json: bool) -> None:
    """List every model: task, parameters, weights, and where they are."""
    from bot.cli.models import list_models

    settings = prepare()
    finish(list_models(settings, as_json=as_json))


cli.add_command(bench)


@cli.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option("--all", "everything", is_flag=True, help="Every model whose weights are missing.")
def fetch(names: tuple[str, ...], *, everything: bool) -> None:
    """Download the weights of each MODEL, as published, and go on with half a download."""
    from bot.cli.weights import fetch_models

    if bool(names) == everything:
        raise click.UsageError("Name the models to fetch, or say --all.")
    if not finish(fetch_models(prepare(), names)):
        sys.exit(1)


@cli.command()
def verify() -> None:
    """Read all weights that are here and check that they are what was published."""
    from bot.cli.weights import verify_weights

    if not finish(verify_weights(prepare())):
        sys.exit(1)


@cli.command()
@click.option("--yes", is_flag=True, help="Remove without asking.")
def clean(*, yes: bool) -> None:
    """Remove what is left of downloads, and files that belong to no model."""
    from bot.cli.weights import remove, strays
    from bot.library.downloads.progress import size

    settings = prepare()
    found = finish(strays(settings))
    for path in found:
        click.echo(f"{path}  ({size(path.stat().st_size)})")
    if not found:
        click.echo(f"There is nothing to remove in {settings.weights_folder}.")
    elif yes or click.confirm(f"Remove {'these' if len(found) > 1 else 'this'}?", abort=True):
        remove(found)


@cli.group()
def hub() -> None:
    """Take classifiers from Torch Hub: strangers' code, each repository in a worker of its own."""


@hub.command("add")
@click.argument("source", metavar="OWNER/REPO@COMMIT")
@click.option("--entry", "entries", multiple=True, help="An entry point that people may ask for.")
@click.option("--argument", "given", multiple=True, metavar="NAME=VALUE", help="Handed to it.")
def hub_add(source: str, entries: tuple[str, ...], given: tuple[str, ...]) -> None:
    """Fetch a repository's code, show what it is without running it, and list it."""
    from bot.cli.hub import add, read_arguments

    name, _, commit = source.partition("@")
    settings = prepare()
    try:
        arguments = read_arguments(given)
    except SetupError as error:
        raise click.UsageError(str(error)) from None
    finish(add(settings, name, commit, entries, arguments))


@hub.command("fetch")
def hub_fetch() -> None:
    """Fetch what is missing of every listed repository: code and weights."""
    from bot.cli.hub import fetch

    if not finish(fetch(prepare())):
        sys.exit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a finding.")
def doctor(*, as_json: bool) -> None:
    """Look at everything Bobby needs, and say of each whether it is right or what to do."""
    from bot.cli.doctor import examine

    if not finish(examine(prepare(), as_json=as_json)):
        sys.exit(1)


@cli.command()
def status() -> None:
    """Say how the Bobby that runs on this machine is. Needs BOBBY_METRICS_PORT."""
    from bot.cli.status import show_status

    if not finish(show_status(prepare())):
        sys.exit(1)


def main() -> None:
    """Run the command line; the console script `bobby` calls it."""
    cli()
