"""The usual measures of answers given as text.

Exact match and F1 are those of SQuAD's evaluation (Rajpurkar et al. 2016, arXiv:1606.05250): lower
case, without punctuation and articles. Intervals are Wilson's (1927) for shares and the bootstrap's
percentiles (Efron 1979) for means.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from dragon.answer.select import normalised


def exact_match(given: str, expected: Iterable[str]) -> float:
    """1.0 if the normalised texts are equal for one of the expected answers."""
    return float(any(normalised(given) == normalised(e) for e in expected))


def f1(given: str, expected: Iterable[str]) -> float:
    """Harmonic mean of the precision and recall of words, for the best of the expected answers.

    >>> round(f1("the large crown room", ["Crown Room"]), 2)
    0.8
    """
    return max((_f1(normalised(given), normalised(e)) for e in expected), default=0.0)


def contains(text: str, expected: Iterable[str]) -> float:
    """1.0 if one of the expected answers stands in the text, word for word.

    >>> contains("It takes sixteen days.", ["six"]), contains("It takes six days.", ["Six"])
    (0.0, 1.0)
    """
    spoken = f" {' '.join(normalised(text))} "
    return float(any(f" {' '.join(normalised(e))} " in spoken for e in expected if normalised(e)))


def interval(hits: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95% interval of a share.

    >>> tuple(round(x, 2) for x in interval(8, 10))
    (0.49, 0.94)
    """
    if not count:
        return 0.0, 1.0
    share = hits / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def bootstrap(
    values: Sequence[float],
    weights: Sequence[float] | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """The 95% interval of a mean, by drawing from the values anew; the same for the same seed.

    Args:
        values: [n].
        weights: [n] of each value in the mean; by default all alike.
        rounds: drawings.
        seed: of the drawings.

    >>> low, high = bootstrap([0.0, 1.0] * 50)
    >>> 0.35 < low < 0.5 < high < 0.65
    True
    """
    if not values:
        return 0.0, 0.0
    v = np.asarray(values, np.float64)
    w = np.ones(len(v)) if weights is None else np.asarray(weights, np.float64)
    rng = np.random.default_rng(seed)
    means = np.empty(rounds)
    for i in range(rounds):  # one drawing at a time: all at once would be rounds x n numbers
        drawn = rng.integers(0, len(v), len(v))
        means[i] = (v[drawn] * w[drawn]).sum() / max(w[drawn].sum(), 1e-12)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def mean(values: Sequence[float]) -> float:
    """The mean, 0 for nothing."""
    return sum(values) / len(values) if values else 0.0


def _f1(given: list[str], expected: list[str]) -> float:
    if not given or not expected:
        return float(given == expected)
    shared = sum((Counter(given) & Counter(expected)).values())
    return 2 * shared / (len(given) + len(expected))
