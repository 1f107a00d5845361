"""A reader with its passages given: the right one, others, both, or none.

In: questions with the passage that each was written about. Out: what the reader finds in each case.
All passages lie in one index, so that a passage comes with the score it would be found with.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dragon.answer.evidence import Evidence
from dragon.answer.reader import Reader
from dragon.evaluate.questions import Question
from dragon.evaluate.scores import contains, exact_match, f1
from dragon.retrieval import Hit, Index

SEARCHED = 20  # passages from which the misleading ones are taken
READ = 5  # passages that are read together


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what it is read with.

    Attributes:
        question: as it was written.
        right: the passages of the text that it was written about.
        others: passages of other texts that hold none of its answers, the likeliest first.
    """

    question: Question
    right: tuple[Hit, ...]
    others: tuple[Hit, ...]

    @property
    def both(self) -> tuple[Hit, ...]:
        """The right passages among misleading ones."""
        return (*self.right, *self.others[: max(1, READ - len(self.right))])


@dataclass(frozen=True, slots=True)
class Found:
    """The best span that a reader finds; no text and probability 0 where there is none.

    Attributes:
        text: the span.
        sentence: around it.
        probability: that it answers the question.
    """

    text: str
    sentence: str
    probability: float

    def f1(self, answers: Sequence[str]) -> float:
        """F1 of the span."""
        return f1(self.text, answers) if self.text else 0.0

    def exact(self, answers: Sequence[str]) -> bool:
        """Whether the span is one of the answers."""
        return bool(self.text and exact_match(self.text, answers))


class Shelf:
    """An index of the texts that questions were written about.

    Args:
        index: open, one document for each of `contexts`, named by its number.
        contexts: the texts.
        reader: whose word vectors the search uses.
    """

    def __init__(self, index: Index, contexts: Sequence[str], reader: Reader) -> None:
        self.index, self._reader = index, reader
        self._number = {context: str(i) for i, context in enumerate(contexts)}

    def ask(self, question: Question) -> Asked:
        """Search for a question and part what is right from what is not."""
        hits = self.index.search(question.question, SEARCHED, self._reader.vectors)
        number = self._number[question.context]
        right = {h.passage.id: h for h in hits if _stem(h) == number}
        for passage in self._passages(number):
            right.setdefault(passage.passage.id, passage)
        others = (h for h in hits if _stem(h) != number)
        silent = tuple(h for h in others if not contains(h.passage.text, question.answers))
        return Asked(question, tuple(right.values()), silent)

    def _passages(self, number: str) -> Iterator[Hit]:
        """The passages of a text, as if the search had found nothing in them."""
        path = self.index.find(f"{number}.md").path
        yield from (Hit(passage, 0.0) for passage in self.index.passages(path))


@contextmanager
def shelf(questions: Sequence[Question], reader: Reader) -> Iterator[Shelf]:
    """Index the texts of questions in a folder of their own."""
    titles = {q.context: q.document.removesuffix(".md").replace("_", " ") for q in questions}
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts"
        texts.mkdir()
        for number, (context, title) in enumerate(titles.items()):
            (texts / f"{number}.md").write_text(f"# {title}\n\n{context}\n", "utf-8")
        with Index.open(Path(folder) / "index.db", create=True) as index:
            index.add([texts])
            yield Shelf(index, list(titles), reader)


def read(reader: Reader, question: str, hits: Sequence[Hit]) -> Found:
    """What the reader finds in some passages."""
    evidence = reader.read(question, hits).evidence
    return _found(evidence[0]) if evidence else Found("", "", 0.0)


def _found(evidence: Evidence) -> Found:
    a, b = evidence.sentence
    return Found(evidence.text, evidence.hit.passage.text[a:b], evidence.probability)


def _stem(hit: Hit) -> str:
    return Path(hit.passage.document).stem
