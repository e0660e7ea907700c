"""A reader's networks as OpenVINO runs them: read from their ONNX files, on the processor."""

from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.reading.records import PACKAGE
from models.runtime.compiled import Compiled, core, properties, unusable

Picture: TypeAlias = NDArray[np.uint8]
"""A picture in memory, (H, W, 3), in blue, green, red: the order in which it was trained."""

SPACE = " "


@cache
def lacking() -> str | None:
    """Return why no picture can be read here; None if it can."""
    if (reason := unusable()) is not None:
        return reason
    try:
        metadata.version(PACKAGE)
        import_module("cv2")
    except (ImportError, OSError) as error:
        return str(error)
    return None


class OnnxNetwork(Compiled):
    """A network as its publisher has it, which takes pictures of any size."""

    @classmethod
    def load(cls, path: Path, threads: int) -> Self:
        """Return the network in the ONNX file at `path`.

        Raises:
            RuntimeError: OpenVINO can't read it.
        """
        model = core().compile_model(core().read_model(path), "CPU", properties(threads))
        return cls(model, path.stat().st_size)

    def release(self) -> None:
        """Give back the memory that a large picture needed: OpenVINO would keep it for the next."""
        self._idle.clear()
        self._model.release_memory()


def alphabet(path: Path) -> tuple[str, ...]:
    """Return what each output of the recognizer at `path` means: a blank, its letters, a space.

    Raises:
        RuntimeError: OpenVINO can't read it.
        KeyError: It says nothing of its letters.
    """
    known = core().read_model(path).get_rt_info()["framework"]["character"].value
    return ("", *str(known).splitlines(), SPACE)


def normalized(picture: Picture) -> NDArray[np.float32]:
    """Return the pixels (3, H, W) of `picture` in [-1, 1]."""
    scaled: NDArray[np.float32] = picture.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1
    return scaled
