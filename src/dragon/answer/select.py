"""Which candidates become the answer: the best one, what agrees with it, and what contradicts it.

In: candidates, the most probable first. Out: those to cite.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dragon.answer.evidence import SIGNALS, Evidence
from dragon.text.words import is_stop, stem, words

MOST_CITED = 3
# A contradiction is claimed only where both sides are this strong, relative to the first.
NEARLY_AS_PROBABLE = 0.6
_QUANTITY = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b")
_COVERAGE = SIGNALS.index("coverage")


@dataclass(frozen=True, slots=True)
class Selection:
    """The candidates to cite, and whether they disagree."""

    evidence: tuple[Evidence, ...]
    contradiction: bool


def select(candidates: Sequence[Evidence], threshold: float) -> Selection:
    """Choose what to cite.

    Args:
        candidates: the most probable first.
        threshold: probability below which nothing is an answer.

    Returns:
        Nothing where the best candidate is too weak; else it, then up to two candidates of other
        passages that say the same, or the one that says otherwise about the same matter.
    """
    if not candidates or candidates[0].probability < threshold:
        return Selection((), False)
    best = candidates[0]
    agreeing, opposed = [best], []
    for other in candidates[1:]:
        if other.hit.passage.id in {e.hit.passage.id for e in [*agreeing, *opposed]}:
            continue
        if same_answer(best.text, other.text):
            if other.probability >= threshold / 2:
                agreeing.append(other)
        elif other.probability >= threshold and contradicts(best, other):
            opposed.append(other)
    if opposed:
        return Selection((best, opposed[0]), True)
    return Selection(tuple(agreeing[:MOST_CITED]), False)


def normalised(text: str) -> str:
    """Lower case, no punctuation, no articles (the comparison of SQuAD's evaluation)."""
    return " ".join(w.casefold() for w in words(text) if w.casefold() not in ("a", "an", "the"))


def same_answer(a: str, b: str) -> bool:
    """True where two quotes say the same in different lengths.

    >>> same_answer("the Crown Room", "Crown Room"), same_answer("12 days", "21 days")
    (True, False)
    """
    x, y = normalised(a), normalised(b)
    return bool(x) and bool(y) and (f" {x} " in f" {y} " or f" {y} " in f" {x} ")


def contradicts(a: Evidence, b: Evidence) -> bool:
    """True where two sentences state different quantities about the same matter.

    Both must be quantities of the same words around ("30 days" against "45 days"), and the sentences must
    share most of their other content words: two rules for two cases are no contradiction.
    """
    if b.probability < NEARLY_AS_PROBABLE * a.probability:
        return False
    if not (_QUANTITY.search(a.text.lower()) and _QUANTITY.search(b.text.lower())):
        return False
    x, y = _matter(a), _matter(b)
    alike = len(x & y) / max(1, min(len(x), len(y)))
    return alike >= 0.6 and abs(a.signals[_COVERAGE] - b.signals[_COVERAGE]) < 0.2


def _matter(evidence: Evidence) -> set[str]:
    a, b = evidence.sentence
    text = evidence.hit.passage.text
    outside = text[a : evidence.span.start] + " " + text[evidence.span.end : b]
    return {stem(w) for w in words(outside) if not is_stop(w) and not w[0].isdigit()}
