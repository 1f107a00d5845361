"""Constructed questions, answers and trials."""

import numpy as np

from dragon.answer import Answer, Citation
from dragon.answer.evidence import SIGNALS
from dragon.answer.types import Timings, Usage
from dragon.evaluate.calibrate import Trial
from dragon.evaluate.grounding import Record
from dragon.evaluate.questions import Question
from dragon.retrieval import Hit, Passage


def question(*answers: str, document: str = "a.md") -> Question:
    return Question("How long?", answers, document if answers else "", "")


def record(asked: Question, said: str, found: str = "a.md", sentence: str = "") -> Record:
    """A record of an answer; nothing said is an abstention."""
    citation = Citation(1, found, said, 0, len(said), said, 0, said, 0, len(said), "", 0.9, False)
    passage = Passage(1, f"/docs/{found}", "", "", "Stay 30 days.", 0, 13)
    answer = Answer(
        question=asked.question,
        asked=asked.question,
        answer=f"{said} [1]" if said else "The documents do not say.",
        abstained=not said,
        contradiction=False,
        citations=(citation,) if said else (),
        passages=(Hit(passage, 1.0),),
        model="m",
        usage=Usage(1, 1),
        timings=Timings(1.0, 1.0, 2.0),
    )
    return Record(asked, answer, sentence, True)


def trial(answerable: bool, *candidates: tuple[float, bool]) -> Trial:
    """A trial of candidates (first signal, right); the other signals are 0."""
    values = np.array([[margin] + [0.0] * (len(SIGNALS) - 1) for margin, _ in candidates])
    return Trial(values, np.array([float(right) for _, right in candidates]), answerable)
