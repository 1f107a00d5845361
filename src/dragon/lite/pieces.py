"""Chapter 7: byte pair encoding, the tokenizer that is learned from text.

In: a text. Out: merges, and with them any other text as pieces (Sennrich et al. 2016,
arXiv:1508.07909). The neighbours that are seen most often become one piece, again and again.
"""

from collections import Counter
from itertools import pairwise

from dragon.lite.words import WORD

Pair = tuple[str, str]
_MOST_WORDS = 1500  # only the commonest words are learned from; the rest would cost time


def learn(text: str, count: int) -> list[Pair]:
    """Learn merges, the most useful one first.

    >>> learn("low lower lowest low", 2)
    [('l', 'o'), ('lo', 'w')]
    """
    words = Counter(WORD.findall(text.casefold())).most_common(_MOST_WORDS)
    split = {tuple(word): n for word, n in words}
    merges: list[Pair] = []
    for _ in range(count):
        pairs: Counter[Pair] = Counter()
        for pieces, n in split.items():
            for pair in pairwise(pieces):
                pairs[pair] += n
        if not pairs:
            break
        best = max(pairs, key=pairs.__getitem__)
        merges.append(best)
        split = {merge(pieces, best): n for pieces, n in split.items()}
    return merges


def merge(pieces: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    """The same pieces with every such pair made one.

    >>> merge(("l", "o", "o", "l", "o"), ("l", "o"))
    ('lo', 'o', 'lo')
    """
    if pair[0] not in pieces:
        return pieces
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] += piece
        else:
            out.append(piece)
    return tuple(out)


def encode(text: str, merges: list[Pair]) -> list[str]:
    """A text's words in pieces; the merges are applied in the order in which they were learned.

    >>> encode("slower", [("l", "o"), ("lo", "w")])
    ['s', 'low', 'e', 'r']
    """
    out: list[str] = []
    for word in WORD.findall(text.casefold()):
        pieces = tuple(word)
        for pair in merges:
            pieces = merge(pieces, pair)
        out += pieces
    return out
