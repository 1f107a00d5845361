"""Teaches the answerer which candidate to believe, and when: on held-out questions.

In: candidates of held-out questions, each more or less right. Out: a `Calibration`: weights that
rank a question's candidates (conditional logit, McFadden 1974), weights of a logistic regression of
whether the first of them is right, and the threshold that serves best.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dragon.answer.evidence import SIGNALS, Calibration, Evidence
from dragon.answer.reader import Reader
from dragon.errors import DataError
from dragon.evaluate.questions import Question
from dragon.evaluate.scores import contains, f1
from dragon.retrieval import Hit, Index

RIGHT = 0.5  # rightness from which an answer counts as right
RIDGE = 3e-3
PULL = 0.02  # of the ranking's weights towards 0, their signals having deviation 1
STEPS = 50
ASCENTS = 300
WIDER = 6  # how many times top_k is searched, so that enough is left without one document

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """The candidates of one question.

    Attributes:
        signals: [n, S].
        right: [n] 0 to 1; half for holding the answer in its sentence, half the F1 of the span.
        answerable: whether the question can be answered.
    """

    signals: Matrix
    right: Matrix
    answerable: bool


def collect(index: Index, reader: Reader, questions: Sequence[Question], top_k: int) -> list[Trial]:
    """Search and read for all questions, twice for those that can be answered.

    The second time the document that answers is left out of what is read: the plain case of
    documents that do not say, where questions written to mislead are the hard one.
    """
    trials = []
    for q in questions:
        hits = index.search(q.question, WIDER * top_k, reader.vectors)
        trials.append(_trial(reader, q, hits[:top_k]))
        if q.answerable and q.document:
            others = [h for h in hits if not h.passage.document.endswith(q.document)]
            silent = replace(q, answers=())
            trials.append(_trial(reader, silent, others[:top_k]))
    return [t for t in trials if len(t.right)]


def _trial(reader: Reader, question: Question, hits: Sequence[Hit]) -> Trial:
    evidence = reader.read(question.question, hits).evidence
    values = np.array([e.signals for e in evidence]).reshape(-1, len(SIGNALS))
    return Trial(values, _right(evidence, question), question.answerable)


def fit(trials: Sequence[Trial], expected: float = 0.5) -> Calibration:
    """Fit both sets of weights, then choose the threshold.

    The threshold maximises the mean of two shares: answerable questions answered rightly, and
    unanswerable ones not answered.

    Args:
        trials: of held-out questions.
        expected: weight of the first share: how many of its users' questions the documents answer.

    Raises:
        DataError: if there is nothing to tell apart.
    """
    rank = ranking(trials)
    chosen = [_first(trial, rank) for trial in trials]
    x = np.array([values for values, _ in chosen])
    right = np.array([r >= RIGHT for _, r in chosen])
    if not right.any() or right.all():
        raise DataError(
            "The reader found no right answer, or none but right ones.",
            "Calibrate on more questions, or train the model further.",
        )
    w = logistic(x, right.astype(np.float64))
    probability = 1 / (1 + np.exp(-(x @ w[:-1] + w[-1])))
    answerable = np.array([trial.answerable for trial in trials])
    return Calibration(
        tuple(round(float(v), 4) for v in rank),
        tuple(round(float(v), 4) for v in w[:-1]),
        round(float(w[-1]), 4),
        best_threshold(probability, right, answerable, expected),
    )


def ranking(trials: Sequence[Trial]) -> Matrix:
    """[S] weights under which a softmax over a question's candidates falls on the right ones.

    On any of them: what is maximised is the log of their shares' sum, each weighed by how right it
    is. Asking for all of them at once would punish the second-best wording of a right answer.
    """
    telling = [t for t in trials if t.right.any()]
    if not telling:
        return np.zeros(len(SIGNALS))
    every = np.concatenate([t.signals for t in telling])
    mean, deviation = every.mean(0), every.std(0) + 1e-6
    parts = [((t.signals - mean) / deviation, t.right) for t in telling]
    w = np.zeros(every.shape[1])
    for _ in range(ASCENTS):
        w = (
            w
            + sum(_towards(z, softmax(z @ w), right) for z, right in parts) / len(parts)
            - PULL * w
        )
    weights: Matrix = w / deviation
    return weights


def _towards(z: Matrix, share: Matrix, right: Matrix) -> Matrix:
    gained = share * right
    gradient: Matrix = z.T @ (gained / max(gained.sum(), 1e-12) - share)
    return gradient


def logistic(x: Matrix, y: Matrix) -> Matrix:
    """[n, S] signals and [n] 0 or 1 -> [S + 1] weights and bias, by Newton's method."""
    x = np.hstack([x, np.ones((len(x), 1))])
    w = np.zeros(x.shape[1])
    ridge = RIDGE * len(x) * np.eye(len(w))
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(x @ w)))
        gradient = x.T @ (y - p) - ridge @ w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        w = w + np.linalg.solve(hessian, gradient)
    return w


def best_threshold(
    probability: Matrix,
    right: npt.NDArray[np.bool_],
    answerable: npt.NDArray[np.bool_],
    expected: float = 0.5,
) -> float:
    """The probability from which answering pays, see `fit`; arrays of one value a question."""

    def value(threshold: float) -> float:
        given = probability >= threshold
        answered = (given & right & answerable).sum() / max(1, answerable.sum())
        silent = (~given & ~answerable).sum() / max(1, (~answerable).sum())
        return float(expected * answered + (1 - expected) * silent)

    return float(max(np.arange(0.02, 0.9, 0.01).round(2), key=value))


def softmax(z: Matrix) -> Matrix:
    """[n] -> [n], positive and of sum 1."""
    p = np.exp(z - z.max())
    whole: Matrix = p / p.sum()
    return whole


def _first(trial: Trial, rank: Matrix) -> tuple[Matrix, float]:
    """Signals and log share of the candidate that ranks first, and how right it is."""
    share = softmax(trial.signals @ rank)
    first = int(share.argmax())
    known = np.append(trial.signals[first], np.log(max(share[first], 1e-6)))
    return known, float(trial.right[first]) if trial.answerable else 0.0


def _right(evidence: Sequence[Evidence], question: Question) -> Matrix:
    def of(e: Evidence) -> float:
        a, b = e.sentence
        said = contains(e.hit.passage.text[a:b], question.answers)
        return (said + f1(e.text, question.answers)) / 2

    return np.array([of(e) for e in evidence], dtype=np.float64)
