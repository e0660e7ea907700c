"""`python -m models.worker.compile NAME`: compile one model's network, in a process of its own.

So that the worker, which only runs what is compiled, needs no torch and none of its memory. What
comes of it is in the cache; see `models.runtime.compile_cache`.
"""

import argparse
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from models.captioning.records import captioners
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.jobs.log_context import FORMAT
from models.runtime.cache import NetworkCache
from models.runtime.compile_cache import Kept, Source, compile_here
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)


def compile_elsewhere(cache: Path, source: Source, kept: Kept, threads: int) -> bytes | None:
    """See `models.runtime.compile_cache.Compile`: in another process, or here if that fails."""
    command = [sys.executable, "-m", __name__, source.name, "--cache", str(cache)]
    _log.info("%s is compiled, which takes some seconds", source.name)
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)  # noqa: S603 - our own module
    return compile_here(source, kept, threads) if kept.verdict() is None else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Compile what is asked for, unless it is in the cache already."""
    parser = argparse.ArgumentParser(prog=f"python -m {__name__}", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--cache", type=Path, metavar="DIR")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format=FORMAT)
    networks = NetworkCache(WeightsStore(options.cache), "cpu", runtime="openvino")
    name: str = options.name
    if name in catalog():
        networks.classifier(catalog()[name])
    elif name in pairs():
        networks.generator(pairs()[name])
    else:
        captioners()[name].load(networks.shelf, "cpu", networks.compiled)


if __name__ == "__main__":
    main()
