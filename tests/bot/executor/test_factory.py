"""What settings come to, without any worker: limits, command lines, what a start says."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.core.errors import Overloaded, SetupError, TimedOut
from bot.core.settings import Settings
from bot.executor.engines.base import EngineStatus
from bot.executor.engines.ray import access, most, ray_engine
from bot.executor.factory import inventory_command, open_executor, warm
from bot.executor.queue import Requester
from models.jobs.requests import Classify
from tests.bot.executor.engines.test_local import until
from tests.bot.executor.test_estimates import Gated, executing


def settings(**others: object) -> Settings:
    """Return settings that read nothing of this machine, but for `others`."""
    return Settings(_env_file=None, device="cpu", **others)  # type: ignore[arg-type]  # pydantic reads them


async def test_the_limits_and_the_timeout_are_those_that_were_set() -> None:
    """Of the operator, and of a server for its people."""
    job = Classify(picture=b"x")
    executor = open_executor(settings(max_per_person=2, timeout=0.1), {7: 1}.get)
    first = asyncio.create_task(executor.submit(job, Requester(1, guild_id=7)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="You already have 1 picture in the queue"):
        await executor.submit(job, Requester(1, guild_id=7))
    second = asyncio.create_task(executor.submit(job, Requester(1)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="You already have 2 pictures in the queue"):
        await executor.submit(job, Requester(1))
    ends = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(end) for end in ends] == [TimedOut] * 2
    assert "longer than 0.1 seconds" in str(ends[0])


async def test_a_start_that_fails_says_why_to_the_operator() -> None:
    """People read another sentence."""
    engine = Gated()
    engine.now = EngineStatus("unavailable", "There are no weights here.", None, 0)
    async with executing(engine) as executor:
        with pytest.raises(SetupError, match=r"can't start\. There are no weights here\."):
            await warm(executor)


def test_the_inventory_is_of_the_bots_folder(tmp_path: Path) -> None:
    """Checked only where that was asked for."""
    mine = settings(cache=tmp_path)
    assert inventory_command(mine, verify=False)[1:] == [
        *("-m", "models.worker.inventory", "--cache", str(tmp_path))
    ]
    assert inventory_command(mine, verify=True)[-1] == "--verify"


def test_only_rays_own_variables_reach_a_cluster() -> None:
    """Its token and addresses, and nothing that happens to hold its name."""
    mine = {"RAY_AUTH_TOKEN": "x", "DISCORD_TOKEN": "y", "MY_RAY_KEY": "z", "ARRAY_": "z"}
    assert access(mine) == {"RAY_AUTH_TOKEN": "x"}


RELAY = """
import json, os, pathlib, sys
pathlib.Path(__file__).with_name("said").write_text(json.dumps([sys.argv[1:], dict(os.environ)]))
"""


async def test_a_relay_gets_what_was_set_for_it(tmp_path: Path) -> None:
    """Each setting under its own name, the worker's after them; two batches for each replica."""
    package = tmp_path / "models" / "worker" / "ray"
    package.mkdir(parents=True)
    (package / "relay.py").write_text(RELAY)
    mine = settings(
        ray_address="10.0.0.7:6379", ray_replicas=2, ray_max_replicas=5, ray_gpus=0.5, ray_cpus=3
    )
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1", "MARK": "yes"}
    engine = ray_engine(mine, ["--device", "cpu"], environment, hang_after=45.0)
    assert engine.batches_in_flight == 10
    said = package / "said"
    async with engine:
        await until(lambda: said.exists() and said.read_text().endswith("]"))
    arguments, held = json.loads(said.read_text())
    assert arguments == [
        *("--address", "10.0.0.7:6379", "--log-level", "INFO"),
        *("--least", "2", "--most", "5", "--gpus", "0.5", "--cpus", "3"),
        *("--hang-after", "45.0", "--", "--device", "cpu"),
    ]
    assert held["MARK"] == "yes"
    assert not {"HOME", "PATH"} & held.keys()
    assert most(settings(ray_replicas=3, ray_max_replicas=1)) == 3
