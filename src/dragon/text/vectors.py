"""Which words are alike: a vector for each word stem, learned from running text.

In: `word_vectors.npz` beside a tokenizer (`dragon.train.word_vectors` makes it). Out: cosine
similarities. "footage" lies near "video" though they share no letter: what a search for words and
the reader's match features need to see a paraphrase.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from dragon.checkpoint import VECTORS_FILE, replaced_beside
from dragon.errors import CheckpointError

Floats = npt.NDArray[np.float32]
_SCALE = 127.0
_BLOCK = 2048  # rows; a block in float32 stays in the processor's cache


class WordVectors:
    """Unit vectors of word stems.

    Args:
        stems: [V] each once.
        vectors: [V, D] int8; a stem's direction, of any length.
    """

    def __init__(self, stems: Sequence[str], vectors: npt.NDArray[np.int8]) -> None:
        self._stems = tuple(stems)
        self._row = dict(zip(self._stems, range(len(self._stems)), strict=True))
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._stems)

    def __contains__(self, stem: str) -> bool:
        return stem in self._row

    @property
    def width(self) -> int:
        """D, the numbers of a vector."""
        return int(self._vectors.shape[1])

    def rank(self, stem: str) -> int:
        """Place of a stem among all, the most frequent first, from 0; V for an unknown one."""
        return self._row.get(stem, len(self._stems))

    def of(self, stems: Sequence[str]) -> Floats:
        """[n, D] unit vectors, zeros for unknown stems."""
        rows = np.array([self._row.get(stem, -1) for stem in stems], dtype=np.int64)
        vectors = self._vectors[rows]
        found: Floats = vectors.astype(np.float32) / _lengths(vectors)[:, None]
        found[rows < 0] = 0.0
        return found

    def similarity(self, these: Sequence[str], those: Sequence[str]) -> Floats:
        """[n, m] cosines; 1 for equal stems, known or not, 0 where one is unknown."""
        if not these or not those:
            return np.zeros((len(these), len(those)), dtype=np.float32)
        table: Floats = self.of(these) @ self.of(those).T
        place: dict[str, list[int]] = {}
        for column, stem in enumerate(those):
            place.setdefault(stem, []).append(column)
        for row, stem in enumerate(these):
            if stem in place:
                table[row, place[stem]] = 1.0
        return table

    def nearest(
        self, stems: Sequence[str], most: int, least: float = -1.0
    ) -> dict[str, list[tuple[str, float]]]:
        """The stems most alike to each of some, with their cosines, best first.

        Args:
            stems: unknown ones have no place in the result.
            most: how many for each.
            least: cosine.
        """
        rows = {stem: self._row[stem] for stem in stems if stem in self._row}
        if not rows:
            return {}
        pairs = zip(rows, self._cosines(list(rows.values())).T, strict=True)
        return {stem: self._best(stem, column, most, least) for stem, column in pairs}

    def _best(self, stem: str, cosines: Floats, most: int, least: float) -> list[tuple[str, float]]:
        near = np.flatnonzero(cosines >= least)
        ordered = near[np.argsort(-cosines[near], kind="stable")[: most + 1]]
        found = [(self._stems[i], float(cosines[i])) for i in ordered]
        return [(other, cosine) for other, cosine in found if other != stem][:most]

    def _cosines(self, rows: Sequence[int]) -> Floats:
        """[V, n] of all rows with some.

        Products of int8 are whole numbers, exact in float32 for up to 1,040 columns: whatever the
        machine, the same neighbours. Block by block, for the whole table in float32 is four times
        its size and would have to be made before the first question.
        """
        asked = np.ascontiguousarray(self._vectors[rows].T, np.float32)
        found = np.empty((len(self), len(rows)), np.float32)
        for start in range(0, len(self), _BLOCK):
            block = self._vectors[start : start + _BLOCK].astype(np.float32)
            np.matmul(block, asked, out=found[start : start + _BLOCK])
        return found / self._lengths[:, None] / self._lengths[rows]

    @cached_property
    def _lengths(self) -> Floats:
        """[V] lengths of the vectors as they are kept."""
        starts = range(0, len(self), _BLOCK)
        return np.concatenate([_lengths(self._vectors[i : i + _BLOCK]) for i in starts])

    def save(self, folder: Path) -> None:
        """Write VECTORS_FILE into a folder, beside and renamed."""
        words = np.frombuffer("\n".join(self._stems).encode(), dtype=np.uint8)
        with replaced_beside(folder / VECTORS_FILE) as fresh, fresh.open("wb") as file:
            np.savez(file, stems=words, vectors=self._vectors)

    @classmethod
    def of_floats(cls, stems: Sequence[str], vectors: Floats) -> "WordVectors":
        """From vectors of any length, rounded to int8."""
        longest = np.abs(vectors).max(1, keepdims=True)
        return cls(stems, np.round(vectors / np.maximum(longest, 1e-9) * _SCALE).astype(np.int8))


def _lengths(vectors: npt.NDArray[np.int8]) -> Floats:
    floats = vectors.astype(np.float32)
    lengths: Floats = np.sqrt(np.einsum("ij,ij->i", floats, floats))
    return np.maximum(lengths, 1e-6)


@lru_cache(maxsize=4)
def load_vectors(folder: Path) -> WordVectors | None:
    """The word vectors of a model or tokenizer folder, None if it has none.

    Raises:
        CheckpointError: for a damaged file.
    """
    path = folder / VECTORS_FILE
    if not path.exists():
        return None
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            stems, vectors = bytes(file["stems"]).decode().split("\n"), file["vectors"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error}.", "Copy the model folder again."
        ) from None
    if vectors.dtype != np.int8 or vectors.ndim != 2 or len(vectors) != len(stems):
        raise CheckpointError(
            f"{path} holds {vectors.dtype} {vectors.shape} for {len(stems)} stems.",
            "Copy the model folder again.",
        )
    return WordVectors(stems, vectors)
