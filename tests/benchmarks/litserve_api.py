"""The job as LitServe's documentation would serve it; in a module of its own, to be pickled."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import litserve
from starlette.requests import Request

from tests.benchmarks.rivals import TOGETHER, WAIT, Answers, Arguments


class Api(litserve.LitAPI):  # type: ignore[misc]  # litserve has no types
    """Batches of 8, decoded on a pool, one worker that has all threads."""

    def __init__(self, arguments: Arguments) -> None:
        super().__init__(max_batch_size=TOGETHER, batch_timeout=WAIT)
        self.arguments = arguments

    def setup(self, device: object) -> None:
        """Load the network; called in the worker."""
        self.answers = Answers(*self.arguments)
        self.pool = ThreadPoolExecutor(os.cpu_count())

    def decode_request(self, request: Request) -> bytes:
        """Return the file's bytes."""
        data: bytes = request["picture"].file.read()
        return data

    def batch(self, inputs: list[bytes]) -> list[Any]:
        """Decode a batch's files side by side."""
        return list(self.pool.map(self.answers.decode, inputs))

    def predict(self, x: list[Any]) -> list[list[str]]:
        """Return the labels of each."""
        return self.answers.run(x)

    def encode_response(self, output: list[str]) -> dict[str, list[str]]:
        """Return what becomes JSON."""
        return {"top": output}


def serve(port: int, arguments: Arguments) -> None:
    """Serve until killed."""
    server = litserve.LitServer(Api(arguments), accelerator="cpu", timeout=False, fast_queue=True)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")
