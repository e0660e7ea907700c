"""A worker without networks that speaks the real protocol and misbehaves when told to.

    tiny_worker.py START DIARY

START is how it starts: `well`, or one of the functions of `STARTS`. DIARY is a file to which each
start and each message adds a line. Once started, a job's `model` says what running it does, see
`run`, or else the picture's bytes come back as the label; with the model "each" it is the picture
that says so. Started as `tell`, it says of each job that it begins with it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from models.jobs.answers import Failure, Labels
from models.jobs.base import say
from models.jobs.control import (
    CancelJob,
    Deferred,
    Finished,
    FromWorker,
    Lost,
    Recount,
    Run,
    Started,
    StartFailed,
    Submit,
    ToWorker,
    Working,
)
from models.jobs.requests import Job
from models.jobs.wire import LENGTH_BYTES, body_length, frame, to_worker
from tests.bot.executor.answers import READY, labels

OUT = sys.stdout.buffer


def send(message: FromWorker) -> None:
    """Write one message to the bot."""
    OUT.write(frame(message))
    OUT.flush()


def die() -> None:
    """End as a crash or the kernel would end it."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """Do nothing and read nothing, for ever, whatever SIGTERM says."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def doze(diary: Path) -> None:
    """Read nothing more, and end in order when SIGTERM says so."""

    def end(*_: object) -> None:
        with diary.open("a") as file:
            file.write("terminated\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        time.sleep(60)


def labor(number: int, times: int) -> None:
    """Be busy with job `number` for some tenths of a second, and say so each time."""
    for _ in range(times):
        send(Working(ids=(number,)))
        time.sleep(0.1)


def mute() -> None:
    """Close its output and stay."""
    os.close(OUT.fileno())
    time.sleep(60)


def babble() -> None:
    """Print something that is no frame."""
    OUT.write(b"Loading model... done\n")
    OUT.flush()
    time.sleep(60)


def refuse() -> None:
    """Say that it can't start, and end."""
    send(StartFailed(reason="There are no weights here."))
    sys.exit(1)


def leave() -> None:
    """End without a word, before it is ready."""
    sys.exit(3)


def fail_twice(diary: Path) -> None:
    """End before it is ready at the first two starts."""
    if diary.read_text().count("start") <= 2:
        sys.exit(3)


def refuse_second(diary: Path) -> None:
    """Say at the second start, and at no other, that it can't start."""
    if diary.read_text().count("start") == 2:
        refuse()


def starve() -> None:
    """End before it is ready, as C++ does when there is no memory."""
    sys.stderr.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    sys.stderr.flush()
    os.abort()


STARTS: dict[str, Callable[[], None]] = {
    "leave": leave,
    "refuse": refuse,
    "babble": babble,
    "hang": hang,
    "starve": starve,
}


def run(number: int, job: Job, size: int) -> Labels | Failure:
    """Do what the job says, or give its picture back."""
    match job.picture.decode() if job.model in ("each", "late each") else job.model:
        case "labor":
            labor(number, 10)
        case "toil":
            labor(number, 10_000)
        case "die":
            die()
        case "hang":
            hang()
        case "babble":
            babble()
        case "mute":
            mute()
        case "doze":
            doze(Path(sys.argv[2]))
        case "fail":
            return Failure(code="damaged_picture", sentence=say("This picture is damaged."))
        case "environment":
            return labels(json.dumps(dict(os.environ)))
        case "beget":
            return labels(str(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL).pid))
        case "abandon":
            return labels(str(subprocess.Popen(["sleep", "8"], start_new_session=True).pid))
        case "slow":
            time.sleep(0.3)
        case "cry":
            sys.stderr.writelines(f"line {n}\n" for n in range(2000))
            die()
        case "prate":
            sys.stderr.writelines(f"line {n} {'x' * 1000}\n" for n in range(4000))
            die()
        case "shout":
            sys.stderr.buffer.write(b"a caf\xe9\n\n" + b"x" * 100_000 + b"\nthe last")
            sys.stderr.flush()
    return labels(job.picture[:100].decode(errors="replace"), size)


def receive() -> ToWorker | None:
    """Return the bot's next message, None at the end."""
    prefix = sys.stdin.buffer.read(LENGTH_BYTES)
    if len(prefix) < LENGTH_BYTES:
        return None
    return to_worker(sys.stdin.buffer.read(body_length(prefix)))


def main() -> None:
    """Start as told, then answer until the input ends."""
    start, diary = sys.argv[1], Path(sys.argv[2])

    def note(line: str) -> None:
        with diary.open("a") as file:
            file.write(f"{line}\n")

    def begin(number: int) -> None:
        if start == "tell":
            send(Working(ids=(number,)))

    note(f"start {os.getpid()}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if start == "fail_twice":
        fail_twice(diary)
    if start == "refuse_second":
        refuse_second(diary)
    STARTS.get(start, lambda: None)()
    send(READY)
    jobs: dict[int, Job] = {}
    late: list[int] = []
    while (message := receive()) is not None:
        match message:
            case Submit(id=number, job=job):
                note(f"submit {job.picture[:20].decode(errors='replace')}")
                jobs[number] = job
            case CancelJob(id=number):
                late = [one for one in late if one != number]
                note(f"forget {jobs.pop(number).picture[:20].decode(errors='replace')}")
            case Recount():
                send(structs.replace(READY, device="recounted"))
            case Run(batch=batch, ids=ids) if jobs[ids[0]].model == "lose early":
                send(Lost(batch=batch))
            case Run(batch=batch, ids=ids) if jobs[ids[0]].model == "lose":
                send(Started(batch=batch))
                send(Lost(batch=batch))
            case Run(batch=batch, ids=ids):
                if start == "die_early" and diary.read_text().count("start") == 1:
                    die()
                send(Started(batch=batch))
                note(
                    "run " + " ".join(jobs[n].picture[:20].decode("utf-8", "replace") for n in ids)
                )
                late.extend(number for number in ids if jobs[number].model in ("late", "late each"))
                for number in ids:
                    if number in late:
                        send(Deferred(id=number))
                    else:
                        begin(number)
                        send(Finished(id=number, result=run(number, jobs.pop(number), len(ids))))
                        # What was left out of a batch is finished after the next one.
                        while late:
                            begin(done := late.pop(0))
                            send(Finished(id=done, result=run(done, jobs.pop(done), 1)))
    if start == "end_late":
        time.sleep(0.7)
    note("end")


if __name__ == "__main__":
    main()
