"""One reading exercise, whatever it was made from.

In: question sets in SQuAD's fields, QAMR's, glossaries. Out: `Example`s with character offsets.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from dragon.data.sources import Row, title_of


@dataclass(frozen=True, slots=True)
class Example:
    """A question about a passage.

    Attributes:
        question: as a person would type it.
        heading: title or heading of the passage, may be empty.
        passage: the text that is read.
        start, end: characters of the answer in the passage; equal where it holds no answer.
        source: where the exercise comes from, for statistics.
    """

    question: str
    heading: str
    passage: str
    start: int
    end: int
    source: str

    @property
    def answerable(self) -> bool:
        """True where the passage holds the answer."""
        return self.end > self.start

    @property
    def answer(self) -> str:
        """The answering text."""
        return self.passage[self.start : self.end]


def renamed(example: Example, rename: Callable[[str], str]) -> Example:
    """The same exercise about other names and numbers; offsets follow."""
    before = rename(example.passage[: example.start])
    answer = rename(example.answer)
    after = rename(example.passage[example.end :])
    return replace(
        example,
        question=rename(example.question),
        heading=rename(example.heading),
        passage=before + answer + after,
        start=len(before),
        end=len(before) + len(answer),
    )


def located(question: str, heading: str, passage: str, answer: str, source: str) -> Example | None:
    """An example from an answer given as text, at its first place; None if it has none."""
    start = passage.find(answer) if answer else 0
    if start < 0:
        return None
    return Example(question.strip(), heading, passage, start, start + len(answer), source)


def from_squad(rows: Iterable[Row], source: str) -> Iterator[Example]:
    """SQuAD's fields: title, context, question, answers, answerable.

    Where several answers were given, the most frequent one, then the shortest, is the target.
    """
    for row in rows:
        answers = [a for a in row.get("answers", []) if a] if row.get("answerable", True) else []
        best = min(answers, key=lambda a: (-answers.count(a), len(a))) if answers else ""
        example = located(row["question"], title_of(row), row["context"], best, source)
        if example is not None and (best or not row.get("answerable", True)):
            yield example


def from_qamr(rows: Iterable[Row], rng: random.Random) -> Iterator[Example]:
    """QAMR: questions on single sentences, set among up to four others of the collection."""
    kept = [r for r in rows if r.get("contiguous") and r["split"] != "test"]
    sentences = sorted({r["sentence"] for r in kept})
    for row in kept:
        parts = rng.sample(sentences, rng.randint(0, 4))
        parts = [p for p in parts if p != row["sentence"]]
        at = rng.randint(0, len(parts))
        before = "".join(p + " " for p in parts[:at])
        start = row["sentence"].find(row["answer"])
        if start >= 0 and row["answer"]:
            start += len(before)
            passage = before + " ".join([row["sentence"], *parts[at:]])
            yield Example(row["question"], "", passage, start, start + len(row["answer"]), "qamr")


TERM_QUESTIONS = (
    "What is {}?",
    "What does {} mean?",
    "What is meant by {}?",
    "Define {}.",
    "How is {} defined?",
    "{}",
)
MEANING_QUESTIONS = ("What is the term for {}?", "Which term means {}?", "What is {} called?")


def from_glossary(rows: Iterable[Row], rng: random.Random) -> Iterator[Example]:
    """Glossaries (term, meaning): six entries a passage, asked in both directions."""
    entries = [(r["term"].strip(), r["meaning"].strip()) for r in rows if r.get("meaning")]
    for at in range(0, len(entries) - 6, 3):
        page = [(t, m[:220]) for t, m in entries[at : at + rng.randint(3, 6)] if t and m]
        rng.shuffle(page)
        joint = rng.choice((": ", " - ", " is ", " means "))
        lines = [f"{t[:1].upper()}{t[1:]}{joint}{m}." for t, m in page]
        passage = rng.choice((" ", "\n", "\n\n")).join(lines)
        for (term, meaning), line in zip(page, lines, strict=True):
            start = passage.find(line)
            if rng.random() < 0.6:
                question = rng.choice(TERM_QUESTIONS).format(term)
                first = start + len(term) + len(joint)
                yield Example(question, "", passage, first, first + len(meaning), "glossary")
            else:
                question = rng.choice(MEANING_QUESTIONS).format(meaning[:120].rstrip("."))
                yield Example(question, "", passage, start, start + len(term), "glossary")


def unanswerable(example: Example, passage: str, heading: str) -> Example:
    """The same question over another passage, which does not answer it."""
    return replace(
        example, passage=passage, heading=heading, start=0, end=0, source=example.source + "-none"
    )
