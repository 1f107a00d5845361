"""Grounded questions made from running text, with no outside model.

In: a document's text. Out: `Question`s: what is asked, several passages of which one or none holds
the answer, and where it stands. Beside the two ways of `dragon.data.questions`:

- definitions: "A rope is a ..." answers "What is a rope?";
- lists: "tools such as a, b and c" answers "Which tools are named?";
- tables: a cell answers a question by its row and its column;
- follow-ups: a second question about the same passage that points back with a pronoun;
- unanswerable ones: the answering sentence is taken out, or its passage is left out.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dragon.data.examples import TERM_QUESTIONS, Example, located
from dragon.data.names import Names
from dragon.data.questions import cloze_questions, recurring_spans
from dragon.data.sources import Row
from dragon.text.sentences import sentence_spans
from dragon.text.words import content_stems

_DEFINED = re.compile(
    r"^(?:(?:An?|The) )?([A-Za-z][\w’'-]*(?: [\w’'-]+){0,3}) (?:is|are) "
    r"((?:an?|the|any|all) [^.;]{15,160})"
)
_LISTED = re.compile(
    r"\b([a-z]{3,}s),? (?:such as|including|like|namely) "
    r"((?:[\w’' -]{2,30}, ){1,5}[\w’' -]{2,30},? (?:and|or) [\w’'-]+(?: [\w’'-]+)?)"
)
_ROW = re.compile(r"^\|(.+)\|\s*$", re.MULTILINE)
_CELL_QUESTIONS = (
    "What is the {column} of {row}?",
    "Which {column} does {row} have?",
    "{row}: what is its {column}?",
)
_VAGUE = frozenset("this that these those it there here which what he she they one who".split())
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many questions of which kind.

    Attributes:
        passages: most passages of a document that are asked about.
        each: most questions of each way a passage.
        distractors: most passages beside the one that answers.
        unanswerable: share of questions asked again where nothing answers.
        follow_ups: share of passages with a second question that follows from the first.
        longest: characters of the longest passage.
    """

    passages: int = 4
    each: int = 1
    distractors: int = 3
    unanswerable: float = 0.25
    follow_ups: float = 0.2
    longest: int = 900


@dataclass(frozen=True, slots=True)
class Question:
    """A question over passages.

    Attributes:
        example: what is asked, of which passage, and where the answer stands.
        others: the passages beside it, none of which holds the answer.
        previous: the question and answer before it, for a follow-up.
    """

    example: Example
    others: tuple[str, ...]
    previous: tuple[str, str] | None = None

    def row(self, rng: random.Random) -> dict[str, Any]:
        """As an object for JSON, the passages in random order."""
        e = self.example
        texts = [e.passage, *self.others]
        order = rng.sample(range(len(texts)), len(texts))
        answers = []
        if e.answerable:
            place = {"passage": order.index(0), "start": e.start, "end": e.end}
            answers.append({"text": e.answer, **place})
        row: dict[str, Any] = {
            "kind": e.source,
            "title": e.heading,
            "question": e.question,
            "passages": [{"title": e.heading, "text": texts[n]} for n in order],
            "answers": answers,
        }
        if self.previous:
            row["previous"] = dict(zip(("question", "answer"), self.previous, strict=True))
        return row


def grounded(
    passages: Sequence[str],
    title: str,
    names: Names,
    synonyms: Mapping[str, Sequence[str]],
    rng: random.Random,
    wanted: Wanted,
) -> list[Question]:
    """Questions about the passages of one document."""
    made: list[Question] = []
    for number in sorted(rng.sample(range(len(passages)), min(len(passages), wanted.passages))):
        found = asked(passages[number], title, names, synonyms, rng, wanted.each)
        for example in found:
            made.append(Question(example, _distractors(example, passages, rng, wanted)))
            if rng.random() < wanted.unanswerable:
                none = _unanswered(example, passages, rng, wanted)
                made += [none] if none else []
        if rng.random() < wanted.follow_ups:
            next_one = follow_up(found, names, rng)
            if next_one:
                others = _distractors(next_one.example, passages, rng, wanted)
                made.append(replace(next_one, others=others))
    return made


def asked(
    passage: str,
    title: str,
    names: Names,
    synonyms: Mapping[str, Sequence[str]],
    rng: random.Random,
    each: int,
) -> list[Example]:
    """Up to `each` questions of every way about one passage."""
    made = cloze_questions(passage, title, names, synonyms, rng, 2 * each)
    made += recurring_spans(passage, title, rng, each)
    for way in (definitions, lists, cells):
        found = way(passage, title, rng)
        made += rng.sample(found, min(each, len(found)))
    return made


def definitions(passage: str, title: str, rng: random.Random) -> list[Example]:
    """What a sentence says that a thing is.

    >>> [e] = definitions("A hawser is a thick rope for mooring a ship.", "", random.Random(0))
    >>> e.answer
    'a thick rope for mooring a ship'
    """
    made = []
    for start, end in sentence_spans(passage):
        found = _DEFINED.match(passage[start:end])
        if not found or found[1].split()[0].lower() in _VAGUE:
            continue
        a, b = start + found.start(2), start + found.end(2)
        question = rng.choice(TERM_QUESTIONS[:2]).format(passage[start : start + found.end(1)])
        made.append(Example(_lowered(question), title, passage, a, b, "definition"))
    return made


