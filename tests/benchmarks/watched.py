"""The bot process of `bobby run`, watched: answers each line on standard input with a report.

It is put together by the very functions that `bobby run` uses. A report is one JSON object: what
the loop and the stages did since the last one, and how the process is.
"""

import asyncio
import json
import sys

import psutil

from bot.app import discord_patches
from bot.app.client import Bobby
from bot.app.lifecycle import assembled, connected
from bot.core.console import run_async
from bot.core.settings import read_settings
from tests.benchmarks.watch import LoopWatch, StageWatch


async def main() -> None:
    """Run the bot until standard input ends."""
    settings = read_settings(None)
    assert settings.token is not None
    await discord_patches.point_at(settings.api_url)
    loop_watch, stage_watch = LoopWatch(), StageWatch()
    loop_watch.time_callbacks()
    loop_watch.time_rounds(asyncio.get_running_loop())
    async with (
        assembled(settings) as bot,
        connected(bot, settings.token.get_secret_value()) as gateway,
    ):
        stage_watch.watch(bot)
        beat = asyncio.create_task(loop_watch.beat())
        lines = asyncio.create_task(_answer_lines(bot, loop_watch, stage_watch))
        await asyncio.wait({lines, gateway}, return_when=asyncio.FIRST_COMPLETED)
        beat.cancel()
        lines.cancel()


async def _answer_lines(bot: Bobby, loop_watch: LoopWatch, stage_watch: StageWatch) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while await reader.readline():
        report = {
            "loop": loop_watch.report(),
            "stages": stage_watch.report(),
            "pulse": bot.pulse.worst_ms,
            "resident": psutil.Process().memory_info().rss,
            "torch": "torch" in sys.modules,
        }
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run_async(main())
