"""Figures with goals: what a measurement gives, and the most that it should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.bench import figures


@dataclass(frozen=True)
class Figure(figures.Figure):
    """One thing that was measured, several times; `goal` is the most that it should be."""

    goal: float | None = None

    def as_line(self) -> str:
        """Return it for people to read."""
        goal = f"  goal: at most {self.goal:g}" if self.goal is not None else ""
        return super().as_line() + goal

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
