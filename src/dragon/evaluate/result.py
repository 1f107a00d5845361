"""What an evaluation hands to the scorecard: scores with their intervals, tables and curves.

In: values of single questions. Out: plain values that JSON, Markdown and the HTML page are made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dragon.evaluate.scores import bootstrap, interval, mean

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Score:
    """One figure.

    Attributes:
        name: in snake case.
        value: the figure.
        count: of questions, pairs or tokens it was counted on.
        low, high: ends of its 95% interval.
        says: what it is, in a few words.
    """

    name: str
    value: float
    count: int
    low: float
    high: float
    says: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names; a cell is text or a figure."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over a common axis.

    Attributes:
        title, x, y: of the plot and its axes.
        lines: points (x, y) of each curve by its name, from left to right.
    """

    title: str
    x: str
    y: str
    lines: dict[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one evaluation.

    Attributes:
        name: of the evaluation.
        says: what it asks, in a sentence.
        count: of questions, pairs or documents.
        scores, tables, plots: what came of it.
        settings: what it was run with.
    """

    name: str
    says: str
    count: int
    scores: tuple[Score, ...]
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, float]:
        """The figures by name."""
        return {score.name: score.value for score in self.scores}


def share(name: str, values: Sequence[float | bool], says: str = "") -> Score:
    """The share of what is right, with Wilson's interval."""
    hits = float(sum(values))
    low, high = interval(hits, len(values))
    return Score(name, mean([float(v) for v in values]), len(values), low, high, says)


def average(name: str, values: Sequence[float], says: str = "") -> Score:
    """A mean, with the bootstrap's interval."""
    low, high = bootstrap(values)
    return Score(name, mean(list(values)), len(values), low, high, says)
