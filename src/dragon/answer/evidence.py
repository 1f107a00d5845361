"""How far a span can be believed: what is known about it, and a calibrated probability.

In: a span, the passage it stands in, the question. Out: a row of numbers, and through the
calibration that the model ships with, the probability that the span answers the question.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dragon.answer.kinds import Kind, fit
from dragon.answer.spans import Span
from dragon.errors import CheckpointError
from dragon.retrieval.types import Hit
from dragon.text.vectors import WordVectors
from dragon.text.words import content_stems

LIKE = 0.65  # least cosine of a word that stands for another
SIGNALS = ("margin", "share", "sentence", "retrieval", "gap", "coverage", "kind", "meaning")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate answer with what speaks for it.

    Attributes:
        hit: the passage.
        span: the answer in it.
        sentence: (start, end) characters of the passage: the sentence of the span.
        signals: in the order of SIGNALS.
        rank: how it stands beside the other candidates; the highest is the answer, if any is.
        probability: that the span answers the question.
    """

    hit: Hit
    span: Span
    sentence: tuple[int, int]
    signals: tuple[float, ...]
    rank: float
    probability: float

    @property
    def text(self) -> str:
        """The answering text."""
        return self.hit.passage.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, worked out once for all candidates.

    Attributes:
        stems: of the question's content words.
        kind: of answer that it wants, see `kinds.wanted`.
        best_score: retrieval score of the best passage.
        vectors: of words, where the model has them.
    """

    stems: tuple[str, ...]
    kind: Kind | None
    best_score: float
    vectors: WordVectors | None = None

    def meant(self, stems: Collection[str]) -> float:
        """Mean over the question's words of the cosine to the most similar of some stems."""
        if self.vectors is None or not self.stems or not stems:
            return 0.0
        return float(self.vectors.similarity(self.stems, tuple(stems)).max(1).clip(0.0).mean())


def signals(
    asked: Asked, hit: Hit, span: Span, sentence: tuple[int, int], sentence_share: float
) -> tuple[float, ...]:
    """What is known of a candidate.

    Args:
        asked: the question.
        hit, span, sentence: the candidate.
        sentence_share: sum of the shares of all candidates of its sentence.

    Returns:
        margin over "no answer" (nats, cut at +-12), log of its share among the passage's spans and
        of its sentence's, retrieval score, how far that is below the best passage's, the share of
        the question's content words that its sentence, title and heading hold, how well it
        is of the kind that the question wants (1 to -1; 0 where that is open), and how near the
        sentence, title and heading come to the question's words in meaning.
    """
    said = _near(hit, sentence)
    found = len(said.intersection(asked.stems)) / max(1, len(asked.stems))
    return (
        max(-12.0, min(12.0, span.margin)),
        math.log(max(span.share, 1e-6)),
        math.log(max(sentence_share, 1e-6)),
        min(hit.score, 4.0),
        hit.score - asked.best_score,
        found,
        0.0 if asked.kind is None else fit(hit.passage.text, span.start, span.end, asked.kind),
        asked.meant(said),
    )


def saying(
    stems: Collection[str], candidates: Sequence[Evidence], vectors: WordVectors | None
) -> list[Evidence]:
    """The candidates whose sentence says some stems, or words much like them.

    Args:
        stems: any one is enough; all candidates where there are none.
        candidates: kept in their order.
        vectors: of words, where the model has them.

    Returns:
        Where no sentence says them, those whose title or heading does.
    """
    if not stems:
        return list(candidates)
    sentences = [content_stems(e.hit.passage.text[slice(*e.sentence)]) for e in candidates]
    alone = [
        e for e, said in zip(candidates, sentences, strict=True) if _says(said, stems, vectors)
    ]
    return alone or [e for e in candidates if _says(_near(e.hit, e.sentence), stems, vectors)]


def _says(said: Collection[str], stems: Collection[str], vectors: WordVectors | None) -> bool:
    if not {*said}.isdisjoint(stems):
        return True
    if vectors is None or not said:
        return False
    return float(vectors.similarity(tuple(stems), tuple(said)).max()) >= LIKE


def _near(hit: Hit, sentence: tuple[int, int]) -> set[str]:
    """Stems of a sentence, with the title and the heading that it stands under."""
    passage = hit.passage
    above = f"{passage.title} {passage.heading}"
    return content_stems(f"{above} {passage.text[sentence[0] : sentence[1]]}")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Which candidate to believe most, and how far: two questions, each with weights of its own.

    Attributes:
        ranking: one weight for each of SIGNALS; their sum orders the candidates of a question.
        weights: one for each of SIGNALS and one for the log of the candidate's share: logistic
            regression of whether it is right.
        bias: of the regression.
        threshold: answers less probable than this are not given.
    """

    ranking: tuple[float, ...] = (0.2, 0.1, -0.1, 1.5, 2.0, 0.5, 1.3, 3.0)
    weights: tuple[float, ...] = (0.15, 0.1, 0.2, 0.8, 1.2, 0.1, 0.5, 1.0, 0.5)
    bias: float = -3.0
    threshold: float = 0.3

    def rank(self, values: Sequence[float]) -> float:
        """The weighted sum of a candidate's signals."""
        return sum(w * v for w, v in zip(self.ranking, values, strict=True))

    def probability(self, values: Sequence[float], share: float) -> float:
        """Probability from 0 to 1 that a candidate is right.

        Args:
            values: its signals.
            share: its part of the softmax over the ranks of all candidates of the question.
        """
        known = (*values, math.log(max(share, 1e-6)))
        z = self.bias + sum(w * v for w, v in zip(self.weights, known, strict=True))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, z))))

    @classmethod
    def of_model(cls, config: Mapping[str, Any]) -> "Calibration":
        """The calibration in a model's config.json; the plain default where it has none.

        Raises:
            CheckpointError: if it is no calibration of these signals.
        """
        found = config.get("dragon", {}).get("calibration")
        if found is None:
            return cls()
        try:
            ranking = tuple(float(w) for w in found["ranking"])
            weights = tuple(float(w) for w in found["weights"])
            calibration = cls(ranking, weights, float(found["bias"]), float(found["threshold"]))
        except (TypeError, KeyError, ValueError):
            ranking = weights = ()
        if (len(ranking), len(weights)) != (len(SIGNALS), len(SIGNALS) + 1):
            raise CheckpointError(
                f"config.json: dragon.calibration is {found!r}.",
                "Calibrate the model again: dragon eval calibrate.",
            )
        return calibration


def weighed(
    calibration: Calibration, found: Sequence[tuple[Hit, Span, tuple[int, int], tuple[float, ...]]]
) -> list[Evidence]:
    """Candidates (passage, span, sentence, signals) of one question as evidence, best first."""
    ranks = [calibration.rank(values) for *_, values in found]
    top = max(ranks, default=0.0)
    total = sum(math.exp(rank - top) for rank in ranks)
    evidence = [
        Evidence(
            hit,
            span,
            sentence,
            values,
            rank,
            calibration.probability(values, math.exp(rank - top) / total),
        )
        for (hit, span, sentence, values), rank in zip(found, ranks, strict=True)
    ]
    return sorted(evidence, key=lambda e: -e.rank)
