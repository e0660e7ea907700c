"""What every engine promises, by each of them: the real worker, as a child or as a Ray replica."""

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
import torch
from msgspec import structs

from bot.core.errors import BadPicture, Closing, Overloaded, WorkerLost
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.executor.factory import open_executor
from bot.executor.queue import Requester
from models.jobs.answers import Captioned, Labels, PictureAnswer
from models.jobs.requests import Caption, Classify, Cycle, Job
from models.weights.store import WeightsStore
from models.worker.tasks import Tasks

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN = Requester(1, 10)
QUEUE = 24
SECRET = "a-token-that-nobody-else-may-have"
RAY = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed: pip install 'bobby[ray]'",
    ),
]


def gray(width: int) -> bytes:
    """Return a picture of `width` by 64 pixels that needs no library to make."""
    return b"P5 %d 64 255\n" % width + bytes(range(width)) * 64


@dataclass
class Env:
    """An engine of `kind` with its executor, and the weights' folder that both sides have."""

    kind: str
    executor: Executor
    cache: Path
    closing: contextlib.AsyncExitStack
    before: frozenset[psutil.Process]

    def family(self) -> list[psutil.Process]:
        """Return every process that the engine has started, and they in turn."""
        now = psutil.Process().children(recursive=True)
        return [one for one in now if one not in self.before and not _is_browsers(one)]

    def workers(self) -> list[psutil.Process]:
        """Return the processes that hold the networks."""
        return [process for process in self.family() if self._is_worker(process)]

    def _is_worker(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(process.cmdline())
            return "ray::ServeReplica" in line or "-m models.worker.process" in line
        return False


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=["local", pytest.param("ray", marks=RAY)]
)
async def env(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Env]:
    """Open an engine, for all tests of this module; one thread, so that rounding is the same."""
    cache = tmp_path_factory.mktemp("weights")
    settings = Settings(
        _env_file=None,
        engine=request.param,
        default_model="efficientnet_lite0",
        device="cpu",
        cache=cache,
        max_queue=QUEUE,
        max_per_person=QUEUE,
        ray_cpus=1,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISCORD_TOKEN", SECRET)
        patch.setenv("OMP_NUM_THREADS", "1")
        before = frozenset(psutil.Process().children(recursive=True))
        async with contextlib.AsyncExitStack() as closing:
            executor = await closing.enter_async_context(open_executor(settings))
            await executor.ready()
            yield Env(request.param, executor, cache, closing, before)


async def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let other tasks run until `condition` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def test_who_holds_the_networks_has_no_token(env: Env) -> None:
    """Neither they nor any process between; nor anything else but what a worker may see."""
    assert env.workers()
    for process in env.family():
        held = process.environ()
        assert SECRET not in held.values(), process
        assert "DISCORD_TOKEN" not in held


async def test_answers_come_to_who_asked(env: Env) -> None:
    """Many at once of one model, each picture with its own answer."""
    widths = range(64, 64 + QUEUE)
    together = 0
    for _ in range(5):  # on a busy machine a picture may leave its batch
        asked = [env.executor.submit(Classify(picture=gray(width)), ANN) for width in widths]
        answers = await asyncio.gather(*asked)
        assert [answer.width for answer in answers] == [*widths]
        together = max(together, *(answer.batch_size for answer in answers))
        if together > 1:
            break
    assert together > 1


async def test_a_bad_picture_fails_alone(env: Env) -> None:
    """Those beside it in the batch are answered."""
    pictures = [gray(64), b"no picture", gray(65), b"", gray(66)]
    asked = [env.executor.submit(Classify(picture=picture), ANN) for picture in pictures]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Labels, BadPicture, Labels, BadPicture, Labels]


