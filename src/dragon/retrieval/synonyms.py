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
    near = vectors.nearest(list(own), MOST_OTHERS).values()
    found = (other for others in near for other, cosine in others if cosine >= NEAR)
    return [other for other in dict.fromkeys(found) if other not in own]


def said(
    words: Sequence[str],
    weights: Sequence[float],
    sentences: Sequence[Sequence[str]],
    vectors: WordVectors,
) -> npt.NDArray[np.float32]:
    """[S] weight of the words that each sentence says, alike ones in part.

    Args:
        words: of the question, Q of them.
        weights: [Q].
        sentences: the words of each sentence.
        vectors: of words.
    """
    every = list(dict.fromkeys(stem(word) for sentence in sentences for word in sentence))
    place = {root: row for row, root in enumerate(every)}
    cosine = vectors.similarity(every, [stem(word) for word in words])
    worth = np.clip((cosine - FROM) / (TO - FROM), 0.0, 1.0) * np.array(weights, np.float32)
    rows = [[place[stem(word)] for word in sentence] for sentence in sentences]
    return np.array([worth[r].max(0).sum() if r else 0.0 for r in rows], dtype=np.float32)
