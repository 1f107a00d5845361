"""Learns which words are alike from running text, and from lists of synonyms where there are any.

In: texts. Out: `WordVectors` of stems, for a tokenizer's folder. Words that stand in the same
company get similar vectors (positive pointwise mutual information, truncated SVD; Levy and Goldberg
2014); vectors of synonyms are then drawn together (retrofitting, Faruqui et al. 2015,
arXiv:1411.4166). Names and numbers get none: what is alike about them is knowledge.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from dragon.errors import DataError
from dragon.text.vectors import Floats, WordVectors
from dragon.text.words import WORD, is_stop, stem
from dragon.train.embeddings import factors

ROUNDS = 8  # of retrofitting
CHUNK = 4_000_000  # words that wait as Python integers

Progress = Callable[[int], None]


def learn_vectors(
    texts: Iterable[str],
    synonyms: Iterable[Sequence[str]] = (),
    *,
    size: int = 30_000,
    width: int = 96,
    seed: int = 0,
    progress: Progress | None = None,
) -> WordVectors:
    """Learn vectors of the most frequent stems.

    Args:
        texts: running text; 60 million words take about two minutes on two cores.
        synonyms: groups of words that mean the same.
        size: stems at most, V; the counts take V * V * 8 bytes.
        width: D.
        seed: of the randomised SVD.
        progress: called with the number of words read.

    Raises:
        DataError: if the texts hold fewer than two different words that are no names.
    """
    words, stream = _read(texts, progress)
    stems, number = _vocabulary(words, np.bincount(stream, minlength=len(words)), size)
    if len(stems) < 2:
        raise DataError("The texts hold no words to compare.", "Give running text in sentences.")
    content = number[stream]
    vectors = factors(content[content >= 0], len(stems), min(width, len(stems)), seed).numpy()
    vectors = unit(vectors - vectors.mean(0))
    row = {s: i for i, s in enumerate(stems)}
    groups = ([row[stem(w)] for w in group if stem(w) in row] for group in synonyms)
    return WordVectors.of_floats(stems, retrofitted(vectors, groups))


def retrofitted(vectors: Floats, groups: Iterable[Sequence[int]]) -> Floats:
    """Draw the rows of each group together, each staying half with what it was: [V, D] -> [V, D].

    >>> a, b = retrofitted(np.eye(2, dtype=np.float32), [(0, 1)])
    >>> bool(a @ b > 0.7)
    True
    """
    near: dict[int, set[int]] = {}
    for group in groups:
        for row in group:
            near.setdefault(row, set()).update(r for r in group if r != row)
    lists = {row: list(others) for row, others in near.items() if others}
    moved = vectors
    for _ in range(ROUNDS):
        fresh = moved.copy()
        for row, others in lists.items():
            fresh[row] = (vectors[row] + moved[others].mean(0)) / 2
        moved = fresh
    return unit(moved)


def unit(vectors: Floats) -> Floats:
    """Rows of length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def _read(
    texts: Iterable[str], progress: Progress | None
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """All word forms, and the texts as one stream of their numbers."""
    numbers: dict[str, int] = {}
    parts: list[npt.NDArray[np.int64]] = []
    waiting: list[int] = []
    for text in texts:
        waiting += [numbers.setdefault(word, len(numbers)) for word in WORD.findall(text)]
        if len(waiting) > CHUNK:
            parts.append(np.array(waiting, dtype=np.int64))
            waiting = []
            if progress:
                progress(sum(map(len, parts)))
    parts.append(np.array(waiting, dtype=np.int64))
    return list(numbers), np.concatenate(parts)


def _vocabulary(
    words: Sequence[str], counts: npt.NDArray[np.int64], size: int
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The most frequent stems that mostly stand without a capital, and the stem of each word."""
    whole: Counter[str] = Counter()
    lower: Counter[str] = Counter()
    stem_of: dict[int, str] = {}
    for number, word in enumerate(words):
        if word.isalpha() and not is_stop(word):
            root = stem_of[number] = stem(word)
            whole[root] += int(counts[number])
            lower[root] += int(counts[number]) * word[0].islower()
    kept = [s for s, n in whole.most_common() if 2 * lower[s] >= n][:size]
    row = {s: i for i, s in enumerate(kept)}
    numbers = np.full(len(words), -1, dtype=np.int64)
    for number, root in stem_of.items():
        numbers[number] = row.get(root, -1)
    return kept, numbers
