"""Doubt: are the answers that a reader believes in the right ones, and what does silence cost?

In: the probability of each answer and whether it was right. Out: the risk-coverage curve (El-Yaniv
and Wiener 2010), and how much is rightly refused where a fixed share is refused wrongly.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dragon.evaluate.result import Score

ROUNDS = 1000
POINTS = 100
Floats = npt.NDArray[np.float64]
Measure = Callable[[npt.NDArray[np.int64]], float]


def risk_coverage(
    probability: Sequence[float], right: Sequence[bool]
) -> tuple[tuple[float, float], ...]:
    """Share of questions answered and share of wrong answers among them, the surest first.

    >>> risk_coverage([0.9, 0.8], [True, False])
    ((0.5, 0.0), (1.0, 0.5))
    """
    order = np.argsort(-np.asarray(probability, np.float64), kind="stable")
    wrong = np.cumsum(~np.asarray(right, bool)[order])
    counts = np.arange(1, len(order) + 1)
    shown = np.unique(np.linspace(0, len(order) - 1, min(POINTS, len(order))).round().astype(int))
    return tuple((float(counts[i] / len(order)), float(wrong[i] / counts[i])) for i in shown)


def risk_area(probability: Sequence[float], right: Sequence[bool]) -> Score:
    """The mean risk over all coverages; lower is better."""
    p, r = np.asarray(probability, np.float64), np.asarray(right, bool)

    def area(at: npt.NDArray[np.int64]) -> float:
        ranked = ~r[at][np.argsort(-p[at], kind="stable")]
        return float((np.cumsum(ranked) / np.arange(1, len(at) + 1)).mean())

    value, low, high = _resampled(area, len(p))
    return Score("risk_coverage_area", value, len(p), low, high, "mean risk; lower is better")


def abstention(
    answerable: Sequence[float], unanswerable: Sequence[float], refused: float, name: str
) -> Score:
    """The share of unanswerable questions below the probability that refuses so many answerable.

    The interval draws both kinds anew, so that it holds the threshold's own doubt.

    Args:
        answerable, unanswerable: probabilities.
        refused: share of the answerable ones that may be refused.
        name: of the score.
    """
    yes, no = np.asarray(answerable, np.float64), np.asarray(unanswerable, np.float64)

    def silent(a: Floats, b: Floats) -> float:
        return float((b < np.quantile(a, refused)).mean())

    rng = np.random.default_rng(0)
    drawn = [silent(rng.choice(yes, len(yes)), rng.choice(no, len(no))) for _ in range(ROUNDS)]
    low, high = (float(v) for v in np.percentile(drawn, (2.5, 97.5)))
    says = f"unanswerable, refused where {refused:.0%} of the others are"
    return Score(name, silent(yes, no), len(no), low, high, says)


def _resampled(measure: Measure, count: int) -> tuple[float, float, float]:
    rng = np.random.default_rng(0)
    drawn = [measure(rng.integers(0, count, count)) for _ in range(ROUNDS)]
    low, high = (float(v) for v in np.percentile(drawn, (2.5, 97.5)))
    return measure(np.arange(count)), low, high
