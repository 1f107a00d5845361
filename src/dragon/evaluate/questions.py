"""Question sets: the handbook's fields and SQuAD's.

In: a JSON Lines file, plain or compressed. Out: `Question`s; for SQuAD its articles as documents.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from dragon.data.sources import read_rows
from dragon.errors import DataError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is expected of it.

    Attributes:
        question: as it is asked.
        answers: accepted spans; empty where the documents do not say.
        document: end of the path of the document that answers, may be empty.
        context: the passage that the question was written about, may be empty.
    """

    question: str
    answers: tuple[str, ...]
    document: str
    context: str

    @property
    def answerable(self) -> bool:
        """True where the documents hold the answer."""
        return bool(self.answers)


def load_questions(path: Path) -> list[Question]:
    """Read a question set.

    Raises:
        DataError: naming the row and the field that is missing or wrong.
    """
    found = []
    for number, row in enumerate(read_rows(path), 1):
        question, answers = row.get("question"), row.get("answers", [])
        if not isinstance(question, str) or not question.strip():
            raise DataError(f"{path}: row {number} has no question.")
        if not isinstance(answers, list) or not all(isinstance(a, str) for a in answers):
            raise DataError(
                f"{path}: row {number}: answers is {answers!r}.", "Give a list of texts."
            )
        answerable = row.get("answerable", bool(answers))
        title = str(row.get("title", ""))
        document = str(row.get("document", "")) or (f"{file_name(title)}.md" if title else "")
        found.append(
            Question(
                question,
                tuple(a for a in answers if a.strip()) if answerable else (),
                document,
                str(row.get("context", "")),
            )
        )
    if not found:
        raise DataError(f"{path} holds no question.")
    return found


def write_articles(questions: Iterable[Question], folder: Path) -> None:
    """Write each document's passages, in order, as one Markdown file."""
    contexts: dict[str, dict[str, None]] = {}
    for q in questions:
        contexts.setdefault(q.document, {})[q.context] = None
    for name, passages in contexts.items():
        title = name.removesuffix(".md").replace("_", " ")
        text = "\n\n".join([f"# {title}", *passages])
        (folder / name).write_text(text + "\n", "utf-8")


def file_name(title: str) -> str:
    """A title as a file name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in title)


def held_out(questions: Iterable[Question], every: int = 5) -> list[Question]:
    """The questions of every n-th document, by name: a split by article, never by question."""
    kept = list(questions)
    names = sorted({q.document for q in kept})[::every]
    return [q for q in kept if q.document in set(names)]


def evenly(items: Sequence[T], limit: int) -> list[T]:
    """At most `limit` items, spread evenly over all; 0 for all.

    >>> evenly("abcdefg", 3)
    ['a', 'c', 'e']
    """
    if not limit or limit >= len(items):
        return list(items)
    return [items[i * len(items) // limit] for i in range(limit)]
