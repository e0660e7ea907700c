"""`bobby models`: every model of the catalog."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bot.cli.worker import warm_worker
from bot.core.console import print_json, print_line
from bot.core.settings import Settings
from models.jobs.model_info import ModelInfo

WIDEST = 1000
"""Columns that no table of models comes near."""


async def list_models(settings: Settings, *, as_json: bool) -> None:
    """Print every model of the catalog, those that are ready first.

    Raises:
        SetupError: The worker can't be started.
    """
    async with warm_worker(settings) as executor:
        cards = sorted(executor.models, key=lambda card: (not card.ready, card.name))
        default = executor.default
    if as_json:
        for card in cards:
            print_json(_without_tag(card))
        return
    table = _table(cards, default)
    # A line stays a line, however narrow the terminal is: it scrolls, and pipes can read it.
    needed = Console(width=WIDEST).measure(table).maximum
    console = Console(width=max(Console().width, needed))
    with console.capture() as printed:
        console.print(table)
    print_line(printed.get().removesuffix("\n"))


def _without_tag(card: ModelInfo) -> dict[str, object]:
    return {field: getattr(card, field) for field in card.__struct_fields__}


def _table(cards: Sequence[ModelInfo], default: str | None) -> Table:
    ready = sum(card.ready for card in cards)
    table = Table(title=f"{ready} of {len(cards)} models are ready", title_justify="left", box=None)
    table.add_column("Model", no_wrap=True)
    table.add_column("Task", no_wrap=True)
    table.add_column("Parameters", justify="right", no_wrap=True)
    table.add_column("Top-1", justify="right", no_wrap=True)
    table.add_column("Weights", no_wrap=True)
    table.add_column("Where they are", no_wrap=True)
    for card in cards:
        table.add_row(
            card.name,
            card.task,
            f"{card.parameters / 1e6:.1f} M",
            f"{card.accuracy:.1f} %" if card.accuracy else "–",
            card.weights,
            f"{card.location or 'not here'}{', the default' if card.name == default else ''}",
            style=None if card.ready else "dim",
        )
    return table
