"""What a measurement gives: values with their unit, shown by their median and their spread."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, several times; `goal` is the most that it should be."""

    name: str
    unit: str
    values: Sequence[float]
    goal: float | None = None

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    def as_line(self) -> str:
        """Return it for people to read."""
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}"
        goal = f"  goal: at most {self.goal:g}" if self.goal is not None else ""
        return (
            f"{self.median:>9.4g} {self.unit:<4} {self.name}"
            f"  ({spread} in {len(self.values)}){goal}"
        )

    def as_json(self) -> dict[str, object]:
        """Return it for programs to read."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "least": min(self.values),
            "most": max(self.values),
            "count": len(self.values),
            "goal": self.goal,
        }


def milliseconds(name: str, seconds: Sequence[float], goal: float | None = None) -> Figure:
    """Return times in seconds as a figure in milliseconds."""
    return Figure(name, "ms", [1000 * value for value in seconds], goal)


def progress(text: str) -> None:
    """Tell people on standard error what is being measured."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
