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
FEW = 64  # places that are sorted at once


def largest(scores: NDArray[np.floating[Any]], count: int) -> Places:
    """Places of the `count` largest.

    >>> largest(np.array([2.0, 7.0, 3.0, 7.0]), 2).tolist()
    [1, 3]
    """
    return np.sort(_descending(scores, count)[:count]) if count else np.zeros(0, np.intp)


def keep_top_p(probabilities: NDArray[np.float64], mass: float) -> Places:
    """The fewest most probable places whose probabilities reach `mass`."""
    # Whatever lies below this has less than 1 - mass together, and is never needed.
    bound = max(0.0, 1 - mass - SLACK) / len(probabilities)
    likely = np.flatnonzero(probabilities >= bound)
    kept = probabilities[likely]
    return likely[_fewest(kept, kept, mass)]


def keep_min_p(probabilities: NDArray[np.float64], share: float) -> Places:
    """Places of at least `share` of the largest probability."""
    return np.flatnonzero(probabilities >= share * probabilities.max())


def keep_typical(probabilities: NDArray[np.float64], mass: float) -> Places:
    """The fewest places, surprise nearest to the entropy first, that reach `mass`."""
    possible = np.flatnonzero(probabilities)
    kept = probabilities[possible]
    surprise = -np.log(kept)
    entropy = float(np.sum(kept * surprise))
    return possible[_fewest(-np.abs(surprise - entropy), kept, mass)]


def _fewest(keys: NDArray[np.float64], probabilities: NDArray[np.float64], mass: float) -> Places:
    """The fewest places with the largest keys that together reach `mass`.

    As quickselect does: what lies above the mean is either all needed, or holds all that is.
    """
    between, needed, reached = np.arange(len(keys)), np.zeros(len(keys), np.bool_), SLACK
    while len(between) > FEW:
        part = keys[between]
        upper = part >= part.mean()
        above = between[upper]
        if len(above) in (0, len(between)):  # all equal but for rounding
            break
        total = reached + float(probabilities[above].sum())
        if total >= mass:
            between = above
        else:
            needed[above] = True
            between, reached = between[~upper], total
    order = between[np.argsort(-keys[between], kind="stable")]
    enough = np.flatnonzero(reached + np.cumsum(probabilities[order]) >= mass)
    needed[order[: int(enough[0]) + 1 if len(enough) else len(order)]] = True
    return np.flatnonzero(needed)


def _descending(keys: NDArray[np.floating[Any]], count: int) -> Places:
    """Places of at least the `count` largest keys, largest first, equal ones by place."""
    places = (
        np.flatnonzero(keys >= _bound(keys, count)) if count < len(keys) else np.arange(len(keys))
    )
    return places[np.argsort(-keys[places], kind="stable")]


def _bound(keys: NDArray[np.floating[Any]], count: int) -> float:
    """A value that at least `count` keys reach, and not many more."""
    width = len(keys) // (4 * count)
    if width > 1:  # the largest of each of many blocks stand for them all
        keys = np.maximum.reduceat(keys, np.arange(0, len(keys), width))
    return float(np.partition(keys, len(keys) - count)[len(keys) - count])
