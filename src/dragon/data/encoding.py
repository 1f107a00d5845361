"""Running text to ids at several times the library's speed, with the same ids.

In: texts, a tokenizer. Out: ids. Text repeats its words: each unit (a word with the blank before
it, or what stands between two words) is encoded by the library once and looked up from then on.
Units end only where the library's own splitting ends too: after letters before another sign, and
before white space, but not where signs go on in a line feed; so their ids, in a row, are those of
the text.
"""

import re
from itertools import chain

import numpy as np
import numpy.typing as npt

from dragon.tokenizer import BpeTokenizer, Tokenizer
from dragon.tokenizer.foreign import cut_of

# White space as Unicode has it: Python's \s has four control characters more.
_S = r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_N = _S.replace("[", "[^", 1)
# A word of plain letters that no accented letter goes on; else all up to the next white space.
_UNIT = re.compile(rf" ?[A-Za-z]++(?=[\x00-\x7f]|\Z)|(?!\Z){_S}*+(?:{_N}++[\r\n]{_S}*+)*+{_N}*+")
_MOST = 1 << 20  # units that are remembered: about 200 MB


class Encoder:
    """Encodes many texts with one tokenizer.

    Args:
        tokenizer: any; byte-level ones whose way of splitting is known are made faster.
        dtype: of the ids.
    """

    def __init__(self, tokenizer: Tokenizer, dtype: npt.DTypeLike = np.uint16) -> None:
        self._tokenizer = tokenizer
        self._dtype = np.dtype(dtype)
        self._ids: dict[str, tuple[int, ...]] = {}
        self._plain = not _splits_at_blanks(tokenizer)

    def __call__(self, text: str, *after: int) -> npt.NDArray[np.unsignedinteger]:
        """[N] ids of a text, the same as those of `tokenizer.encode`, and those given after it.

        Raises:
            TokenizerError: if the text holds half a character.
        """
        if self._plain:
            return np.array([*self._tokenizer.encode(text), *after], dtype=self._dtype)
        units = _UNIT.findall(text)
        new = set(units).difference(self._ids)
        if new:
            self._learn(new)
        flat = chain.from_iterable(map(self._ids.__getitem__, units))
        ids = np.fromiter(chain(flat, after), dtype=self._dtype)
        if len(self._ids) > _MOST:
            self._ids.clear()
        return ids

    def _learn(self, units: set[str]) -> None:
        encode = self._tokenizer.encode
        for unit in units:
            self._ids[unit] = tuple(encode(unit))


def _splits_at_blanks(tokenizer: Tokenizer) -> bool:
    """Whether units may be encoded one by one: a known splitting, no token that is found before."""
    if not isinstance(tokenizer, BpeTokenizer):
        return False
    values = tokenizer.to_json()
    found_first = [token for token in values["added_tokens"] if not token["special"]]
    plain = (values["normalizer"] or {"type": "NFC"})["type"] == "NFC"
    return plain and not found_first and cut_of(values["pre_tokenizer"]) is not None
