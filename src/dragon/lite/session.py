"""Chapter 6: a conversation; follow-ups get back the words that they leave out.

In: questions, one after the other. Out: questions that can be searched for on their own.
"""

import re

from dragon.lite.answers import Answer, ask
from dragon.lite.index import Index
from dragon.lite.words import content

_KEPT = 400  # characters that a long talk carries along
_GOES_ON = re.compile(r"\s*(?:and|or|but|so|also|then|what about|how about|who else)\b", re.I)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|he|him|his|she|her|this|these|those|one|ones|same)\b|\bthat\s*\?*$",
    re.IGNORECASE,
)


class Session:
    """A talk about an index: remembers what was asked and answered.

    Args:
        index: what is searched.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self.answers: list[Answer] = []

    def ask(self, question: str) -> Answer:
        """Answer a question, a follow-up together with what it follows."""
        before = self.answers[-1].asked if self.answers else ""
        if before and leans(question):
            told = [quote for answer in self.answers for quote in answer.quotes]
            answer = ask(self.index, question, f"{question.strip()} {before}"[:_KEPT], told)
        else:
            answer = ask(self.index, question)
        self.answers.append(answer)
        return answer


def leans(question: str) -> bool:
    """True for a question that does not say by itself what it is about.

    >>> [leans(q) for q in ("And part-time staff?", "Who signs it?", "Who signs the form P9?")]
    [True, True, False]
    """
    few = len(content(question))
    return bool(_GOES_ON.match(question)) or few < 2 or (few < 5 and _points_back(question))


def _points_back(question: str) -> bool:
    return bool(_POINTS_BACK.search(question))
