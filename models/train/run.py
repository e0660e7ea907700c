"""One training run in a folder: seeds, a log of losses, and checkpoints to go on from.

Owns the run's files (`checkpoint.pt`, `log.jsonl`) and nothing of what is trained. A checkpoint
replaces the last one only when it's whole, so a run that is killed at any moment can go on.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

LOG_EVERY = 20
"""Steps between two lines of the log."""


class Stateful(Protocol):
    """What a checkpoint holds: modules, optimizers, schedules."""

    def state_dict(self) -> dict[str, Any]:
        """Return all there is to remember."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> object:
        """Become what `state_dict` remembers."""


class Run:
    """The folder `folder` of one run over the named `parts`."""

    def __init__(self, folder: Path, parts: Mapping[str, Stateful], seed: int) -> None:
        self.folder = folder
        self.dice = torch.Generator().manual_seed(seed)
        self._parts = parts
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)

    @property
    def checkpoint(self) -> Path:
        """Where the last whole checkpoint lies, if there is one yet."""
        return self.folder / "checkpoint.pt"

    def resume(self) -> int:
        """Load the last checkpoint and return the steps done; 0 where there is none."""
        if not self.checkpoint.exists():
            return 0
        state = torch.load(self.checkpoint, weights_only=True)
        for name, part in self._parts.items():
            part.load_state_dict(state["parts"][name])
        self.dice.set_state(state["dice"])
        torch.set_rng_state(state["torch"])
        return int(state["step"])

    def save(self, step: int) -> None:
        """Write a checkpoint after `step` steps, in place of the last one."""
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        state = {"step": step, "parts": parts, "dice": self.dice.get_state()}
        state["torch"] = torch.get_rng_state()
        fresh = self.checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.checkpoint)

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Append one line of `figures` to the log, as JSON."""
        line = {"step": step} | {name: round(value, 5) for name, value in figures.items()}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def steps(
        self, total: int, take: Callable[[int], dict[str, float]], save_every: int
    ) -> Iterator[tuple[int, dict[str, float]]]:
        """Take steps up to `total`, going on where the run was; yield how many are done.

        `take` is given the number of the step, from 0, and returns its losses, which are yielded
        too; every `LOG_EVERY`th are logged, and a checkpoint is kept after every `save_every`.
        """
        for step in range(self.resume(), total):
            losses = take(step)
            if (step + 1) % LOG_EVERY == 0:
                self.log(step + 1, losses)
            if (step + 1) % save_every == 0 or step + 1 == total:
                self.save(step + 1)
            yield step + 1, losses


def warm_and_falling(step: int, steps: int) -> float:
    """Return the share of the rate at `step` of `steps`: up over 50, level, down over a half."""
    return min(1.0, (step + 1) / 50) * min(1.0, 2.0 * (1 - step / steps))
