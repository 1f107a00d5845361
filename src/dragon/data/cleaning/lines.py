"""Lines that stand in many documents: menus, footers, licences.

In: the lines of each document. Out: which lines are boilerplate. Two tables of counters of fixed
size hold the counts of any number of lines (a count-min sketch: Cormode, Muthukrishnan 2005).
"""

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

BITS = 22
_SLOTS = 1 << BITS
SHORTEST = 20  # characters: a shorter line may be a heading or a bracket

Slots = npt.NDArray[np.int64]


def slots_of(lines: Iterable[str]) -> Slots:
    """[L, 2] where the lines of one document count, each line once."""
    long = {line.strip() for line in lines if len(line) >= SHORTEST}
    digests = b"".join(blake2b(line.encode(), digest_size=8).digest() for line in sorted(long))
    return (np.frombuffer(digests, dtype="<u4").astype(np.int64) % _SLOTS).reshape(-1, 2)


class LineCounts:
    """In how many documents each line stands."""

    def __init__(self) -> None:
        self._tables = np.zeros((2, _SLOTS), dtype=np.uint32)

    def add(self, slots: Slots) -> None:
        """Count the slots [L, 2] of any number of documents."""
        for row in (0, 1):
            np.add.at(self._tables[row], slots[:, row], 1)

    def frequent(self, least: int) -> "Frequent":
        """The lines that stand in `least` documents or more."""
        return Frequent(np.packbits(self._tables >= least, axis=1))


class Frequent:
    """A set of lines, small enough to be sent to every process."""

    def __init__(self, bits: npt.NDArray[np.uint8]) -> None:
        self._bits = bits

    def save(self, path: Path) -> None:
        """Write as plain bytes."""
        self._bits.tofile(path)

    @classmethod
    def load(cls, path: Path) -> "Frequent":
        """Read what `save` wrote."""
        return cls(np.fromfile(path, dtype=np.uint8).reshape(2, -1))

    def without(self, lines: list[str]) -> list[str]:
        """The lines that are not in the set."""
        return [line for line in lines if len(line) < SHORTEST or not self._has(line)]

    def _has(self, line: str) -> bool:
        places = slots_of([line])[0].tolist()
        return all(self._bits[row, at >> 3] >> (7 - (at & 7)) & 1 for row, at in enumerate(places))
