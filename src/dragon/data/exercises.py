"""From sources to reading exercises: what is asked of which text, and in what proportion.

In: one source file at a time. Out: `Example`s, entities already randomised. Text files give synthesised
questions, question files give their own; a part of each is asked of a passage that does not answer.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from dragon.data.examples import (
    Example,
    Row,
    from_glossary,
    from_qamr,
    from_squad,
    renamed,
    unanswerable,
)
from dragon.data.names import Names
from dragon.data.questions import cloze_questions, recurring_spans
from dragon.data.randomize import Randomizer
from dragon.data.sources import read_rows
from dragon.text.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much of what.

    Attributes:
        articles: most articles taken from one text file.
        passages: most passages of an article.
        cloze, recurring: most questions of each kind a passage.
        unanswerable: share of questions asked again of a passage without the answer.
        natural: share of documents whose names are left as they are.
        longest: characters of the longest passage.
    """

    articles: int = 100_000
    passages: int = 6
    cloze: int = 2
    recurring: int = 1
    unanswerable: float = 0.3
    natural: float = 0.0
    longest: int = 900


def load_synonyms(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Single lower-case words that share a first sense, from WordNet rows with `members`."""
    table: dict[str, list[str]] = {}
    for row in read_rows(path) if path else ():
        members = row.get("members")
        words = (
            [w for w in members if w.isalpha() and w.islower()] if isinstance(members, list) else []
        )
        for word in words:
            table.setdefault(word, []).extend(w for w in words if w != word)
    return {w: tuple(dict.fromkeys(s))[:4] for w, s in table.items() if s}


def exercises(
    path: Path,
    names: Names,
    synonyms: Mapping[str, Sequence[str]],
    recipe: Recipe,
    rng: random.Random,
    held_out: frozenset[str] = frozenset(),
) -> Iterator[Example]:
    """All exercises of one source file, renamed, in the file's order.

    Args:
        path: the source file; its fields decide what is done with it.
        names, synonyms, recipe: see there.
        rng: the same seed gives the same exercises.
        held_out: titles kept for evaluation.
    """
    rows = (r for r in read_rows(path) if r.get("title") not in held_out)
    first = next(rows, None)
    if first is None:
        return
    everything = _chain(first, rows)
    if "context" in first:
        yield from _with_distractors(
            list(from_squad(everything, _source(path))), names, recipe, rng
        )
    elif "sentence" in first:
        yield from _with_distractors(list(from_qamr(everything, rng)), names, recipe, rng)
    elif "meaning" in first:
        yield from _with_distractors(list(from_glossary(everything, rng)), names, recipe, rng)
    elif "text" in first:
        for row in islice(everything, recipe.articles):
            yield from _from_article(row, names, synonyms, recipe, rng)


def passages(text: str, longest: int, rng: random.Random) -> list[str]:
    """Cut a text at sentence borders into passages of varied length up to `longest` characters."""
    made: list[str] = []
    start = end = 0
    limit = rng.randint(longest // 3, longest)
    for a, b in sentence_spans(text):
        if b - start > limit and end > start:
            made.append(text[start:end])
            start, limit = a, rng.randint(longest // 3, longest)
        end = b
    made.append(text[start:end])
    return [p for p in made if 120 <= len(p) <= 2 * longest]


def _from_article(
    row: Row,
    names: Names,
    synonyms: Mapping[str, Sequence[str]],
    recipe: Recipe,
    rng: random.Random,
) -> Iterator[Example]:
    title = str(row.get("title", "")) if rng.random() < 0.6 else ""
    cut = passages(row["text"], recipe.longest, rng)
    rename = _renaming(names, recipe, rng)
    renamed_cut = [rename(p) for p in cut]
    for number in sorted(rng.sample(range(len(cut)), min(len(cut), recipe.passages))):
        made = cloze_questions(cut[number], title, names, synonyms, rng, recipe.cloze)
        made += recurring_spans(cut[number], title, rng, recipe.recurring)
        for example in made:
            done = renamed(example, rename)
            yield done
            if rng.random() < recipe.unanswerable:
                none = _without_answer(done, renamed_cut, rng)
                if none is not None:
                    yield none


def _without_answer(example: Example, others: Sequence[str], rng: random.Random) -> Example | None:
    """The question asked of its passage without the answering sentence, or of another passage."""
    if rng.random() < 0.4:
        for a, b in sentence_spans(example.passage):
            if a <= example.start < b:
                rest = example.passage[:a] + example.passage[b:].lstrip()
                if example.answer not in rest and len(rest) > 80:
                    return unanswerable(example, rest, example.heading)
        return None
    candidates = [p for p in others if p != example.passage and example.answer not in p]
    return unanswerable(example, rng.choice(candidates), example.heading) if candidates else None


def _with_distractors(
    examples: list[Example], names: Names, recipe: Recipe, rng: random.Random
) -> Iterator[Example]:
    by_heading: dict[str, list[str]] = {}
    for example in examples:
        by_heading.setdefault(example.heading, []).append(example.passage)
    for example in examples:
        rename = _renaming(names, recipe, rng)
        if rng.random() < 0.4:
            example = replace(example, heading="")
        yield renamed(example, rename)
        if example.answerable and rng.random() < recipe.unanswerable:
            others = by_heading.get(example.heading) or by_heading[rng.choice(list(by_heading))]
            other = rng.choice(others)
            if example.answer not in other:
                yield renamed(unanswerable(example, other, example.heading), rename)


def _renaming(names: Names, recipe: Recipe, rng: random.Random) -> Randomizer:
    keep = rng.random() < recipe.natural
    return Randomizer(Names({}, names.pools) if keep else names, rng)


def _chain(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def _source(path: Path) -> str:
    return path.name.split(".")[0].split("_")[0]
