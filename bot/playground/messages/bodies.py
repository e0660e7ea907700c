"""Request bodies: JSON, or multipart with `payload_json` and `files[n]`, read with a byte limit.

Hands the routes a `Form`; checks that the body has the form it claims, not what it says.
"""

import re
from dataclasses import dataclass, field

import msgspec
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot.playground.messages import schemas
from bot.playground.model import errors
from bot.playground.model.records import Json

MAX_JSON_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
NO_JSON = (msgspec.DecodeError, RecursionError, ValueError)
"""What decoding raises: of what is none, is nested too deep, or has a number of too many digits."""
_FILE_FIELD = re.compile(r"files\[(\d+)\]$")


@dataclass(slots=True)
class Upload:
    """A file as it came: the client's name for it and its bytes."""

    filename: str
    data: bytes = field(repr=False)


@dataclass(slots=True)
class Form:
    """A body: its JSON object, and the files by the number in `files[n]`."""

    payload: Json
    files: dict[int, Upload] = field(default_factory=dict)


async def read(request: web.Request, *, file_limit: int) -> Form:
    """Return the body of `request`, of whose files each may have `file_limit` bytes.

    Raises:
        ApiError: 413 when a file is larger, 400 when the body is not of its form.
    """
    if request.content_type == "multipart/form-data":
        return await _multipart(request, file_limit)
    return Form(json_object(await _limited(request)))


async def read_message(request: web.Request, *, file_limit: int) -> Form:
    """Return the body of `request` as `read` does, each of its fields being of its JSON type.

    Raises:
        ApiError: As `read`, and 50035 when a field is of another type.
    """
    form = await read(request, file_limit=file_limit)
    schemas.check(form.payload)
    return form


async def read_list(request: web.Request) -> list[Json]:
    """Return the JSON list of objects in the body.

    Raises:
        ApiError: 400 when it is something else.
    """
    try:
        return msgspec.json.decode(await _limited(request), type=list[Json])
    except NO_JSON:
        raise errors.bad_request() from None


def json_object(body: bytes) -> Json:
    """Return `body` as a JSON object; nothing is an empty one.

    Raises:
        ApiError: 400 when it is something else.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=Json)
    except NO_JSON:
        raise errors.bad_request() from None


async def _limited(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
        if len(body) <= MAX_JSON_BYTES:
            body += chunk
    if len(body) > MAX_JSON_BYTES:
        raise errors.too_large()
    return bytes(body)


async def _multipart(request: web.Request, file_limit: int) -> Form:
    form = Form({})
    over = False
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise errors.bad_request()
            number = _FILE_FIELD.match(part.name or "")
            limit = file_limit if number else MAX_JSON_BYTES
            data = await _part(part, limit)
            if data is None:
                over = True
            elif number:
                form.files[int(number[1])] = Upload(part.filename or "unknown", data)
            elif part.name == "payload_json":
                form.payload = json_object(data)
            elif part.name is not None:
                form.payload[part.name] = data.decode(errors="replace")
    except (ValueError, HttpProcessingError):
        raise errors.bad_request() from None
    if over:
        raise errors.too_large()
    return form


async def _part(part: BodyPartReader, limit: int) -> bytes | None:
    """Read a part to its end, so that the client gets to hear the answer; None when too long."""
    data = bytearray()
    over = False
    while chunk := await part.read_chunk(CHUNK_BYTES):
        over = over or len(data) + len(chunk) > limit
        if over:
            data.clear()
        else:
            data += chunk
    return None if over else bytes(data)
