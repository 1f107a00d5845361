"""The collections to calibrate on: their questions stand on their documents, not in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from dragon.retrieval import Index
from dragon.retrieval.readers import read_document

COLLECTIONS = Path(__file__).parent.parent / "benchmarks" / "calibration"
NAMES = ("clinic", "home", "housing", "lab", "museum", "product")


def asked(name: str) -> list[dict[str, Any]]:
    lines = (COLLECTIONS / name / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_all_collections_are_known() -> None:
    assert sorted(path.name for path in COLLECTIONS.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_unique_and_a_third_has_no_answer(name: str) -> None:
    questions = asked(name)
    assert len({q["question"] for q in questions}) == len(questions) == 52
    assert sum(q["answerable"] for q in questions) == 32
    assert all(bool(q["answers"]) == q["answerable"] for q in questions)


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_a_substring_of_its_document(name: str) -> None:
    for q in asked(name):
        if q["answerable"]:
            text = read_document(COLLECTIONS / name / q["document"]).text
            assert [a for a in q["answers"] if a not in text] == [], q["question"]


@pytest.mark.parametrize("name", NAMES)
def test_the_questions_are_not_indexed(name: str, tmp_path: Path) -> None:
    with Index.open(tmp_path / "index.db", create=True) as index:
        index.add([COLLECTIONS / name])
        found = {Path(d.path).name for d in index.documents()}
    assert "questions.jsonl" not in found
    assert {Path(q["document"]).name for q in asked(name) if q["answerable"]} <= found
