"""Teaches the answerer when to believe a span: logistic regression on held-out questions.

In: candidates of held-out questions, each right or wrong. Out: a `Calibration`, with the threshold
that serves best where as many questions can be answered as cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dragon.answer.evidence import SIGNALS, Calibration, Evidence
from dragon.answer.reader import Reader
from dragon.errors import DataError
from dragon.evaluate.questions import Question
from dragon.evaluate.scores import f1
from dragon.retrieval import Hit, Index

RIGHT = 0.5  # F1 from which a span counts as right
RIDGE = 1e-3
STEPS = 50
WIDER = 6  # how many times top_k is searched, so that enough is left without one document

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """The candidates of one question: signals [n, S], right [n], and whether it can be answered."""

    signals: Matrix
    right: npt.NDArray[np.bool_]
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


def fit(trials: Sequence[Trial]) -> Calibration:
    """Fit weights by Newton's method, then choose the threshold.

    The threshold maximises the mean of two shares: answerable questions answered rightly, and
    unanswerable ones not answered.

    Raises:
        DataError: if there is nothing to tell apart.
    """
    if not any(t.right.any() for t in trials) or all(t.right.all() for t in trials):
        raise DataError(
            "The reader found no right answer, or none but right ones.",
            "Calibrate on more questions, or train the model further.",
        )
    x = np.concatenate([t.signals for t in trials])
    y = np.concatenate([t.right for t in trials]).astype(np.float64)
    x = np.hstack([x, np.ones((len(x), 1))])
    w = np.zeros(x.shape[1])
    ridge = RIDGE * len(x) * np.eye(len(w))
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(x @ w)))
        gradient = x.T @ (y - p) - ridge @ w
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        w = w + np.linalg.solve(hessian, gradient)
    fitted = Calibration(tuple(round(float(v), 4) for v in w[:-1]), round(float(w[-1]), 4), 0.0)
    assert len(fitted.weights) == len(SIGNALS)
    return Calibration(fitted.weights, fitted.bias, best_threshold(trials, fitted))


def best_threshold(trials: Sequence[Trial], calibration: Calibration) -> float:
    """The probability from which answering pays, see `fit`."""
    w = np.array(calibration.weights)
    outcomes = []
    for t in trials:
        z = t.signals @ w + calibration.bias
        best = int(z.argmax())
        outcomes.append((1 / (1 + np.exp(-z[best])), bool(t.right[best]), t.answerable))
    yes = max(1, sum(a for *_, a in outcomes))
    no = max(1, sum(not a for *_, a in outcomes))

    def value(threshold: float) -> float:
        answered = sum(bool(p >= threshold and right) for p, right, a in outcomes if a)
        silent = sum(bool(p < threshold) for p, _, a in outcomes if not a)
        return answered / yes + silent / no

    return float(max(np.arange(0.02, 0.9, 0.01).round(2), key=value))


def _right(evidence: Sequence[Evidence], question: Question) -> npt.NDArray[np.bool_]:
    return np.array([f1(e.text, question.answers) >= RIGHT for e in evidence], dtype=bool)
