"""One request for a file of weights, or for what is still missing of it.

Owns the reading of a server's answer, honest or not: Range and its refusal, lengths that lie,
bodies that stop, redirects without end. It adds to the store's part and decides nothing about
further tries: what may pass is `TransientError`, what won't is `DownloadFailed`.
"""

import asyncio
import email.utils
import errno
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeAlias, TypeVar

import aiohttp
from yarl import URL

from bot.core import network
from bot.core.errors import DownloadFailed
from bot.library.downloads.folder import FileVersion, PartialFile, WeightsFolder
from bot.library.downloads.progress import size
from models.jobs.base import Said, say
from models.jobs.model_info import WeightsFile

BLOCK_BYTES = 64 * 1024
REDIRECTS = 10
ROUNDING = 64 * 1024
"""By so many bytes, and a hundredth, a file may differ from the size its publisher states."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


class TransientError(Exception):
    """A failure that may pass: its `reason`, and `retry_after`, the server's wish in s."""

    def __init__(self, reason: Said, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


@dataclass(frozen=True)
class Target:
    """What is wanted: `file`, from `url`, with at most `most` bytes, 64 KiB in `stall` seconds."""

    file: WeightsFile
    url: str
    most: int | None
    stall: float


P = ParamSpec("P")
R = TypeVar("R")

Meter: TypeAlias = Callable[[int, int, int | None], None]
"""Hears of every block: bytes that are new, that are here by now, and in all, if that is known."""


def host(url: str) -> str:
    """Return the name of the server that `url` is at."""
    return URL(url).host or url


async def download_all(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `function` on a thread; who is cancelled meanwhile waits until it is done.

    So nothing is still at a file when its lock is released.
    """
    task = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def transfer(
    session: aiohttp.ClientSession, store: WeightsFolder, target: Target, meter: Meter
) -> None:
    """Bring the part of `target` to its full length, or as far as the server goes.

    Raises:
        TransientError: Something went wrong that another try may not meet; the part is kept.
        DownloadFailed: No try would help. Nothing of the part is left, unless it is for a
            certificate, which the operator can mend.
    """
    part, who = store.part(target.file), host(target.url)
    known = part.origin()
    if known is None or known.url != target.url:
        part.discard()
        known = None
    elif known.length is not None and part.size == known.length:
        return  # only its hash was not looked at yet
    elif part.size > (known.length or part.size):
        part.discard()
    try:
        headers = _resumption(known, part.size)
        async with asyncio.timeout(target.stall):  # until the answer's head is here
            asked = await session.get(target.url, headers=headers, max_redirects=REDIRECTS)
        async with asked as response:
            total = _start(response, store, target, known)
            await _read(response, part, target, total, meter)
    except DownloadFailed:
        part.discard()
        raise
    except aiohttp.TooManyRedirects:
        part.discard()
        raise _failed(target, say("{who} keeps redirecting", who=who)) from None
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        part.discard()
        raise _failed(target, say("{who} redirects to an invalid address", who=who)) from None
    except TimeoutError:
        raise TransientError(say("{who} is too slow or stopped responding", who=who)) from None
    except aiohttp.ClientPayloadError:
        raise TransientError(say("{who} closed the connection", who=who)) from None
    except aiohttp.ClientConnectorCertificateError:
        raise _failed(
            target,
            say(
                "{who}'s certificate isn't trusted. If your network has a CA of its own, the bot "
                "owner can set SSL_CERT_FILE",
                who=who,
            ),
        ) from None
    except aiohttp.ClientError as error:
        why = network.reason(error)
        raise TransientError(say("{who} can't be reached ({why})", who=who, why=why)) from None
    except OSError as error:
        part.discard()
        if error.errno in _NO_ROOM:
            raise _no_room(target, store) from None
        raise _failed(target, say("it can't be written ({why})", why=str(error.strerror))) from None


def _resumption(known: FileVersion | None, have: int) -> dict[str, str]:
    """Return the headers that ask for what is missing, if the file is still the same."""
    if known is None or have == 0:
        return {}
    headers = {"Range": f"bytes={have}-"}
    if known.validator:
        headers["If-Range"] = known.validator
    return headers


def _start(
    response: aiohttp.ClientResponse,
    store: WeightsFolder,
    target: Target,
    known: FileVersion | None,
) -> int | None:
    """Make the part ready for the body of `response`; return the file's length in bytes.

    Raises:
        TransientError, DownloadFailed: The body is not wanted.
    """
    part, who = store.part(target.file), host(target.url)
    _check_status(response, part, target)
    if "html" in response.content_type:
        raise _failed(target, say("{who} sent a web page instead", who=who))
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _failed(target, say("{who} sent it compressed", who=who))
    origin = _origin(response, target)
    _check_length(origin.length, target)
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    if origin.length is None and target.file.proof == "pinned" and not chunked:
        # Whether the file is whole could not be told, now or ever.
        raise _failed(target, say("{who} gives neither a size nor a checksum", who=who))
    if response.status == 206:
        first = _first_byte(response)
        if known is None or first != part.size or not known.same(origin):
            part.discard()
            raise TransientError(say("{who} sent the wrong part of the file", who=who))
    if origin.length is not None:
        here = part.size if response.status == 206 else 0
        # What is kept of an earlier version makes room for the new one.
        if origin.length - here > store.free_bytes() + part.size - here:
            raise _no_room(target, store)
    if response.status == 200:
        part.begin(origin)
    return origin.length


def _check_status(response: aiohttp.ClientResponse, part: PartialFile, target: Target) -> None:
    status, who = response.status, host(target.url)
    answer = f"{status} {response.reason}"
    if status in {200, 206}:
        return
    if status == 416:
        part.discard()
        raise TransientError(say("{who} now has a different file", who=who))
    if status in _PASSING_STATUS:
        raise TransientError(
            say("{who} answered {answer}", who=who, answer=answer), _retry_after(response)
        )
    if status in {404, 410}:
        raise _failed(target, say("{who} does not have it ({answer})", who=who, answer=answer))
    raise _failed(target, say("{who} refused it ({answer})", who=who, answer=answer))


def _check_length(length: int | None, target: Target) -> None:
    stated = target.file.size_bytes
    if length is None:
        return
    if target.most is not None and length > target.most:
        raise _too_large(length, target)
    if stated is not None and abs(length - stated) > ROUNDING + stated // 100:
        why = say(
            "{who} offers {here}, but {stated} were published",
            who=host(target.url),
            here=size(length),
            stated=size(stated),
        )
        raise _failed(target, why)


async def _read(
    response: aiohttp.ClientResponse,
    part: PartialFile,
    target: Target,
    total: int | None,
    meter: Meter,
) -> None:
    """Add the body to the part, block by block, and each to the disk before the next."""
    done = part.size
    most = total if total is not None else _most(target)
    meter(0, done, total)
    while block := await _block(response, target.stall):
        done += len(block)
        if done > most:
            raise _failed(
                target, say("{who} sent more than {most}", who=host(target.url), most=size(most))
            )
        await download_all(part.append, block)
        meter(len(block), done, total)
    if total is not None and done < total:
        who, came = host(target.url), size(done)
        raise TransientError(
            say("{who} sent {done} of {total}", who=who, done=came, total=size(total))
        )


async def _block(response: aiohttp.ClientResponse, stall: float) -> bytes:
    """Return the next 64 KiB, less at the end, none behind it."""
    async with asyncio.timeout(stall):
        try:
            return await response.content.readexactly(BLOCK_BYTES)
        except asyncio.IncompleteReadError as end:
            return end.partial


def _most(target: Target) -> float:
    """Return how long a file may get whose server does not say how long it is."""
    stated = target.file.size_bytes
    published = stated + ROUNDING + stated // 100 if stated is not None else float("inf")
    return min(published, target.most if target.most is not None else float("inf"))


def _origin(response: aiohttp.ClientResponse, target: Target) -> FileVersion:
    length = response.content_length
    if response.status == 206:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        length = int(found[3]) if found and found[3] != "*" else None
    headers = response.headers
    return FileVersion(target.url, headers.get("ETag"), headers.get("Last-Modified"), length)


def _first_byte(response: aiohttp.ClientResponse) -> int | None:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Return the server's wish in seconds; it may be stated as such or as a date."""
    wish = response.headers.get("Retry-After", "")
    if wish.isdecimal():
        return float(wish)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(wish).timestamp() - time.time())
    except ValueError:
        return None


def _failed(target: Target, why: Said) -> DownloadFailed:
    return DownloadFailed(say("{name} can't be downloaded: {why}.", name=target.file.name, why=why))


def _too_large(length: int, target: Target) -> DownloadFailed:
    why = say(
        "it is {size}, over the limit of {most}",
        size=size(length),
        most=size(target.most or 0),
    )
    return _failed(target, why)


def _no_room(target: Target, store: WeightsFolder) -> DownloadFailed:
    folder = str(store.folder)
    return _failed(target, say("there's not enough disk space in {folder}", folder=folder))
