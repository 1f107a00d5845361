"""Grounding: does a reader answer from the passages in front of it, and only from them?

In: a reader and questions in SQuAD's fields, with the text that each was written about. Out: one
`Result`: exact match and F1 with the right passages, among misleading ones, and silence without
evidence; whether answers follow exchanged entities; whether citations are true.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dragon.answer import Answerer
from dragon.answer.reader import Reader
from dragon.errors import DataError
from dragon.evaluate.doubt import abstention, risk_area, risk_coverage
from dragon.evaluate.given import READ, Asked, Found, read, shelf
from dragon.evaluate.grounding import best_sentence
from dragon.evaluate.grounding import run as run_answerer
from dragon.evaluate.questions import Question, evenly
from dragon.evaluate.result import Plot, Result, Score, average, share
from dragon.evaluate.scores import contains, exact_match, f1
from dragon.evaluate.swap import swap_scores, swapped
from dragon.retrieval import Index

SAYS = "Questions with their passage, with misleading ones, with none; with exchanged entities."
OVER_REFUSAL = 0.05
RIGHT = 0.5  # F1 of the span from which an answer counts as right
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Readings:
    """What was found for one question.

    Attributes:
        asked: the question and its passages.
        alone: with the right passages.
        among: with misleading ones beside them.
        without: with the misleading ones only.
    """

    asked: Asked
    alone: Found
    among: Found
    without: Found

    @property
    def answers(self) -> tuple[str, ...]:
        """What is expected."""
        return self.asked.question.answers


def grounding(
    name: str,
    reader: Reader,
    questions: Sequence[Question],
    limit: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Score a reader.

    Args:
        name: of the question set; becomes part of the result's name.
        reader: the model.
        questions: with their contexts; all contexts are in the index.
        limit: most answerable and most unanswerable ones, spread evenly; 0 for all.
        seed: of the exchanged entities.
        progress: called with what is being done, and how many of how many are finished.

    Raises:
        DataError: if a question has no context, or none can be answered.
    """
    if not any(q.answerable for q in questions) or not all(q.context.strip() for q in questions):
        raise DataError(
            f"{name}: a question has no context, or none has an answer.",
            "Give questions in SQuAD's fields: title, context, question, answers.",
        )
    yes = evenly([q for q in questions if q.answerable], limit)
    no = evenly([q for q in questions if not q.answerable], limit)
    with shelf(questions, reader) as texts:
        readings = []
        for number, question in enumerate([*yes, *no], 1):
            readings.append(_read(reader, texts.ask(question)))
            if progress:
                progress(name, number, len(yes) + len(no))
        cited = _cited(texts.index, reader, [*yes, *no])
    answerable = [r for r in readings if r.asked.question.answerable]
    trick = [r for r in readings if not r.asked.question.answerable]
    outcomes = swapped(reader, [r.asked for r in answerable if r.alone.exact(r.answers)], seed)
    scores = [
        *_spans(answerable),
        *swap_scores(outcomes),
        *_refusals(reader, answerable, trick),
        *cited,
    ]
    settings = {"read": READ, "over_refusal": OVER_REFUSAL, "seed": seed, "limit": limit,
                "threshold": reader.calibration.threshold}  # fmt: skip
    return Result(
        f"grounding-{name}",
        SAYS,
        len(readings),
        tuple(scores),
        plots=(_curves(answerable, trick),),
        settings=settings,
    )


def _read(reader: Reader, asked: Asked) -> Readings:
    question = asked.question.question
    return Readings(
        asked,
        read(reader, question, asked.right),
        read(reader, question, asked.both),
        read(reader, question, asked.others[:READ]),
    )


def _spans(readings: Sequence[Readings]) -> list[Score]:
    """How good the best span is, refused or not, beside the sentence that shares most words."""
    sentences = [
        (best_sentence(r.asked.question.question, r.asked.right), r.answers) for r in readings
    ]
    return [
        share("exact_match", [r.alone.exact(r.answers) for r in readings], "right passage given"),
        average("f1", [r.alone.f1(r.answers) for r in readings], "right passage given"),
        share("among_exact_match", [r.among.exact(r.answers) for r in readings],
              "right passage among misleading ones"),
        average("among_f1", [r.among.f1(r.answers) for r in readings],
                "right passage among misleading ones"),
        share("baseline_exact_match", [bool(exact_match(s, a)) for s, a in sentences],
              "best sentence of the right passage"),
        average("baseline_f1", [f1(s, a) for s, a in sentences],
                "best sentence of the right passage"),
    ]  # fmt: skip


def _refusals(
    reader: Reader, answerable: Sequence[Readings], trick: Sequence[Readings]
) -> list[Score]:
    """Silence where there is no evidence, at the shipped threshold and at a fixed price."""
    least = reader.calibration.threshold
    kept = [r.among.probability for r in answerable]
    gone = [r.without.probability for r in answerable]
    silent = [not reader.read(r.asked.question.question, ()).evidence for r in answerable[:100]]
    scores = [
        share("over_refusal", [p < least for p in kept], "refused though a passage says it"),
        share("abstained_without_evidence", [p < least for p in gone], "misleading passages only"),
        share("abstained_without_passages", silent, "no passage at all"),
        abstention(kept, gone, OVER_REFUSAL, "abstained_at_5%_over_refusal"),
    ]
    if trick:
        tricked = [r.among.probability for r in trick]
        scores += [
            share("abstained_on_trick_questions", [p < least for p in tricked],
                  "written to look answerable from their passage"),
            abstention(kept, tricked, OVER_REFUSAL, "abstained_on_trick_at_5%_over_refusal"),
        ]  # fmt: skip
    scores.append(risk_area(kept + gone, [_right(r) for r in answerable] + [False] * len(gone)))
    return scores


def _cited(index: Index, reader: Reader, questions: Sequence[Question]) -> list[Score]:
    """The whole way of an answer, search included: are its citations true, do they answer?"""
    records = run_answerer(index, Answerer(index, reader, READ), questions)
    given = [r for r in records if not r.answer.abstained]
    useful = [r for r in given if r.question.answerable]
    held = [
        any(contains(c.sentence, r.question.answers) for c in r.answer.citations) for r in useful
    ]
    return [
        share("citations_verbatim", [r.verbatim for r in given], "answers given, search included"),
        share("citations_support", [bool(h) for h in held],
              "a cited sentence holds an expected answer, of answers to answerable questions"),
    ]  # fmt: skip


def _curves(answerable: Sequence[Readings], trick: Sequence[Readings]) -> Plot:
    kept = [r.among.probability for r in answerable]
    right = [_right(r) for r in answerable]
    gone = [r.without.probability for r in answerable]
    lines = {
        "all answerable": risk_coverage(kept, right),
        "half without evidence": risk_coverage(kept + gone, right + [False] * len(gone)),
    }
    if trick:
        tricked = [r.among.probability for r in trick]
        both = risk_coverage(kept + tricked, right + [False] * len(tricked))
        lines["with trick questions"] = both
    return Plot("Risk and coverage", "share of questions answered", "share of them wrong", lines)


def _right(readings: Readings) -> bool:
    return readings.among.f1(readings.answers) >= RIGHT
