"""Which candidates become the answer: the best one, what agrees with it, and what contradicts it.

In: candidates, the most probable first. Out: those to cite.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dragon.answer.evidence import SIGNALS, Evidence
from dragon.answer.quantities import NUMBER, quantities
from dragon.text.words import is_stop, stem, words

MOST_CITED = 3
# A contradiction is claimed only where both sides are this strong, relative to the first.
NEARLY_AS_PROBABLE = 0.6
# ... and where both sentences hold this share of the question's content words,
COVERED = 0.5
# ... and of each other's content words, two at least.
ALIKE = 0.6
ARTICLES = frozenset(("a", "an", "the"))
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
    agreeing = [best]
    for other in candidates[1:]:
        if other.hit.passage.id in {e.hit.passage.id for e in agreeing}:
            continue
        if other.probability >= threshold and contradicts(best, other):
            return Selection((best, other), True)
        if other.probability >= threshold / 2 and agrees(best, other):
            agreeing.append(other)
    return Selection(tuple(agreeing[:MOST_CITED]), False)


def agrees(a: Evidence, b: Evidence) -> bool:
    """True where two quotes say the same, in whatever length; 12 days are not 12 months."""
    x, y = _quantities(a), _quantities(b)
    if x and y:
        return x == y
    return same_words(a.text, b.text)


def same_words(a: str, b: str) -> bool:
    """True where one text holds the other, word for word.

    >>> same_words("the Crown Room", "Crown Room"), same_words("Ada Lind", "Ada Holm")
    (True, False)
    """
    x, y = " ".join(normalised(a)), " ".join(normalised(b))
    return bool(x and y) and (f" {x} " in f" {y} " or f" {y} " in f" {x} ")


def normalised(text: str) -> list[str]:
    """Words in lower case without articles (the comparison of SQuAD's evaluation).

    >>> normalised("The Crown-Room, 5%")
    ['crown', 'room', '5']
    """
    return [w for w in (v.casefold() for v in words(text)) if w not in ARTICLES]


def contradicts(a: Evidence, b: Evidence) -> bool:
    """True where two sentences state different quantities of one kind about the same matter.

    "30 days" stands against "45 days", never against "45 percent". Two rules for two cases are no
    contradiction: "full-time staff" and "part-time staff" each have a word that the other lacks;
    and within one document both sentences must stand under the same heading.
    """
    if b.probability < NEARLY_AS_PROBABLE * a.probability:
        return False
    x, y = _quantities(a), _quantities(b)
    if {unit for _, unit in x} != {unit for _, unit in y} or {*x} & {*y} or not x:
        return False
    return _same_matter(a, b)


def _same_matter(a: Evidence, b: Evidence) -> bool:
    here, there = a.hit.passage, b.hit.passage
    if here.document == there.document and here.heading != there.heading:
        return False
    if min(a.signals[_COVERAGE], b.signals[_COVERAGE]) < COVERED:
        return False
    x, y = _matter(a), _matter(b)
    both = len(x & y)
    return both >= max(2, ALIKE * max(len(x), len(y))) and (x <= y or y <= x)


def _quantities(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    span, text = evidence.span, evidence.hit.passage.text
    return quantities(text[: evidence.sentence[1]], span.start, span.end)


def _matter(evidence: Evidence) -> set[str]:
    """Stems of the sentence's content words, those of the quantity left out."""
    a, b = evidence.sentence
    sentence = NUMBER.sub(" ", evidence.hit.passage.text[a:b])
    return {stem(w) for w in words(sentence) if not is_stop(w)}
