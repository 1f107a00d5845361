"""Running text to ids at several times the library's speed, with the same ids.

In: texts, one of our byte-level tokenizers. Out: ids. Text repeats its words: each unit (a word
with the blank before it, or what stands between two words) is encoded by the library once and
looked up from then on. Units end only where the library's own splitting ends too: after letters
before another sign, and before white space; so their ids, in a row, are those of the text.
"""

import re
from itertools import chain

import numpy as np
import numpy.typing as npt

from dragon.tokenizer import BpeTokenizer, Tokenizer

# A word of plain letters that no accented letter goes on; else all up to the next white space.
_UNIT = re.compile(r" ?[A-Za-z]++(?=[\x00-\x7f]|\Z)|\s*+\S++|\s++")
_MOST = 1 << 20  # units that are remembered: about 200 MB


class Encoder:
    """Encodes many texts with one tokenizer.

    Args:
        tokenizer: any; only those of our own kind are made faster.
        dtype: of the ids.
    """

    def __init__(self, tokenizer: Tokenizer, dtype: npt.DTypeLike = np.uint16) -> None:
        self._tokenizer = tokenizer
        self._dtype = np.dtype(dtype)
        self._ids: dict[str, tuple[int, ...]] = {}
        self._plain = not isinstance(tokenizer, BpeTokenizer)

    def __call__(self, text: str) -> npt.NDArray[np.unsignedinteger]:
        """[N] ids of a text, the same as those of `tokenizer.encode`.

        Raises:
            TokenizerError: if the text holds half a character.
        """
        if self._plain:
            return np.array(self._tokenizer.encode(text), dtype=self._dtype)
        units = _UNIT.findall(text)
        new = set(units).difference(self._ids)
        if new:
            self._learn(new)
        flat = chain.from_iterable(map(self._ids.__getitem__, units))
        ids = np.fromiter(flat, dtype=self._dtype)
        if len(self._ids) > _MOST:
            self._ids.clear()
        return ids

    def _learn(self, units: set[str]) -> None:
        encode = self._tokenizer.encode
        for unit in units:
            self._ids[unit] = tuple(encode(unit))
