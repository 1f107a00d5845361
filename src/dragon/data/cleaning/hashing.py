"""Words and phrases as 64-bit numbers, for all words of a text at once.

In: a text. Out: a hash and a length for each word; hashes of n-grams. A word's hash is a polynomial
of its bytes modulo 2^64, taken from prefix sums, so that no word is touched in Python.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2^64
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_LETTERS = np.zeros(256, dtype=bool)
_LETTERS[[*range(48, 58), *range(97, 123), *range(128, 256)]] = True


class Words(NamedTuple):
    """The words of a text.

    Attributes:
        hashes: [W] one number a word, the same for the same word without capitals.
        lengths: [W] bytes of each word.
    """

    hashes: Hashes
    lengths: npt.NDArray[np.int64]


def mixed(values: Hashes) -> Hashes:
    """[N] numbers whose every bit hangs on all bits (the finaliser of MurmurHash3)."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def word_hashes(text: str) -> Words:
    """The words of a text: letters and digits between anything else.

    >>> one, two = word_hashes("The ship, the SHIP!").hashes.reshape(2, 2)
    >>> bool((one == two).all()), word_hashes("a bc").lengths.tolist()
    (True, [1, 2])
    """
    raw = np.frombuffer(text.lower().encode("utf-8", "replace"), dtype=np.uint8)
    inside = np.zeros(len(raw) + 2, dtype=bool)
    inside[1:-1] = _LETTERS[raw]
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[0::2], edges[1::2]
    if not len(starts):
        return Words(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
    powers = np.full(len(raw), _BASE, dtype=np.uint64)
    powers[0] = 1
    powers = np.cumprod(powers, dtype=np.uint64)
    sums = np.zeros(len(raw) + 1, dtype=np.uint64)
    np.cumsum((raw.astype(np.uint64) + np.uint64(1)) * powers, dtype=np.uint64, out=sums[1:])
    back = np.full(len(raw), _INVERSE, dtype=np.uint64)
    back[0] = 1
    back = np.cumprod(back, dtype=np.uint64)
    return Words(mixed((sums[ends] - sums[starts]) * back[starts]), ends - starts)


def ngrams(hashes: Hashes, n: int) -> Hashes:
    """[W - n + 1] one number for each n words in a row; the whole text where it is shorter."""
    n = max(1, min(n, len(hashes)))
    total = np.zeros(max(0, len(hashes) - n + 1), dtype=np.uint64)
    for at in range(n):
        total = (total + hashes[at : len(hashes) - n + 1 + at]) * _BASE
    return mixed(total)


def whole(hashes: Hashes) -> int:
    """One number for all words of a text in their order.

    >>> ship, sea = word_hashes("ship sea").hashes, word_hashes("sea ship").hashes
    >>> whole(ship) == whole(sea), whole(ship) == whole(ship.copy())
    (False, True)
    """
    powers = np.cumprod(np.full(len(hashes), _BASE, dtype=np.uint64), dtype=np.uint64)
    return int(mixed((hashes * powers).sum(dtype=np.uint64, keepdims=True))[0])
