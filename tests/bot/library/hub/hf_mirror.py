"""A mirror of the Hugging Face Hub's API, by files in a folder: what `HF_ENDPOINT` may point at."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.bot.library.publisher import Publisher

OWNER = "stranger/tiny"
REVISION = "5" * 40


def git_blob(body: bytes) -> str:
    """Return the id that git gives a file with the content `body`."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files in `folder` by their names below it."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def publish(host: Publisher, files: dict[str, bytes], **told: Any) -> None:
    """Have `host` offer `files` as the repository `OWNER`, of which the API has `told` as well."""
    siblings = []
    for name, body in files.items():
        one: dict[str, Any] = {"rfilename": name, "size": len(body), "blobId": git_blob(body)}
        if name.endswith(".safetensors"):
            one["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
        siblings.append(one)
        host.files[f"{OWNER}/resolve/{REVISION}/{name}"] = body
    answer = {
        "sha": REVISION,
        "siblings": siblings,
        "gated": False,
        "pipeline_tag": "image-classification",
        "cardData": {"license": "apache-2.0"},
    }
    body = json.dumps(answer | told).encode()
    for revision in ("main", REVISION):
        host.files[f"api/models/{OWNER}/revision/{revision}"] = body
