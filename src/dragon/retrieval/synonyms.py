"""Finding what is said in other words than it is asked in, with vectors of words.

In: a question's words and word vectors. Out: further words to search for, and how much of the
question each sentence of a passage says in whatever words.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dragon.text.vectors import WordVectors
from dragon.text.words import stem

SAME = 0.5  # what a passage's BM25 counts that was found by other words
MOST_OTHERS = 4  # for each word
NEAR = 0.65  # least cosine of another word that is searched for
FROM, TO = 0.35, 0.85  # cosines between which a word's likeness rises from 0 to 1


def other_words(words: Sequence[str], vectors: WordVectors | None) -> list[str]:
    """Words that are nearly synonyms of some words, none of them one of these.

    The full-text index stems them again, which leaves a stem as it is.
    """
    if vectors is None:
        return []
    own = dict.fromkeys(map(stem, words))
    near = vectors.nearest(list(own), MOST_OTHERS, NEAR).values()
    found = dict.fromkeys(other for others in near for other, _ in others)
    return [other for other in found if other not in own]


def said_by(
    words: Sequence[str],
    weights: Sequence[float],
    sentences: Sequence[Sequence[str]],
    vectors: WordVectors,
) -> npt.NDArray[np.float32]:
    """[S] weight of the words that each sentence says, alike ones in part.

    Args:
        words: of the question, Q of them.
        weights: [Q].
        sentences: the words of each sentence, S of them, at least 1.
        vectors: of words.
    """
    root_of = {word: stem(word) for sentence in sentences for word in sentence}
    every = list(dict.fromkeys(root_of.values()))
    cosine = vectors.similarity(every, [stem(word) for word in words])
    worth = np.clip((cosine - FROM) / (TO - FROM), 0.0, 1.0) * np.array(weights, np.float32)
    # Before each sentence's words a row of zeros, so that none is empty.
    worth = np.concatenate([np.zeros((1, len(words)), np.float32), worth])
    place = {root: row for row, root in enumerate(every, 1)}
    row_of = {word: place[root] for word, root in root_of.items()}
    rows = [row for sentence in sentences for row in (0, *map(row_of.__getitem__, sentence))]
    starts = np.cumsum([0, *(len(sentence) + 1 for sentence in sentences[:-1])])
    said: npt.NDArray[np.float32] = np.maximum.reduceat(worth[rows], starts).sum(1)
    return said
