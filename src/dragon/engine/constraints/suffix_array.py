"""All substrings of some token sequences, to be walked through token by token.

In: texts as token ids. Out: places; a place is a substring that has been walked so far. The
suffixes of all texts, sorted (Manber and Myers 1993, doi:10.1137/0222058): those that begin with
the same substring stand together, sorted by how they go on. That serves as a suffix automaton does,
and is made by a few sorts instead of a dictionary for each state.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
SEPARATOR = -1  # after each text; smaller than every token


class Place(NamedTuple):
    """Suffixes first to last - 1 begin with the `length` tokens that were walked."""

    first: int
    last: int
    length: int


class SuffixArray:
    """The substrings of `texts`.

    >>> array = SuffixArray([[1, 2, 3], [2, 4]])
    >>> array.following(array.step(array.root, 2)).tolist()
    [3, 4]

    Attributes:
        root: the place of the empty substring.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        parts = [np.array([*text, SEPARATOR], np.int32) for text in texts]
        self._tokens = np.concatenate(parts)
        self._sorted = sort_suffixes(self._tokens, max(map(len, parts)))
        self.root = Place(0, len(self._tokens), 0)
        self._first = _distinct(self._next(self.root))

    def following(self, place: Place) -> Ids:
        """Tokens [n] that go on from a place, ascending."""
        return self._first if place == self.root else _distinct(self._next(place))

    def step(self, place: Place, token: int) -> Place:
        """The place after one more token.

        Raises:
            KeyError: if no substring goes on with it.
        """
        tokens = self._next(place)
        first, last = tokens.searchsorted(token), tokens.searchsorted(token, "right")
        if first == last or token == SEPARATOR:
            raise KeyError(token)
        return Place(place.first + int(first), place.first + int(last), place.length + 1)

    def _next(self, place: Place) -> Ids:
        """The next token of each suffix, ascending, separators first."""
        return self._tokens[self._sorted[place.first : place.last] + place.length]


def sort_suffixes(tokens: Ids, longest: int) -> NDArray[np.intp]:
    """Starts of the suffixes of tokens [n], in the order of their first `longest` tokens.

    Each round sorts by twice as many tokens, as pairs of ranks from the round before.

    >>> sort_suffixes(np.array([2, 1, 2, -1], np.int32), 4).tolist()
    [3, 1, 2, 0]
    """
    rank = np.unique(tokens, return_inverse=True)[1].astype(np.int64)
    size, length = len(tokens), 1
    while True:
        second = np.zeros(size, np.int64)  # past the end there is nothing, which comes first
        second[: size - length] = rank[length:] + 1
        key = rank * (size + 1) + second
        order = np.argsort(key, kind="stable")
        length *= 2
        new = np.concatenate(([0], np.cumsum(np.diff(key[order]) != 0)))
        if length >= longest or new[-1] == size - 1:
            return order
        rank[order] = new


def _distinct(tokens: Ids) -> Ids:
    """Each token once, of ascending ones that may begin with separators."""
    tokens = tokens[tokens.searchsorted(SEPARATOR, "right") :]
    new = np.ones(len(tokens), np.bool_)
    np.not_equal(tokens[1:], tokens[:-1], out=new[1:])
    return tokens[new]
