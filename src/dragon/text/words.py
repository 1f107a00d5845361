"""Words: where they stand, their stems, and which of them carry content.

In: a text. Out: character spans, stems and stop-word flags; shared by the reader's match features,
the question writer and the answerer, so that all of them call the same two words "the same".
"""

import re
from functools import lru_cache

import Stemmer

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

STOP_WORDS = frozenset(
    "a about above after again all also am an and any are aren't as at be because been before "
    "being below between both but by can can't cannot could couldn't did didn't do does doesn't "
    "doing don't down during each few for from further had hadn't has hasn't have haven't having "
    "he her here hers herself him himself his how i if in into is isn't it it's its itself just "
    "let's may me might more most must my myself no nor not now of off on once only or other ought "
    "our ours ourselves out over own same shall she should shouldn't so some such than that the "
    "their theirs them themselves then there these they this those through to too under until up "
    "upon us very was wasn't we were weren't what what's when where which while who who's whom "
    "whose why will with won't would wouldn't you your yours yourself yourselves".split()
)

# Thai and Lao, Khmer, Japanese, Chinese: scripts without spaces between words. Compared by hand, as
# a regular expression of them takes milliseconds to compile.
_UNSPACED = (("\u0e00", "\u0eff"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"))

_STEMMER = Stemmer.Stemmer("english")


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The stem of a word, lower case (Snowball English, https://snowballstem.org).

    >>> stem("Applications") == stem("application")
    True
    """
    folded = word.casefold().replace("’", "'")
    if folded.endswith("'s"):
        folded = folded[:-2]
    return str(_STEMMER.stemWord(folded))


def words(text: str) -> list[str]:
    """The words of a text as they stand.

    >>> words("It's Anna's 3rd e-mail.")
    ["It's", "Anna's", '3rd', 'e', 'mail']
    """
    return WORD.findall(text)


def is_stop(word: str) -> bool:
    """True for words that hold a sentence together and say nothing of its subject."""
    return word.casefold() in STOP_WORDS


def is_unspaced(char: str) -> bool:
    """True for a character of a script that puts no space between words.

    >>> is_unspaced("京"), is_unspaced("k")
    (True, False)
    """
    return char > "\u0dff" and any(first <= char <= last for first, last in _UNSPACED)


def content_stems(text: str) -> set[str]:
    """Stems of the words of a text that are no stop words."""
    return {stem(w) for w in words(text) if not is_stop(w)}