async def test_answers_are_those_of_the_same_tasks_in_this_process(env: Env) -> None:
    """To the bit, time and a sum's order aside: so the engines' answers are one another's, too."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        tasks = Tasks(WeightsStore(env.cache), "cpu", "efficientnet_lite0")
        jobs: list[Job] = [Classify(picture=gray(200)), Caption(picture=gray(200))]
        for job in jobs:
            answer = await _ask(env.executor, job)
            (direct,) = tasks.run([tasks.prepare(job)])
            direct = direct() if callable(direct) else direct
            assert isinstance(direct, PictureAnswer)
            assert _rounded(answer) == _rounded(direct)
    finally:
        torch.set_num_threads(threads)


def _rounded(answer: PictureAnswer) -> PictureAnswer:
    if isinstance(answer, Captioned):  # NumPy adds in another order on more threads
        likelihood = round(answer.log_probability, 4)
        return structs.replace(answer, milliseconds=0.0, log_probability=likelihood)
    return structs.replace(answer, milliseconds=0.0)


async def test_cancelled_callers_are_no_trouble(env: Env) -> None:
    """Those who stay are answered, and nothing is held for those who left."""
    asked = [
        asyncio.create_task(env.executor.submit(Classify(picture=gray(64 + number)), ANN))
        for number in range(20)
    ]
    await asyncio.sleep(0.02)
    for task in asked[::2]:
        task.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers[1::2]] == [Labels] * 10
    await until(lambda: env.executor.snapshot().waiting + env.executor.snapshot().running == 0)


async def test_a_full_queue_refuses_at_once_and_names_the_limit(env: Env) -> None:
    """The person who comes after the last place is told its number; the others are answered."""
    asked = [
        asyncio.create_task(env.executor.submit(Classify(picture=gray(64)), Requester(n)))
        for n in range(QUEUE)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match=str(QUEUE)):
        await asyncio.wait_for(
            env.executor.submit(Classify(picture=gray(64)), Requester(QUEUE)), timeout=1
        )
    assert {type(answer) for answer in await asyncio.gather(*asked)} == {Labels}


async def test_death_in_a_batch_is_told_and_the_next_one_answered(env: Env) -> None:
    """Killed over a batch: each is answered once or told so, and the replacement goes on."""
    (worker,) = env.workers()
    slow = [
        asyncio.create_task(_ask(env.executor, Cycle(picture=gray(200), size=128, max_bytes=2**23)))
        for _ in range(12)
    ]
    await until(lambda: env.executor.snapshot().running > 0)
    worker.kill()
    ends = await asyncio.gather(*slow, return_exceptions=True)
    lost = [end for end in ends if isinstance(end, BaseException)]
    assert lost
    assert {(type(end).__mro__[1], str(end)) for end in lost} == {
        (
            WorkerLost,
            "Something crashed while I was looking at this picture. Please try again.",
        )
    }
    assert len(lost) < len(ends), "those whose batch had not begun are answered all the same"
    assert (await env.executor.submit(Classify(picture=gray(64)), ANN)).width == 64
    assert worker.pid not in [process.pid for process in env.workers()]


async def test_whatever_stands_between_may_end_as_well(env: Env) -> None:
    """The head of a cluster of our own, say; then all of it is started again."""
    if env.kind == "local":
        pytest.skip("Nothing stands between Bobby and a local worker.")
    (head,) = [process for process in env.family() if "gcs_server" in process.name()]
    head.kill()
    await until(lambda: env.executor.snapshot().restarts > 0)
    assert (await env.executor.submit(Classify(picture=gray(64)), ANN)).width == 64
    assert env.executor.snapshot().restarts == 1


async def test_a_cluster_of_our_own_keeps_to_this_machine(env: Env) -> None:
    """Whatever listens does so on the loopback, but for one port of Ray's that asks for a token."""
    if env.kind == "local":
        pytest.skip("A local worker listens to nothing.")
    far = [
        (process.name(), port.laddr)
        for process in env.family()
        for port in process.net_connections("inet")
        if port.status == psutil.CONN_LISTEN and not _is_loopback(port.laddr.ip)
    ]
    assert len(far) <= len(env.workers()), far
    assert all(name.startswith("ray::ServeRepli") for name, _ in far), far
    import grpc

    for _, address in far:
        with grpc.insecure_channel(f"127.0.0.1:{address.port}") as channel:
            call = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
            with pytest.raises(grpc.RpcError) as refused:
                call(b"", timeout=10)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_closing_refuses_what_runs_and_leaves_nothing(env: Env) -> None:
    """The person who waits is told so, in seconds, and no process, socket or folder is left."""
    family = env.family()
    loop = asyncio.get_running_loop()
    asked = [
        asyncio.create_task(_ask(env.executor, Cycle(picture=gray(200), size=128, max_bytes=2**23)))
        for _ in range(12)
    ]
    await until(lambda: env.executor.snapshot().running > 0)
    begun = loop.time()
    await env.closing.aclose()
    assert loop.time() - begun < 7
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert Closing in map(type, ends)
    with pytest.raises(Closing):
        await env.executor.submit(Classify(picture=gray(64)), ANN)
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, 10)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


def _is_browsers(process: psutil.Process) -> bool:
    """Tell whether the browser of the page's tests has it, which starts processes when it likes."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return "chrom" in process.name()
    return False


def _is_loopback(address: str) -> bool:
    return address.removeprefix("::ffff:").startswith("127.") or address == "::1"


async def _ask(executor: Executor, job: Job) -> PictureAnswer:
    answer = await executor.submit(job, ANN)
    assert isinstance(answer, PictureAnswer)
    return answer
