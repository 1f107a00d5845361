"""How a set of rows looks as a whole: lengths, variety, duplicates, leakage.

In: rows of any form. Out: counts. A response should have 10 to 200 tokens, and more than 0.8 of all
trigrams should be unique: below that a set repeats itself. Tokens are words and signs here.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from textwrap import shorten

import numpy as np

from dragon.data.checking import form_of, types
from dragon.data.forms import exchanges
from dragon.data.sources import Row, numbered_rows, source_files
from dragon.errors import DataError

SHORTEST, LONGEST = 10, 200  # tokens of a response
LEAST_UNIQUE = 0.8
LEAK = 13  # words in a row that two splits may not share (Brown et al. 2020, appendix C)
EDGES = (5, 10, 20, 40, 80, 120, 200, 400, 800)
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(slots=True)
class Statistics:
    """Of a set of rows.

    Attributes:
        rows, responses: how many.
        lengths: responses by the number of their tokens.
        trigrams, unique: all trigrams of responses, and different ones.
        duplicates: responses that stood there before, with the same question and context.
        leaked: rows that share LEAK words in a row with the other split; None without one.
        running: rows of running text, whose whole is taken for a response.
        kinds, ways: rows by their `kind` and by how they were `augmented`, where they have it.
        examples: a few duplicates and leaks to look at.
    """

    rows: int = 0
    responses: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    trigrams: int = 0
    unique: int = 0
    duplicates: int = 0
    leaked: int | None = None
    running: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def fitting(self) -> float:
        """Share of responses with SHORTEST to LONGEST tokens."""
        fits = sum(n for length, n in self.lengths.items() if SHORTEST <= length <= LONGEST)
        return fits / self.responses if self.responses else 0.0

    @property
    def variety(self) -> float:
        """Unique trigrams over all trigrams."""
        return self.unique / self.trigrams if self.trigrams else 0.0

    def binned(self) -> list[tuple[str, int]]:
        """How many responses lie between two EDGES."""
        labels = [f"< {EDGES[0]}"]
        labels += [f"{a}-{b - 1}" for a, b in pairwise(EDGES)]
        labels.append(f">= {EDGES[-1]}")
        counts = [0] * len(labels)
        for length, n in self.lengths.items():
            counts[sum(length >= edge for edge in EDGES)] += n
        return list(zip(labels, counts, strict=True))


def statistics(sources: list[Path], other: list[Path] | None = None) -> Statistics:
    """Look at all rows of some files, one after the other.

    Args:
        sources: files and folders: the training split.
        other: the validation split, for leakage.

    Raises:
        DataError: for missing, malformed or empty sources.
    """
    made = Statistics()
    held = _phrases(other) if other else None
    made.leaked = 0 if held is not None else None
    trigrams = array("q")  # hashes: a set of them would take ten times the memory
    seen: set[bytes] = set()
    for row in _rows(sources):
        made.rows += 1
        for counter, name in ((made.kinds, "kind"), (made.ways, "augmented")):
            if isinstance(row.get(name), str):
                counter[row[name]] += 1
        found = [e for e in exchanges(row) if e.answer]
        for asked, context, answer in found:
            _count(made, asked, context, answer, trigrams, seen)
        if not found and isinstance(row.get("text"), str):
            made.running += 1
            _count(made, "", "", row["text"], trigrams, seen)
        if held is not None and made.leaked is not None and not held.isdisjoint(_of(row)):
            made.leaked += 1
            made.examples.append(f"leaked: {_begin(_whole(row))}")
    if not made.rows:
        raise DataError("The sources hold no rows.", "Give files with rows.")
    made.unique = len(np.unique(np.frombuffer(trigrams, dtype=np.int64))) if trigrams else 0
    made.examples = list(dict.fromkeys(made.examples))[:20]
    return made


def _rows(paths: Iterable[Path]) -> Iterator[Row]:
    for path in source_files(paths):
        for line, row in numbered_rows(path):
            form = form_of(row)
            for place, problem in types(row, form) if form else ():
                raise DataError(
                    f"{path}:{line}: {place} {problem}.", "`dragon data validate` lists all faults."
                )
            yield row


def _count(
    made: Statistics,
    question: str,
    context: str,
    response: str,
    trigrams: "array[int]",
    seen: set[bytes],
) -> None:
    tokens = _TOKEN.findall(response)
    made.responses += 1
    made.lengths[len(tokens)] += 1
    made.trigrams += max(0, len(tokens) - 2)
    trigrams.extend(map(hash, zip(tokens, tokens[1:], tokens[2:], strict=False)))
    key = _hash(f"{question}\n{context}\n{response}")
    if key in seen:
        made.duplicates += 1
        made.examples.append(f"duplicate: {_begin(f'{question} {response}')}")
    seen.add(key)


def _begin(text: str) -> str:
    return shorten(text, 120, placeholder=" …")


def _whole(row: Row) -> str:
    parts = [f"{e.context} {e.question} {e.answer}" for e in exchanges(row)]
    return " ".join(parts) or str(row.get("text", ""))


def _of(row: Row) -> Iterable[bytes]:
    words = re.findall(r"\w+", _whole(row).lower())
    return (_hash(" ".join(words[at : at + LEAK])) for at in range(len(words) - LEAK + 1))


def _phrases(paths: list[Path]) -> set[bytes]:
    return {h for row in _rows(paths) for h in _of(row)}


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
