"""Which of the probable tokens may be drawn: the filters of sampling, without a full sort.

In: scores or probabilities [n]. Out: the places that stay, ascending. Every filter leaves at least
one; among equals the lowest place stays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.intp]
SLACK = 1e-12  # of a sum of probabilities that reaches its bound but for rounding
FIRST = 64  # candidates that are looked at before all others are


def largest(scores: NDArray[np.floating[Any]], count: int) -> Places:
    """Places of the `count` largest.

    >>> largest(np.array([2.0, 7.0, 3.0, 7.0]), 2).tolist()
    [1, 3]
    """
    return np.sort(_descending(scores, count)[:count]) if count else np.zeros(0, np.intp)


def keep_top_p(probabilities: NDArray[np.float64], mass: float) -> Places:
    """The fewest most probable places whose probabilities reach `mass`."""
    return _fewest(probabilities, probabilities, mass)


def keep_min_p(probabilities: NDArray[np.float64], share: float) -> Places:
    """Places of at least `share` of the largest probability."""
    return np.flatnonzero(probabilities >= share * probabilities.max())


def keep_typical(probabilities: NDArray[np.float64], mass: float) -> Places:
    """The fewest places, surprise nearest to the entropy first, that reach `mass`."""
    with np.errstate(divide="ignore", invalid="ignore"):  # what has no probability goes last
        surprise = -np.log(probabilities)
        entropy = float(np.nansum(probabilities * surprise))
    return _fewest(-np.abs(surprise - entropy), probabilities, mass)


def _fewest(keys: NDArray[np.float64], probabilities: NDArray[np.float64], mass: float) -> Places:
    """The fewest places with the largest keys that together reach `mass`."""
    count = FIRST
    while True:
        places = _descending(keys, count)
        reached = np.cumsum(probabilities[places]) >= mass - SLACK
        if reached.any():
            return np.sort(places[: int(np.argmax(reached)) + 1])
        if len(places) == len(keys):
            return np.sort(places)
        count *= 8


def _descending(keys: NDArray[np.floating[Any]], count: int) -> Places:
    """Places of at least the `count` largest keys, largest first, equal ones by place."""
    if count < len(keys):
        bound = np.partition(keys, len(keys) - count)[len(keys) - count]
        places = np.flatnonzero(keys >= bound)
    else:
        places = np.arange(len(keys))
    return places[np.argsort(-keys[places], kind="stable")]
