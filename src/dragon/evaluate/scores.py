"""The usual measures of answers given as text.

Exact match and F1 are those of SQuAD's evaluation (Rajpurkar et al. 2016, arXiv:1606.05250): lower
case, without punctuation and articles. Intervals are Wilson's (1927).
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

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


def mean(values: Sequence[float]) -> float:
    """The mean, 0 for nothing."""
    return sum(values) / len(values) if values else 0.0


def _f1(given: list[str], expected: list[str]) -> float:
    if not given or not expected:
        return float(given == expected)
    shared = sum((Counter(given) & Counter(expected)).values())
    return 2 * shared / (len(given) + len(expected))
