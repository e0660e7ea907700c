"""What Bobby's executor is measured beside: the same job served by LitServe and by Ray Serve.

`python -m tests.benchmarks.rivals NAME FOLDER PORT MODEL PRECISION FORM CACHE` serves it
over HTTP on the loopback, each in the way that its documentation recommends: batches of 8, pictures
decoded on threads, as Bobby decodes them. FORM is `ours`, Bobby's own form of the network, fused,
or `plain`, the published one in channels_last. It serves until it is killed.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TOGETHER = 8
WAIT = 0.01
"""Seconds that a batch may wait for more pictures."""
AT_ONCE = 400
"""Requests that a server may have at once."""


Arguments = tuple[str, str, Any, str, str]


class Answers:
    """From a file's bytes to its five labels, with what Bobby's own worker computes with."""

    def __init__(self, folder: str, model: str, precision: Any, form: str, cache: str) -> None:
        import torch

        from models.bench.random_weights import STAND_IN, listed
        from models.catalog.selection import Choice
        from models.runtime.cache import NetworkCache
        from models.runtime.inference import DTYPES, load_network
        from models.weights.store import WeightsStore

        place = Path(folder)
        self._record = listed(model, place)[model]
        self._choice = Choice(self._record)
        shelf = WeightsStore(place if (place / STAND_IN).is_file() else Path(cache))
        if form == "ours":
            networks = NetworkCache(shelf, "cpu", precision=precision)
            network = networks.classifier(self._record)
            self._forward: Callable[[Any], Any] = lambda batch: torch.from_numpy(
                network.run(batch.numpy()).output
            )
        else:
            published = load_network(self._record, shelf).to(DTYPES[precision])
            published.to(memory_format=torch.channels_last)
            self._forward = lambda batch: published(batch.to(DTYPES[precision])).float()
        self.run([self.decode((place / "picture.jpg").read_bytes())] * TOGETHER)

    def decode(self, data: bytes) -> Any:
        """Return the network's input for the picture in `data`."""
        import torch

        from models.images.decode import decode
        from models.tasks.classify import prepare_input

        return torch.from_numpy(prepare_input(decode(data).image, self._choice).pixels)

    def run(self, seen: Sequence[Any]) -> list[list[str]]:
        """Return five labels for each of `seen`."""
        import torch

        with torch.inference_mode():
            logits = self._forward(torch.stack(list(seen)))
        places = logits.softmax(1).topk(5).indices.tolist()
        return [[self._record.labels[place] for place in row] for row in places]


def litserve(port: int, answers: Arguments) -> None:
    """Serve by LitServe."""
    from tests.benchmarks.litserve_api import serve

    serve(port, answers)


def ray(port: int, answers: Arguments) -> None:
    """Serve by Ray Serve: `@serve.batch`, decoding on threads before, two batches at once."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    import ray as cluster
    from ray import serve
    from starlette.datastructures import UploadFile
    from starlette.requests import Request

    class Api:
        def __init__(self) -> None:
            self.answers = Answers(*answers)
            self.turn = asyncio.Lock()

        @serve.batch(max_batch_size=TOGETHER, batch_wait_timeout_s=WAIT, max_concurrent_batches=2)
        async def classify(self, seen: list[Any]) -> list[list[str]]:
            async with self.turn:
                return await asyncio.to_thread(self.answers.run, seen)

        async def __call__(self, request: Request) -> dict[str, list[str]]:
            async with request.form() as form:
                picture = form["picture"]
                assert isinstance(picture, UploadFile)
                data = await picture.read()
            seen = await asyncio.to_thread(self.answers.decode, data)
            return {"top": await self.classify(seen)}

    folder = tempfile.mkdtemp(prefix="bobby-ray-")
    cluster.init("local", include_dashboard=False, num_cpus=os.cpu_count(), _temp_dir=folder)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    deployment = serve.deployment(
        max_ongoing_requests=AT_ONCE,
        ray_actor_options={"num_cpus": os.cpu_count()},
        logging_config={"enable_access_log": False},
    )
    serve.run(deployment(Api).bind())
    while True:
        time.sleep(60)


def main() -> None:
    """Serve until killed."""
    name, folder, port, model, precision, form, cache = sys.argv[1:]
    answers: Arguments = (folder, model, precision, form, cache)
    serving = {"litserve": litserve, "ray": ray}[name]
    sys.stderr.write(json.dumps({"serving": name, "port": port}) + "\n")
    serving(int(port), answers)


if __name__ == "__main__":
    main()
