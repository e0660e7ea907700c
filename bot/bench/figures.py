"""What a measurement gives: values with their unit, shown by their median and their spread."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, several times."""

    name: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    def as_line(self) -> str:
        """Return it for people to read."""
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}"
        name = f"{self.median:>9.4g} {self.unit:<4} {self.name}"
        return f"{name}  ({spread} in {len(self.values)})"


def progress(text: str) -> None:
    """Tell people on standard error what is being measured."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
