"""Whether a text is running text that is worth learning from: rules from the literature.

In: a text. Out: the reason why it is not, or None. The rules and their limits:

- Gopher (Rae et al. 2021, arXiv:2112.11446, table A1): number and length of words, symbols,
  bullets, ellipses, words with letters, stop words; repeated lines, paragraphs and n-grams;
- C4 (Raffel et al. 2020, arXiv:1910.10683, section 2.2): placeholders, lines about scripts and
  cookies.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dragon.data.cleaning.hashing import Hashes, Words, ngrams

_STOPS = frozenset("the be to of and that have with".split())
_BULLETS = ("•", "-", "*", "‣", "●", "–")
_LINES = re.compile(
    r"javascript (?:is|must be|to be) |enable javascript|use of cookies|uses cookies|cookie policy"
    r"|accept (?:all )?cookies|privacy policy|terms of (?:use|service)|all rights reserved"
    r"|subscribe to our|sign up for our|click here to|share (?:this|on) (?:facebook|twitter)"
    r"|^(?:tweet|share|print|e-?mail|login|log in|sign in|advertisement"
    r"|skip to (?:main )?content)$",
    re.IGNORECASE,
)
# n of an n-gram -> most of the characters that may lie in its commonest or in repeated ones.
_TOP = {2: 0.20, 3: 0.18, 4: 0.16}
_REPEATED = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document must keep to; the defaults are Gopher's.

    Attributes:
        least_words, most_words: of a document.
    """

    least_words: int = 50
    most_words: int = 100_000


def without_boilerplate(lines: Sequence[str]) -> list[str]:
    """The lines without those that speak of cookies, scripts and sharing.

    >>> without_boilerplate(["It rained.", "This site uses cookies.", "Login"])
    ['It rained.']
    """
    return [line for line in lines if len(line) > 200 or not _LINES.search(line)]


def fault_of(text: str, words: Words, limits: Limits = Limits()) -> str | None:
    """Why a text is left out, None if it is fine; `words` are its own (see `hashing`)."""
    tokens = text.split()
    count = len(tokens)
    if count < limits.least_words:
        return "too short"
    if count > limits.most_words:
        return "too long"
    if "lorem ipsum" in text.lower():
        return "placeholder text"
    return _wording(text, tokens, limits) or _lines(text) or repetition(words)


def _wording(text: str, tokens: list[str], limits: Limits) -> str | None:
    count = len(tokens)
    length = sum(map(len, tokens)) / count
    if not 3 <= length <= 10:
        return "word length"
    if text.count("#") + text.count("...") + text.count("…") > 0.1 * count:
        return "symbols"
    if sum(any(map(str.isalpha, token)) for token in tokens) < 0.8 * count:
        return "few words"
    if count >= 50 and len(_STOPS.intersection(map(str.lower, tokens))) < 2:
        return "no running text"
    return None


def _lines(text: str) -> str | None:
    lines = [line for line in text.split("\n") if line.strip()]
    if sum(line.startswith(_BULLETS) for line in lines) > 0.9 * len(lines):
        return "bullets only"
    if sum(line.endswith(("...", "…")) for line in lines) > 0.3 * len(lines):
        return "ellipses"
    if _repeats(lines, len(text)):
        return "repeated lines"
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    return "repeated paragraphs" if _repeats(paragraphs, len(text)) else None


def _repeats(parts: Sequence[str], size: int) -> bool:
    """Whether over 30% of the parts, or 20% of the characters, stood there before."""
    distinct = set(parts)
    if len(parts) - len(distinct) > 0.3 * len(parts):
        return True
    return sum(map(len, parts)) - sum(map(len, distinct)) > 0.2 * size


def repetition(words: Words) -> str | None:
    """`repeated phrases` if too many characters lie in n-grams that come again and again."""
    total = int(words.lengths.sum())
    if len(words.hashes) < 20 or not total:
        return None
    ends = np.concatenate([[0], np.cumsum(words.lengths)])
    for n, most in _TOP.items():
        grams = ngrams(words.hashes, n)
        _, first, counts = np.unique(grams, return_index=True, return_counts=True)
        top = int(counts.argmax())
        if (
            counts[top] > 3
            and counts[top] * (ends[first[top] + n] - ends[first[top]]) > most * total
        ):
            return "repeated phrases"
    # A longer n-gram repeats only where the shorter ones do.
    for n, most in _REPEATED.items():
        covered = _covered(words.hashes, n)
        if not covered.any():
            return None
        if int(words.lengths[covered].sum()) > most * total:
            return "repeated phrases"
    return None


def _covered(hashes: Hashes, n: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """[W] which words lie in an n-gram that stands more than once."""
    grams = ngrams(hashes, n)
    _, inverse, counts = np.unique(grams, return_inverse=True, return_counts=True)
    starts = counts[inverse] > 1
    steps = np.zeros(len(hashes) + 1, dtype=np.int64)
    steps[: len(starts)] += starts
    steps[n : n + len(starts)] -= starts
    return np.cumsum(steps[:-1]) > 0
