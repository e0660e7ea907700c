"""The command line: `bobby run`, `playground`, `classify`, `bench` and the rest.

Reads the settings once and hands them on. Each command imports what it needs when it runs, so that
`bobby --help` is instant and the bot process stays small.
"""

import sys
from pathlib import Path
from typing import Literal

import click

from bot.bench.cli import bench
from bot.core.console import load_settings, open_streams, orderly_end, run_async
from bot.core.errors import SetupError

_RECURSIVE = click.option(
    "--recursive", is_flag=True, help="Look into folders within folders as well."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bobby")
def cli() -> None:
    """Run Bobby, a Discord bot for trying pretrained vision models."""


@cli.command()
def run() -> None:
    """Start the bot on Discord. Requires DISCORD_TOKEN."""
    from bot.app.lifecycle import run_on_discord

    settings = load_settings()
    run_async(run_on_discord(settings))


@cli.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="a free one",
    help="Port for the page.",
)
@click.option("--no-browser", is_flag=True, help="Don't open a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print all URLs and tokens as JSON.")
def playground(port: int, *, no_browser: bool, as_json: bool) -> None:
    """Try Bobby in a local chat page. No Discord account or token needed."""
    from bot.cli.playground import play

    settings = load_settings()
    run_async(play(settings, port=port, browser=not (no_browser or as_json), as_json=as_json))


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_RECURSIVE
@click.option("--model", help="Model to use. [default: BOBBY_DEFAULT_MODEL]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
def classify(files: tuple[Path, ...], model: str | None, *, recursive: bool, as_json: bool) -> None:
    """Print the five most likely labels for each image.

    FILES are images, folders of images, or - for one image on standard input.
    """
    from bot.cli.classify import classify_files

    settings = load_settings()
    answered = classify_files(settings, files, model, recursive=recursive, as_json=as_json)
    if not run_async(answered):
        sys.exit(1)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_RECURSIVE
@click.option("--model", help="The captioner to ask; the default one otherwise.")
@click.option("--beams", type=click.IntRange(1, 10), help="Captions searched side by side.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
def caption(
    files: tuple[Path, ...],
    model: str | None,
    beams: int | None,
    *,
    recursive: bool,
    as_json: bool,
) -> None:
    """Describe each image in one English sentence.

    FILES are images, folders of images, or - for one image on standard input.
    """
    from bot.cli.caption import caption_files

    settings = load_settings()
    answered = caption_files(settings, files, model, beams, recursive=recursive, as_json=as_json)
    if not run_async(answered):
        sys.exit(1)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_RECURSIVE
@click.option("--model", help="Reader to ask first. [default: read]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
def read(files: tuple[Path, ...], model: str | None, *, recursive: bool, as_json: bool) -> None:
    """Print the words in each image, in reading order.

    FILES are images, folders of images, or - for one image on standard input.
    """
    from bot.cli.read import read_files

    settings = load_settings()
    answered = read_files(settings, files, model, recursive=recursive, as_json=as_json)
    if not run_async(answered):
        sys.exit(1)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The answer.")
@click.option("--pair", help="Translation to apply, such as apple2orange. [default: horse2zebra]")
@click.option(
    "--size",
    type=click.IntRange(min=32),
    help="Short side in pixels while processing. [default: 256]",
)
@click.option("--as-in-book", is_flag=True, help="Reproduce the book's notebook exactly.")
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
    """Turn the horse in an image into a zebra."""
    from bot.cli.zebra import translate_file
    from models.jobs.requests import Translate

    # A disk takes what Discord would not: only the frames between the processes set a limit.
    most = 128 * 2**20
    wanted = Translate(picture=b"", max_bytes=most, model=pair, size=size, as_in_book=as_in_book)
    if not run_async(translate_file(load_settings(), file, output, wanted, as_json=as_json)):
        sys.exit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per model.")
def models(*, as_json: bool) -> None:
    """List all models and whether their weights are installed."""
    from bot.cli.models import list_models

    settings = load_settings()
    run_async(list_models(settings, as_json=as_json))


cli.add_command(bench)


@cli.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--all", "everything", is_flag=True, help="Download every model that isn't installed."
)
def fetch(names: tuple[str, ...], *, everything: bool) -> None:
    """Download weights for one or more models. Interrupted downloads resume."""
    from bot.cli.hf import PREFIX, fetch_hf
    from bot.cli.weights import fetch_models

    if bool(names) == everything:
        raise click.UsageError("Give at least one model name, or use --all.")
    settings = load_settings()
    hf = [name for name in names if name.startswith(PREFIX)]
    others = [name for name in names if name not in hf]
    well = run_async(fetch_hf(settings, hf)) if hf else True
    if others or everything:
        well = run_async(fetch_models(settings, others)) and well
    if not well:
        sys.exit(1)


@cli.command()
def verify() -> None:
    """Check all installed weights against their published checksums."""
    from bot.cli.weights import verify_weights

    if not run_async(verify_weights(load_settings())):
        sys.exit(1)


@cli.command()
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def clean(*, yes: bool) -> None:
    """Delete partial downloads and files that belong to no model."""
    from bot.cli.weights import remove, strays
    from bot.library.downloads.progress import size

    settings = load_settings()
    found = run_async(strays(settings))
    for path in found:
        click.echo(f"{path}  ({size(path.stat().st_size)})")
    if not found:
        click.echo(f"Nothing to clean in {settings.weights_folder}.")
    elif not yes:
        click.confirm(f"Remove {'these' if len(found) > 1 else 'this'}?", abort=True)
    remove(settings, found)


@cli.command("remove-old-commands")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def remove_old_commands(*, yes: bool) -> None:
    """Remove slash commands that an earlier program left in servers."""
    from bot.cli.old_commands import old_commands, remove

    settings = load_settings()
    found = run_async(old_commands(settings))
    for one in found:
        click.echo(f"{one.guild} ({one.guild_id}): {', '.join(one.names)}")
    if not found:
        click.echo("No server has commands of an earlier program.")
        return
    if not yes:
        click.confirm("Remove these?", abort=True)
    run_async(remove(settings, found))


@cli.group()
def hub() -> None:
    """Manage models from Torch Hub and the Hugging Face Hub, each in an isolated process."""


@hub.command("add")
@click.argument("source", metavar="OWNER/REPO@COMMIT|hf:OWNER/NAME[@REVISION]")
@click.option("--entry", "entries", multiple=True, help="Entry point to offer in chat. Repeatable.")
@click.option(
    "--argument",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="Argument passed to the entry points. Repeatable.",
)
@click.option(
    "--task",
    type=click.Choice(["classify"]),
    help="What a Hugging Face model does (default: what its page says).",
)
@click.option("--name", "short", help="Name of a Hugging Face model in chat.")
def hub_add(
    source: str,
    entries: tuple[str, ...],
    given: tuple[str, ...],
    task: Literal["classify"] | None,
    short: str | None,
) -> None:
    """Summarize a repository without running it, and add it to hub.toml.

    A Torch Hub repository is downloaded for that; of a Hugging Face model only its configuration.
    """
    from bot.cli.hf import SCHEME, add_hf
    from bot.cli.hub import add, read_arguments

    settings = load_settings()
    is_hf = source.startswith(SCHEME)
    name, _, commit = source.removeprefix(SCHEME).partition("@")
    if is_hf and (entries or given):
        raise click.UsageError("--entry and --argument are for Torch Hub repositories.")
    if is_hf:
        run_async(add_hf(settings, name, commit or "main", task, short))
        return
    if task or short:
        raise click.UsageError("--task and --name are for Hugging Face models.")
    try:
        arguments = read_arguments(given)
    except SetupError as error:
        raise click.UsageError(str(error)) from None
    run_async(add(settings, name, commit, entries, arguments))


@hub.command("fetch")
def hub_fetch() -> None:
    """Download missing code and weights for every repository in hub.toml."""
    from bot.cli.hub import fetch

    if not run_async(fetch(load_settings())):
        sys.exit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per check.")
def doctor(*, as_json: bool) -> None:
    """Check Bobby's setup and explain how to fix any problem."""
    from bot.cli.doctor import run_checks

    if not run_async(run_checks(load_settings(), as_json=as_json)):
        sys.exit(1)


@cli.command()
def status() -> None:
    """Show the status of the bot running on this machine. Requires BOBBY_METRICS_PORT."""
    from bot.cli.status import show_status

    if not run_async(show_status(load_settings())):
        sys.exit(1)


def main() -> None:
    """Run the command line."""
    open_streams()
    with orderly_end():
        cli()
