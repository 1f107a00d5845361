"""Match features beyond the letter: how alike the words of question and passage are.

In: two analysed texts and word vectors. Out: feature indices. This is DrQA's aligned question
embedding (Chen et al. 2017, arXiv:1704.00051) reduced to what a bucket can say; the network learns
what a bucket is worth.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dragon.text.vectors import WordVectors

Floats = npt.NDArray[np.float32]
Buckets = npt.NDArray[np.uint8]

# Cosines of random pairs of words lie below 0.25 in 19 of 20 cases.
EDGES = np.array([0.25, 0.35, 0.45, 0.55, 0.65, 0.8], dtype=np.float32)
# What a similar word counts towards a sentence's coverage rises between these from 0 to 1.
FROM, TO = 0.3, 0.8


class Words(Protocol):
    """What is needed of an analysed text."""

    @property
    def stems(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def rarity(self) -> Floats: ...  # noqa: D102


def alike(vectors: WordVectors, question: Words, passage: Words) -> Floats:
    """[P, Q] cosines of the content words of a passage and a question, 0 for other words."""
    table = vectors.similarity(passage.stems, question.stems)
    table[passage.rarity == 0] = 0.0
    table[:, question.rarity == 0] = 0.0
    return table


def buckets(best: Floats, rarity: Floats) -> Buckets:
    """[n] each word's highest cosine -> 1 to 7; 0 for function words."""
    steps = 1 + np.searchsorted(EDGES, best, side="right")
    return np.where(rarity > 0, steps, 0).astype(np.uint8)


def soft_coverage(
    table: Floats, heading: Floats, rarity: Floats, sentence_of_word: npt.NDArray[np.int64]
) -> Buckets:
    """Per sentence: the share of the question's weight that it or the heading says in like words.

    Args:
        table: [P, Q] of the text's words.
        heading: [H, Q] of the heading's words.
        rarity: [Q] weight of each word of the question.
        sentence_of_word: [P].

    Returns:
        [S] 0 to 7, + 8 for the best, and one more row for tokens outside every sentence.
    """
    sentences = int(sentence_of_word.max(initial=-1)) + 2
    best = np.zeros((sentences, table.shape[1]), dtype=np.float32)
    np.maximum.at(best, sentence_of_word, table)
    if len(heading):
        np.maximum(best, heading.max(0), out=best)
    share = np.clip((best - FROM) / (TO - FROM), 0.0, 1.0) @ rarity / max(rarity.sum(), 1e-6)
    steps: Buckets = np.minimum(share * 8, 7).astype(np.uint8)
    steps[(share == share[:-1].max(initial=0)) & (share > 0)] += 8
    return steps


def highest(table: Floats, axis: int) -> Floats:
    """The highest value along an axis, 0 where there is none.

    >>> highest(np.zeros((2, 0), np.float32), 1)
    array([0., 0.], dtype=float32)
    """
    best: Floats = table.max(axis, initial=0.0)
    return best


def sentence_of_words(
    sentence_of: npt.NDArray[np.int32], word_of: npt.NDArray[np.int32], words: Sequence[str]
) -> npt.NDArray[np.int64]:
    """[P] sentence of each word, from those of the tokens [T]; -1 for a word outside all."""
    out = np.full(len(words), -1, dtype=np.int64)
    inside = word_of >= 0
    out[word_of[inside]] = sentence_of[inside]
    return out
