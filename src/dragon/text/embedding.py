"""A vector of a whole text from the vectors of its words, for comparing texts by their cosine.

In: a text and word vectors. Out: the mean of the words' vectors, weighted by how rare they are, of
length 1. How rare a stem is follows from its rank alone (Zipf's law), so that the same text has the
same vector beside whatever other texts.
"""

import math
from collections import Counter
from hashlib import blake2b

import numpy as np

from dragon.text.vectors import Floats, WordVectors
from dragon.text.words import is_stop, stem, words


def embedded(text: str, vectors: WordVectors) -> Floats:
    """The vector [D] of a text, of length 1.

    Names, numbers and other stems without a vector get a direction of their own, drawn from a hash
    of the stem: equal ones agree, and different ones are nearly at right angles. Words that only
    hold sentences together count where a text has no others.
    """
    found = [stem(word) for word in words(text) if not is_stop(word)]
    counts = Counter(found or [stem(word) for word in words(text)] or [text.strip()])
    stems = list(counts)
    rows = vectors.of(stems)
    for number, one in enumerate(stems):
        if one not in vectors:
            rows[number] = _direction(one, vectors.width)
    weights = [counts[one] * _rarity(vectors.rank(one), len(vectors)) for one in stems]
    mean = np.asarray(weights, np.float32) @ rows
    length = float(np.linalg.norm(mean))
    # Opposite words may leave nothing; what is left of the text is then its first word.
    return mean / np.float32(length) if length > 1e-6 else rows[0]


def _rarity(rank: int, size: int) -> float:
    """Inverse document frequency by Zipf's law: -log of a share that falls as 1 / rank."""
    return math.log((rank + 1) * (math.log(size + 1) + 0.5772))


def _direction(stem: str, width: int) -> Floats:
    seed = int.from_bytes(blake2b(stem.encode(errors="replace"), digest_size=8).digest(), "big")
    drawn = np.random.default_rng(seed).standard_normal(width, np.float32)
    return drawn / np.linalg.norm(drawn)
