"""A collection is indexed and asked; the measures are those of their definitions."""

import json
from pathlib import Path

import pytest

from dragon.errors import DataError
from dragon.evaluate.retrieval import (
    Collection,
    load_collection,
    ndcg,
    recall,
    reciprocal_rank,
    retrieval,
)

DOCUMENTS = (
    ("d1", "Wings", "Wings\nThe flow over a wing in a slipstream."),
    ("d2", "Heat", "Conduction of heat in slabs of two layers."),
    ("d3", "Shells", "Buckling of thin shells under pressure."),
)


def collection(grades: dict[str, dict[str, int]]) -> Collection:
    return Collection(DOCUMENTS, (("1", "wing slipstream"), ("2", "heat slabs")), grades)


def test_what_is_found_first_scores_one() -> None:
    result = retrieval(collection({"1": {"d1": 2}, "2": {"d2": 1}}))
    assert result.count == 2
    assert {result.metrics[n] for n in ("recall@1", "ndcg@10", "reciprocal_rank")} == {1}


def test_what_is_not_found_scores_nothing() -> None:
    result = retrieval(collection({"1": {"d3": 4}, "2": {"d3": 4}}))
    assert result.metrics["recall@20"] == result.metrics["ndcg@10"] == 0


def test_measures_by_hand() -> None:
    grades = {"a": 3, "b": 1}
    assert recall(["a", "x", "b"], grades, 2) == 0.5
    assert reciprocal_rank(["x", "b"], grades) == 0.5
    assert reciprocal_rank(["x"], grades) == 0
    best = 3 + 1 / 1.5849625
    assert ndcg(["x", "a"], grades, 10) == pytest.approx(3 / 1.5849625 / best)


def rows(path: Path, *values: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(v) + "\n" for v in values))
    return path


def test_files_are_read_and_grades_below_one_are_no_relevance(tmp_path: Path) -> None:
    documents = rows(
        tmp_path / "d.jsonl", {"id": 1, "title": "A", "text": "a"}, {"id": 2, "text": "b"}
    )
    queries = rows(tmp_path / "q.jsonl", {"id": 1, "text": "a?"}, {"id": 2, "text": "b?"})
    judged = {"query": 1, "document": 1, "grade": 2}, {"query": 2, "document": 2, "grade": -1}
    read = load_collection(documents, queries, rows(tmp_path / "r.jsonl", *judged))
    assert (read.queries, read.grades) == ((("1", "a?"),), {"1": {"1": 2}})
    with pytest.raises(DataError, match="no query has a relevant document"):
        load_collection(documents, queries, rows(tmp_path / "r.jsonl", judged[1]))
    with pytest.raises(DataError, match="no field 'document'"):
        load_collection(documents, queries, rows(tmp_path / "r.jsonl", {"query": 1, "grade": 1}))
