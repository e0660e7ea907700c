"""A replica's count of what is ready."""

from models.jobs.control import Ready
from models.worker.ray.replica import _counted
from tests.bot.executor.answers import READY
from tests.models.worker.test_loop import SAD, Toy


def test_a_replica_that_has_nothing_any_more_keeps_what_it_said() -> None:
    """As a worker beside the bot, which then says nothing."""
    toy = Toy()
    before = Ready(device="cpu", default="before", models=())
    assert _counted(toy, before) == READY
    toy.stock = SAD
    assert _counted(toy, before) == before
