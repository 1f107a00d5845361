"""From sources to reading exercises: what is asked of which text, and in what proportion.

In: one source file at a time. Out: `Example`s, entities already randomised. Text files give
synthesised questions, question files give their own; a part of each is asked of a passage that does
not answer.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from dragon.config import DataConfig
from dragon.data.entities import KINDS
from dragon.data.examples import (
    Example,
    from_glossary,
    from_qamr,
    from_squad,
    renamed,
    unanswerable,
)
from dragon.data.grounded import from_grounded
from dragon.data.names import Names
from dragon.data.questions import cloze_questions, recurring_spans, reworded
from dragon.data.randomize import FIGURES, Randomizer
from dragon.data.shapes import shaped
from dragon.data.sources import Row, numbered_rows, read_rows, title_of
from dragon.data.tables import table_questions
from dragon.data.tasks import from_facts, from_prompts
from dragon.text.sentences import sentence_spans
from dragon.text.words import content_stems

TRIED = 20  # passages that are looked at for one that misleads

Synonyms = Mapping[str, Sequence[str]]
Rename = Callable[[str], str]


def load_synonyms(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Single lower-case words that share a first sense, from WordNet rows with `members`."""
    table: dict[str, list[str]] = {}
    for row in read_rows(path) if path else ():
        members = row.get("members")
        if not isinstance(members, list):
            continue
        words = [w for w in members if w.isalpha() and w.islower()]
        for word in words:
            table.setdefault(word, []).extend(w for w in words if w != word)
    return {w: tuple(dict.fromkeys(s))[:4] for w, s in table.items() if s}


def exercises(
    path: Path,
    names: Names,
    synonyms: Synonyms,
    config: DataConfig,
    rng: random.Random,
    held_out: frozenset[str] = frozenset(),
) -> Iterator[Example]:
    """All exercises of one source file for training, renamed, in the file's order.

    Args:
        path: the source file; its fields decide what is done with it.
        names, synonyms, config: see there.
        rng: the same seed gives the same exercises.
        held_out: titles kept for evaluation.
    """
    rows = (r for r in shaped(path, numbered_rows(path)) if title_of(r) not in held_out)
    first = next(rows, None)
    if first is None:
        return
    everything = chain([first], rows)
    how = names, synonyms, config, rng
    if "passages" in first:
        for example in from_grounded(everything):
            yield renamed(example, _renaming(names, config, rng))
    elif "context" in first:
        yield from _with_distractors(list(from_squad(everything, _source(path))), *how)
    elif "sentence" in first:
        yield from _with_distractors(list(from_qamr(everything, rng)), *how)
    elif "meaning" in first:
        yield from _with_distractors(list(from_glossary(everything, rng)), *how)
    elif "template" in first:
        yield from _with_distractors(list(from_prompts(everything, config.longest)), *how)
    elif "input" in first:
        yield from _with_distractors(list(from_facts(everything, rng)), *how)
    elif "members" in first:
        yield from table_questions(everything, synonyms, names, rng, config.tables)
    elif "text" in first:
        for row in islice(everything, config.articles):
            yield from _from_article(row, names, synonyms, config, rng)


def held_out_exercises(
    path: Path,
    names: Names,
    synonyms: Synonyms,
    config: DataConfig,
    rng: random.Random,
    held_out: frozenset[str],
) -> Iterator[Example]:
    """The exercises of held-out titles: people's questions as they stand, else as in training."""
    rows = (r for r in shaped(path, numbered_rows(path)) if title_of(r) in held_out)
    for row in rows:
        if "passages" in row:
            yield from from_grounded([row])
        elif "context" in row:
            yield from from_squad([row], "held-out")
        elif "text" in row:
            for example in _from_article(row, names, synonyms, config, rng):
                yield replace(example, source="held-out-text")


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
    synonyms: Synonyms,
    config: DataConfig,
    rng: random.Random,
) -> Iterator[Example]:
    title = title_of(row) if rng.random() < 0.6 else ""
    cut = passages(row["text"], config.longest, rng)
    rename = _renaming(names, config, rng)
    renamed_cut = [rename(p) for p in cut]
    for number in sorted(rng.sample(range(len(cut)), min(len(cut), config.passages))):
        made = cloze_questions(cut[number], title, names, synonyms, rng, config.cloze)
        made += recurring_spans(cut[number], title, rng, config.recurring)
        for example in made:
            done = renamed(example, rename)
            yield done
            if rng.random() < config.unanswerable:
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
    other = _misleading(example, others, rng)
    return unanswerable(example, other, example.heading) if other else None


def _misleading(example: Example, others: Sequence[str], rng: random.Random) -> str | None:
    """A passage without the answer that shares many words with the question, as a search finds it.

    Of the passages given, or twenty of them where there are more, one of the best three.
    """
    others = rng.sample(others, TRIED) if len(others) > TRIED else others
    candidates = [p for p in others if p != example.passage and example.answer not in p]
    stems = content_stems(example.question)
    candidates.sort(key=lambda p: -len(stems & _stems(p)))
    return rng.choice(candidates[:3]) if candidates else None


@lru_cache(maxsize=1 << 12)
def _stems(passage: str) -> set[str]:
    return content_stems(passage)


def _with_distractors(
    examples: list[Example],
    names: Names,
    synonyms: Synonyms,
    config: DataConfig,
    rng: random.Random,
) -> Iterator[Example]:
    found: dict[str, dict[str, None]] = {}
    for example in examples:
        found.setdefault(example.heading, {})[example.passage] = None
    by_heading = {heading: list(passages) for heading, passages in found.items()}
    for example in examples:
        rename, heading = _renaming(names, config, rng), example.heading
        if rng.random() < 0.4:
            example = replace(example, heading="")
        if rng.random() < config.reworded:
            example = replace(example, question=reworded(example.question, synonyms, rng))
        yield renamed(example, rename)
        if example.answerable and rng.random() < config.unanswerable:
            others = by_heading.get(heading) or by_heading[rng.choice(list(by_heading))]
            other = _misleading(example, others, rng)
            if other:
                yield renamed(unanswerable(example, other, example.heading), rename)


def _renaming(names: Names, config: DataConfig, rng: random.Random) -> Rename:
    keep = rng.random() < config.natural
    if not config.randomize:
        return str
    return Randomizer(names, rng, kinds=FIGURES if keep else KINDS)


def _source(path: Path) -> str:
    return path.name.split(".")[0].split("_")[0]
