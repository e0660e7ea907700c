"""Makes the files that `bobby bench soak` asks about: `python -m models.bench.soak_files FOLDER`.

Each picture has a size of its own, in its name, by which an answer can be told to be its own. A few
files are no pictures.
"""

import sys
from pathlib import Path

from models.bench.pictures import photograph

PICTURES = 40
BAD = {"empty": b"", "text": b"This is no picture. " * 40, "cut": b""}


def write(folder: Path) -> None:
    """Write the files into `folder`: `WIDTHxHEIGHT.jpg` and `bad-*.jpg`."""
    for number in range(PICTURES):
        width, height = 96 + 3 * number, 128 - 2 * number
        (folder / f"{width}x{height}.jpg").write_bytes(photograph(width, height))
    cut = photograph(200, 200)[:900]
    for name, data in (BAD | {"cut": cut}).items():
        (folder / f"bad-{name}.jpg").write_bytes(data)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
