"""How far a training run has come, read from its own log.

In: a run folder. Out: its steps, losses and speed; few enough points to be drawn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

DRAWN = 200  # points


@dataclass(frozen=True, slots=True)
class Curve:
    """The lines of metrics.jsonl so far.

    Attributes:
        points: one a step: step, loss, tokens_per_s, val_loss now and then.
        steps: how many there will be; 0 where that is not known yet.
    """

    points: tuple[dict[str, float], ...]
    steps: int

    @classmethod
    def of(cls, run: Path) -> Self:
        """Read a run folder; an empty curve where there is none yet."""
        return cls(tuple(_lines(run / "metrics.jsonl")), _steps(run / "config.json"))

    @property
    def step(self) -> int:
        """The last step that was logged."""
        return int(self.points[-1]["step"]) if self.points else 0

    @property
    def best(self) -> dict[str, float]:
        """The point with the lowest validation loss, else the last one; empty at first."""
        measured = [point for point in self.points if "val_loss" in point]
        if measured:
            return min(measured, key=lambda point: point["val_loss"])
        return self.points[-1] if self.points else {}

    def drawn(self) -> dict[str, list[tuple[int, float]]]:
        """Steps and losses to be drawn: means of neighbours where there are many."""
        each = -(-len(self.points) // DRAWN) or 1
        groups = [self.points[i : i + each] for i in range(0, len(self.points), each)]
        return {
            "loss": [(int(group[-1]["step"]), _mean(group)) for group in groups],
            "validation": [
                (int(p["step"]), round(p["val_loss"], 4)) for p in self.points if "val_loss" in p
            ][-DRAWN:],
        }


def _mean(group: Sequence[dict[str, float]]) -> float:
    return round(sum(point["loss"] for point in group) / len(group), 4)


def _lines(path: Path) -> list[dict[str, float]]:
    """Whole lines; the last one may be in the making."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        return []
    found: list[dict[str, float]] = []
    for line in text.splitlines():
        try:
            point: Any = json.loads(line)
        except ValueError:
            break
        if isinstance(point, dict) and "step" in point and "loss" in point:
            found.append(point)
    return found


def _steps(path: Path) -> int:
    try:
        return int(json.loads(path.read_text("utf-8"))["train"]["steps"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
