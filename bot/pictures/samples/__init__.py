"""The pictures that come with Bobby, for people who have none; all of them free to use.

Reduced from the copies that scikit-image distributes.
"""

from dataclasses import dataclass
from pathlib import Path

from bot.core.i18n import later


@dataclass(frozen=True)
class Sample:
    """One picture: what people call it, and where it is from."""

    name: str
    title: str
    credit: str

    def read(self) -> bytes:
        """Return its file, a JPEG."""
        return (Path(__file__).parent / f"{self.name}.jpg").read_bytes()


SAMPLES = {
    sample.name: sample
    for sample in (
        Sample("cat", later("A cat"), "Chelsea, by Stefan van der Walt, CC0"),
        Sample("coffee", later("A cup of coffee"), "by Rachel Michetti, CC0"),
        Sample("rocket", later("A rocket"), "Falcon 9 with DSCOVR, by SpaceX, public domain"),
        Sample("astronaut", later("An astronaut"), "Eileen Collins, by NASA, public domain"),
    )
}
"""The last two show what happens where ImageNet has no fitting label."""
