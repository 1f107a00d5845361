"""How much of each source goes into a set: its weight in the mixture.

In: files, and by the start of a file's name how often it is taken: 2 twice, 0.5 half of it, 2.5
twice and half of it once more. Out: each file as often as that.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from dragon.data.sources import is_called


class Taken(NamedTuple):
    """One pass over a file.

    Attributes:
        path: the file.
        time: how often it was taken before.
        share: of its documents that are taken this time, chosen by the seed.
    """

    path: Path
    time: int = 0
    share: float = 1.0


def mixture(files: Iterable[Path], passes: Mapping[str, float]) -> list[Taken]:
    """All passes over some files, in their order.

    >>> [t[1:] for t in mixture([Path("wiki.jsonl")], {"wiki": 2.5})]
    [(0, 1.0), (1, 1.0), (2, 0.5)]
    """
    return [
        Taken(path, time, min(1.0, times - time))
        for path in files
        for times in [_times(path, passes)]
        for time in range(math.ceil(times))
    ]


def _times(path: Path, passes: Mapping[str, float]) -> float:
    return next((n for start, n in passes.items() if is_called(path, start)), 1)