def lists(passage: str, title: str, rng: random.Random) -> list[Example]:
    """What a sentence counts up.

    >>> [e] = lists("It sells tools such as hammers, saws and files.", "", random.Random(0))
    >>> e.question, e.answer
    ('Which tools are named?', 'hammers, saws and files')
    """
    ways = ("Which {} are named?", "What are examples of {}?", "Which {} are there?")
    return [
        Example(ways[n % len(ways)].format(m[1]), title, passage, m.start(2), m.end(2), "list")
        for n, m in enumerate(_LISTED.finditer(passage))
    ]


def cells(passage: str, title: str, rng: random.Random) -> list[Example]:
    """The cells of a Markdown table, asked by row and column."""
    rows = [(m.start(1), m.group(1).split("|")) for m in _ROW.finditer(passage)]
    if len(rows) < 3:
        return []
    columns = [cell.strip() for cell in rows[0][1]]
    made = []
    for start, row in rows[1:]:
        if len(row) != len(columns) or set(row[0].strip()) <= set("-: "):
            continue
        at = start
        for column, cell in zip(columns, row, strict=True):
            a = at + len(cell) - len(cell.lstrip())
            at += len(cell) + 1
            if cell is row[0] or not cell.strip() or not column:
                continue
            question = rng.choice(_CELL_QUESTIONS).format(column=column.lower(), row=row[0].strip())
            made.append(Example(question, title, passage, a, a + len(cell.strip()), "table"))
    return made


def follow_up(examples: Sequence[Example], names: Names, rng: random.Random) -> Question | None:
    """A second question about what the first one, or its answer, named."""
    pairs = [(a, b) for a in examples for b in examples if a is not b and a.passage == b.passage]
    rng.shuffle(pairs)
    for first, second in pairs:
        for name in sorted(_NAME.findall(second.question)[1:], key=len, reverse=True):
            if name not in first.question and name not in first.answer:
                continue
            kind = names.kind(name.split()[0])
            pronoun = rng.choice(("he", "she", "they")) if kind == "first" else "it"
            pronoun = "there" if kind == "place" else pronoun
            question = re.sub(rf"\b{re.escape(name)}(?:['’]s)?", pronoun, second.question, count=1)
            if rng.random() < 0.4:
                question = f"And {question[0].lower()}{question[1:]}"
            example = replace(second, question=question, source="follow-up")
            return Question(example, (), (first.question, first.answer))
    return None


def _lowered(question: str) -> str:
    """An article that began the sentence stands inside the question now."""
    return re.sub(r"(?<= )(An?|The) ", lambda m: m.group().lower(), question, count=1)


def _distractors(
    example: Example, passages: Sequence[str], rng: random.Random, wanted: Wanted
) -> tuple[str, ...]:
    """Passages without the answer, those first that share most words with the question."""
    free = [p for p in passages if p != example.passage and example.answer not in p]
    if example.source == "recurring":
        free = [p for p in free if p not in example.passage and example.passage[:80] not in p]
    stems = content_stems(example.question)
    free.sort(key=lambda p: -len(stems & content_stems(p)))
    return tuple(free[: rng.randint(0, wanted.distractors)])


def _unanswered(
    example: Example, passages: Sequence[str], rng: random.Random, wanted: Wanted
) -> Question | None:
    """The question without its sentence, or over other passages alone."""
    kind = f"{example.source}-none"
    others = _distractors(example, passages, rng, wanted)
    if rng.random() < 0.5 or not others:
        for a, b in sentence_spans(example.passage):
            rest = example.passage[:a] + example.passage[b:].lstrip()
            if a <= example.start < b and example.answer not in rest and len(rest) > 80:
                none = replace(example, passage=rest, start=0, end=0, source=kind)
                return Question(none, others)
        return None
    swapped = replace(example, passage=others[0], start=0, end=0, source=kind)
    return Question(swapped, others[1:])


def from_grounded(rows: Iterable[Row]) -> Iterator[Example]:
    """Examples for the reader, one for each passage of a row; a follow-up carries its context."""
    for row in rows:
        question, kind = row["question"], str(row.get("kind") or "grounded")
        if row.get("previous"):
            question = f"{question} {row['previous']['question']}"
        held = {answer["passage"]: answer for answer in row["answers"]}
        for number, passage in enumerate(row["passages"]):
            answer = held.get(number)
            title, text = str(passage.get("title") or ""), passage["text"]
            if answer is None:
                none = kind if kind.endswith("-none") else f"{kind}-none"
                yield Example(question, title, text, 0, 0, none)
            elif text[answer["start"] : answer["end"]] == answer["text"]:
                yield Example(question, title, text, answer["start"], answer["end"], kind)
            else:  # renamed or edited since: found again by its words
                example = located(question, title, text, answer["text"], kind)
                if example is not None:
                    yield example
