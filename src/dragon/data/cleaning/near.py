"""Documents that are nearly the same: MinHash signatures, found by bands, checked exactly.

In: the hashes of a document's words. Out: a signature; and for many signatures the pairs that are
worth comparing. One permutation in place of many (Li, Owen, Zhang 2012, arXiv:1208.1259): the
5-word phrases are dealt into 128 bins by their hash and each bin keeps its least; an empty bin
takes its neighbour's (Shrivastava, Li 2014, arXiv:1406.4784). 16 bands of 8 bins find a pair with a
Jaccard similarity of 0.9 with a probability of 0.9999; the check on all phrases decides.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from dragon.data.cleaning.hashing import Hashes, mixed, ngrams

BINS, BANDS = 128, 16
PHRASE = 5  # words
Signature = npt.NDArray[np.uint32]


def signature(words: Hashes) -> Signature:
    """[BINS] of a document, from the hashes of its words."""
    phrases = ngrams(words, PHRASE)
    lowest = np.full(BINS, np.iinfo(np.uint32).max, dtype=np.uint32)
    if not len(phrases):
        return lowest
    np.minimum.at(lowest, (phrases >> np.uint64(57)).astype(np.int64), phrases.astype(np.uint32))
    filled = np.flatnonzero(lowest != np.iinfo(np.uint32).max)
    if not len(filled):
        return lowest
    # The next filled bin to the right, round the end; how far away it is goes into the value.
    at = np.searchsorted(filled, np.arange(BINS)) % len(filled)
    distance = (filled[at] - np.arange(BINS)) % BINS
    return (lowest[filled[at]] + distance.astype(np.uint32) * np.uint32(0x9E3779B1)).astype(
        np.uint32
    )


def candidates(signatures: Signature) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) that agree in a band, each once; signatures is [N, BINS].

    In a group that agrees each one is paired with the first.
    """
    seen: set[tuple[int, int]] = set()
    rows = BINS // BANDS
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * rows : (band + 1) * rows])
        keys = np.zeros(len(part), dtype=np.uint64)
        for column in range(rows):
            keys = mixed(keys * np.uint64(31) + part[:, column].astype(np.uint64))
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        first = -1
        for at in same.tolist():
            if at != first:
                leader = int(order[at])
            pair = leader, int(order[at + 1])
            first = at + 1
            if pair not in seen:
                seen.add(pair)
                yield pair


def similarity(one: Hashes, other: Hashes) -> float:
    """Jaccard similarity of two documents' phrases, from the hashes of their words."""
    a, b = np.unique(ngrams(one, PHRASE)), np.unique(ngrams(other, PHRASE))
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return shared / max(1, len(a) + len(b) - shared)
