"""Question files: what is read, what is refused and where, and how they are parted."""

import json
from pathlib import Path

import pytest

from dragon.errors import DataError
from dragon.evaluate.questions import held_out, load_questions, write_articles


def file_of(folder: Path, *rows: object) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def squad(title: str, number: int) -> dict[str, object]:
    return {
        "title": title,
        "context": f"Passage {number} of {title}.",
        "question": f"Which passage is {number}?",
        "answers": [str(number)],
    }


def test_both_kinds_of_fields_are_read(tmp_path: Path) -> None:
    own = {"question": "How long?", "answerable": True, "answers": ["1", " "], "document": "a.md"}
    none = {"question": "Why?", "answerable": False, "answers": ["no"]}
    first, second, third = load_questions(file_of(tmp_path, own, none, squad("New York/2", 3)))
    assert (first.answers, first.document, first.answerable) == (("1",), "a.md", True)
    assert (second.answers, second.answerable) == ((), False)
    assert third.document == "New_York_2.md"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"question": "a?"}, {"answers": []}], "row 2 has no question"),
        ([{"question": "  "}], "row 1 has no question"),
        ([{"question": 3}], "row 1 has no question"),
        ([{"question": "a?", "answers": "one"}], "row 1: answers is 'one'"),
        ([{"question": "a?", "answers": [1]}], r"row 1: answers is \[1\]"),
        ([], "holds no question"),
        ([[]], "questions.jsonl"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, rows: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_questions(file_of(tmp_path, *rows))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        load_questions(tmp_path / "nowhere.jsonl")


def test_the_split_is_by_article(tmp_path: Path) -> None:
    rows = [squad(f"Article {i % 10}", i) for i in range(50)]
    everything = load_questions(file_of(tmp_path, *rows))
    kept = held_out(everything, 5)
    documents = {q.document for q in kept}
    assert len(documents) == 2
    assert kept == [q for q in everything if q.document in documents]
    assert held_out(everything, 1) == everything


def test_an_article_is_written_once_in_order(tmp_path: Path) -> None:
    rows = [squad("Tern", 1), squad("Tern", 2), squad("Tern", 1), squad("Skerry", 7)]
    write_articles(load_questions(file_of(tmp_path, *rows)), tmp_path)
    text = (tmp_path / "Tern.md").read_text()
    assert text == "# Tern\n\nPassage 1 of Tern.\n\nPassage 2 of Tern.\n"
    assert "Passage 7" in (tmp_path / "Skerry.md").read_text()
