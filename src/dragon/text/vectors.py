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


class WordVectors:
    """Unit vectors of word stems.

    Args:
        stems: [V] each once.
        vectors: [V, D] int8; a stem's direction, of any length.
    """

    def __init__(self, stems: Sequence[str], vectors: npt.NDArray[np.int8]) -> None:
        self._row = {stem: row for row, stem in enumerate(stems)}
        self._vectors = vectors
        self._stems = tuple(stems)

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
        found = _unit(self._vectors[rows])
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

    def nearest(self, stem: str, most: int) -> list[tuple[str, float]]:
        """The stems most alike and their cosines, best first; nothing for an unknown one."""
        if stem not in self._row:
            return []
        cosines = self._unit @ self.of([stem])[0]
        best = np.argpartition(-cosines, min(most, len(cosines) - 1))[: most + 1]
        ordered = best[np.argsort(-cosines[best], kind="stable")]
        return [(self._stems[i], float(cosines[i])) for i in ordered if self._stems[i] != stem][
            :most
        ]

    @cached_property
    def _unit(self) -> Floats:
        return _unit(self._vectors)

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


def _unit(vectors: npt.NDArray[np.int8]) -> Floats:
    floats = vectors.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", floats, floats))
    unit: Floats = floats / np.maximum(lengths, 1e-6)[:, None]
    return unit


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
