"""Retrieval: are the documents that people judged relevant found, and found first?

In: documents, queries and judgements in Cranfield's form (Cleverdon 1967). Out: recall@k and
nDCG@10 (Järvelin and Kekäläinen 2002, the grade as the gain) of the index that answers questions.
"""

import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.data.sources import read_rows
from dragon.errors import DataError
from dragon.evaluate.result import Result, Score, average
from dragon.retrieval import Index
from dragon.text.vectors import WordVectors

SAYS = (
    "Documents that people judged relevant to a query are found by the search behind every answer."
)
FILES = ("cranfield_documents", "cranfield_queries", "cranfield_relevance")
DEPTHS = (1, 5, 10, 20)
PASSAGES = 4  # passages searched for each document wanted: one may give several
Progress = Callable[[str, int, int], None]
Grades = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents (id, title, text), queries (id, text) and grades by query and document."""

    documents: tuple[tuple[str, str, str], ...]
    queries: tuple[tuple[str, str], ...]
    grades: Grades


def load_collection(documents: Path, queries: Path, relevance: Path) -> Collection:
    """Read a collection; grades below 1 are judged irrelevant.

    Raises:
        DataError: if a row lacks a field, or no query has a relevant document.
    """
    docs = tuple(
        (_field(documents, r, "id"), str(r.get("title", "")), _field(documents, r, "text"))
        for r in read_rows(documents)
    )
    asked = tuple(
        (_field(queries, r, "id"), _field(queries, r, "text")) for r in read_rows(queries)
    )
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for row in read_rows(relevance):
        grade = int(_field(relevance, row, "grade"))
        if grade > 0:
            grades[_field(relevance, row, "query")][_field(relevance, row, "document")] = grade
    judged = tuple(q for q in asked if grades.get(q[0]))
    if not judged or not docs:
        raise DataError(f"{queries}: no query has a relevant document.", "Check the ids.")
    return Collection(docs, judged, dict(grades))


def retrieval(
    collection: Collection,
    vectors: WordVectors | None = None,
    progress: Progress | None = None,
) -> Result:
    """Index the documents anew, ask all queries, score the order of the documents."""
    with tempfile.TemporaryDirectory() as folder:
        _write(collection, Path(folder) / "documents")
        with Index.open(Path(folder) / "index.db", create=True) as index:
            index.add([Path(folder) / "documents"])
            ranked = _ranked(index, collection, vectors, progress)
    scores: list[Score] = []
    wanted = [collection.grades[query] for query, _ in collection.queries]
    for k in DEPTHS:
        found = [recall(r, g, k) for r, g in zip(ranked, wanted, strict=True)]
        scores.append(average(f"recall@{k}", found))
    gains = [ndcg(r, g, 10) for r, g in zip(ranked, wanted, strict=True)]
    firsts = [reciprocal_rank(r, g) for r, g in zip(ranked, wanted, strict=True)]
    scores += [average("ndcg@10", gains), average("reciprocal_rank", firsts)]
    settings = {"documents": len(collection.documents), "word_vectors": vectors is not None}
    return Result("retrieval", SAYS, len(ranked), tuple(scores), settings=settings)


def recall(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """The share of the relevant documents among the first k."""
    return len(set(ranked[:k]) & grades.keys()) / len(grades)


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Discounted gain of the first k over that of the best order there is.

    >>> ndcg(["a", "b"], {"a": 2, "b": 1}, 10), round(ndcg(["b", "a"], {"a": 2, "b": 1}, 10), 2)
    (1.0, 0.86)
    """
    best = sorted(grades.values(), reverse=True)[:k]
    return _gain([grades.get(d, 0) for d in ranked[:k]]) / _gain(best)


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int]) -> float:
    """One over the place of the first relevant document, 0 where there is none."""
    return next((1 / place for place, d in enumerate(ranked, 1) if d in grades), 0.0)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))


def _write(collection: Collection, folder: Path) -> None:
    """One file a document; its name is its place, so that no id can leave the folder."""
    folder.mkdir()
    for number, (_, title, text) in enumerate(collection.documents):
        # These texts begin with their title, which would count twice otherwise.
        body = text.removeprefix(title).strip()
        (folder / f"{number}.md").write_text(f"# {title}\n\n{body}\n" if title else body, "utf-8")


def _ranked(
    index: Index, collection: Collection, vectors: WordVectors | None, progress: Progress | None
) -> list[list[str]]:
    """Ids of documents for each query, by their best passage."""
    found = []
    for number, (_, text) in enumerate(collection.queries, 1):
        hits = index.search(text, PASSAGES * max(DEPTHS), vectors)
        places = dict.fromkeys(int(Path(h.passage.document).stem) for h in hits)
        found.append([collection.documents[place][0] for place in places])
        if progress:
            progress("queries", number, len(collection.queries))
    return found


def _field(path: Path, row: dict[str, Any], name: str) -> str:
    if name not in row:
        raise DataError(f"{path}: a row has no field {name!r}.")
    return str(row[name])
