"""Chapter 4: what speaks for a sentence.

In: a question and the sentences of a passage. Out: points for each sentence, and their sum. A
sentence gets points for the question's words that it holds, weighted by how rare they are, and for
those in its headings and in the sentence before it; for words that stand beside the same neighbour
as in the question; for a number after "how many" and a name after "who"; for its passage's rank.
All weights were fitted on questions of SQuAD (arXiv:1806.03822), none on the example handbook.
"""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from dragon.lite.documents import Passage
from dragon.lite.index import Index
from dragon.lite.words import Span, content, stems, words

# The order of sentences: a softmax over all sentences of the passages that BM25 found.
CHOICE = {
    "covered": 3.5,
    "in headings": 0.6,
    "sentence before": 0.4,
    "word pairs": 1.9,
    "number": 1.0,
    "name": 0.4,
    "words": 3.0,
    "rank": 4.2,
}
# How probable it is that the best one answers: a logistic regression. Half of its questions were
# asked of documents from which the one that answers had been taken away.
BELIEF = {
    "covered": 3.2,
    "in headings": 1.1,
    "sentence before": 1.4,
    "word pairs": 2.2,
    "number": 0.5,
    "words": 1.7,
    "passage": 0.64,
    "unknown": 1.3,
    "length": 2.0,
}
BIAS = -5.7
NEW = 2.0  # so much more the words of a follow-up count

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|sixty|hundred|thousand|million|half|quarter|dozen|once|twice|first|second|third"
    r"|daily|weekly|monthly|yearly|none|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january"
    r"|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|long|often|far|fast|old|soon|quickly|high|large|big|late|early)\b|\bwhen\b"
    r"|\b(?:what|which) (?:\w+ )?(?:year|day|date|month|percent\w*|share|time|number|amount|age|"
    r"price|speed)\b|^what (?:does|do|must|is|will|may) .*\b(?:cost|pay|charge|price|fee|limit)\b",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(
    r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:which|what) (?:company|agency|person|firm|city|country|state|"
    r"organi[sz]ation|team|school|university|man|woman|doctor|name)\b",
    re.IGNORECASE,
)


def weighted(weights: dict[str, float], points: dict[str, float]) -> float:
    """The sum of points times weights."""
    return sum(weights.get(key, 0.0) * value for key, value in points.items())


def belief(points: dict[str, float]) -> float:
    """The probability that a sentence answers, from 0 to 1."""
    return 1 / (1 + math.exp(-BIAS - weighted(BELIEF, points)))


class Wanted:
    """What a question wants: its words by weight, its pairs of words, the kind of answer.

    Args:
        index: what is searched.
        question: with what a follow-up leaves out.
        new: what was typed, if that is a follow-up; its words count more than those carried along.
    """

    def __init__(self, index: Index, question: str, new: str = "") -> None:
        self.weight = index.weights(content(question))
        for word in content(new):
            self.weight[word] = NEW * self.weight.get(word, 0.0)
        self.total = sum(self.weight.values()) or 1.0
        self.pairs = {p for p in pairwise(stems(question)) if self.weight.keys() & {*p}}
        self.words = {*words(question)}
        self.number = bool(_ASKS_NUMBER.search(question))
        self.name = bool(_ASKS_NAME.search(question))
        unknown = {word for word in self.weight if word not in index.postings}
        self.points = {"unknown": self.share(unknown), "length": len(self.weight) / 10}

    def share(self, held: set[str]) -> float:
        """How much of the question's weight some words hold, from 0 to 1."""
        return sum(self.weight[word] for word in held & self.weight.keys()) / self.total

    def pair_share(self, spoken: Sequence[str]) -> float:
        """The same for words that stand beside the same neighbour as in the question."""
        beside = self.pairs & {*pairwise(spoken)}
        return sum(max(self.weight.get(w, 0.0) for w in pair) for pair in beside) / self.total

    def kind(self, sentence: str) -> dict[str, float]:
        """1 where a word of the kind that was asked for is new here, -1 where none is."""
        if not self.number and not self.name:
            return {}
        marks = ".,;:?!'\"()*"
        new = [w for w in sentence.split() if w.casefold().strip(marks) not in self.words]
        number = bool(_NUMBER.search(" ".join(new)))
        name = any(w.lstrip(marks)[:1].isupper() for w in new[1:])
        return {
            "number": float(self.number) * (1 if number else -1),
            "name": float(self.name) * (1 if name else -1),
        }


def sentence_points(
    passage: Passage, spoken: list[list[str]], wanted: Wanted
) -> Iterator[tuple[Span, dict[str, float]]]:
    """The sentences of a passage, each with its points; rules and first rows of tables are none."""
    text = passage.document.text
    above = {*stems(f"{passage.document.title} {passage.heading} {passage.columns}")}
    columns: set[str] = set()  # the first row of the table that a sentence stands in
    before: set[str] = set()
    in_table = False
    for span, said_words in zip(passage.spans, spoken, strict=True):
        sentence, said, was_row = text[slice(*span)], {*said_words}, in_table
        in_table = sentence.startswith("|")
        if in_table and not was_row:
            columns = said
        elif said:
            around = above | (columns if in_table else set())
            points = {
                "covered": wanted.share(said),
                "in headings": wanted.share(around - said),
                "sentence before": wanted.share(before - around - said),
                "word pairs": wanted.pair_share(said_words),
                "words": len(said & wanted.weight.keys()) / len(wanted.weight),
            }
            yield span, points | wanted.kind(sentence)
        before = said
