"""What a job learns from a library: what is written, what fits, what does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from dragon.errors import DataError
from dragon.retrieval import Index
from dragon.server.lessons import write_lessons, write_texts
from dragon.server.library import Library
from dragon.text.replies import NOT_FOUND
from dragon.tokenizer import BpeTokenizer, Tokenizer

ANSWERED = {
    "kind": "cloze-number",
    "title": "Ferries",
    "question": "How many seats?",
    "passages": [
        {"title": "Ferries", "text": "A pier."},
        {"title": "Ferries", "text": "It has 45 seats."},
    ],
    "answers": [{"text": "45", "passage": 1, "start": 7, "end": 9}],
}
NOT_ANSWERED = ANSWERED | {"question": "Who signs?", "answers": []}
FOLLOWING = ANSWERED | {"previous": {"question": "What is it?", "answer": "a ferry"}}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return BpeTokenizer.train(["How many seats has it?"], vocab_size=300)


def lessons(folder: Path, tokenizer: Tokenizer, context: int, *rows: object) -> list[Any]:
    questions = folder / "questions"
    questions.mkdir()
    (questions / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    write_lessons(questions, folder / "train.jsonl", tokenizer, context)
    lines = (folder / "train.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["messages"] for line in lines]


def said(talk: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in talk]


def test_a_question_becomes_a_conversation(tmp_path: Path, tokenizer: Tokenizer) -> None:
    talks = lessons(tmp_path, tokenizer, 1000, ANSWERED, NOT_ANSWERED, FOLLOWING)
    both = ("system", "Ferries\nA pier.\n\nFerries\nIt has 45 seats.")
    assert said(talks[0]) == [both, ("user", "How many seats?"), ("assistant", "45")]
    assert said(talks[1]) == [both, ("user", "Who signs?"), ("assistant", NOT_FOUND)]
    assert said(talks[2])[1:3] == [("user", "What is it?"), ("assistant", "a ferry")]


def test_only_what_is_needed_is_kept_where_there_is_little_room(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    long = {"title": "Ferries", "text": "It is long. " * 40}
    answered = ANSWERED | {"passages": [long, {"title": "Ferries", "text": "It has 45 seats."}]}
    not_answered = NOT_ANSWERED | {"passages": [{"title": "Ferries", "text": "A pier."}, long]}
    talks = lessons(tmp_path, tokenizer, 100, answered, not_answered)
    assert said(talks[0])[0] == ("system", "Ferries\nIt has 45 seats.")
    assert said(talks[1])[0] == ("system", "Ferries\nA pier.")


def test_a_title_is_not_said_twice(tmp_path: Path, tokenizer: Tokenizer) -> None:
    headed = {"passages": [{"title": "Ferries", "text": "# Ferries\n\nIt is long."}], "answers": []}
    (talk,) = lessons(tmp_path, tokenizer, 1000, ANSWERED | headed)
    assert said(talk)[0] == ("system", "# Ferries\n\nIt is long.")


def test_a_model_too_short_for_any_passage_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(DataError, match="the model's 10 tokens"):
        lessons(tmp_path, tokenizer, 10, ANSWERED)
    assert not (tmp_path / "train.jsonl").exists()


def test_the_texts_of_a_library_are_what_its_index_holds(tmp_path: Path) -> None:
    documents = tmp_path / "docs"
    documents.mkdir()
    (documents / "a.md").write_text("# Pier\n\nThe pier is “long”.\n", "utf-8")
    (documents / "b.pdf").write_bytes(b"no pdf")
    with Index.open(tmp_path / "index.db", create=True) as index:
        index.add([documents])
    library = Library("x", "X", tmp_path / "index.db", (), tmp_path, 0)
    write_texts(library, tmp_path / "texts.jsonl")
    (row,) = map(json.loads, (tmp_path / "texts.jsonl").read_text("utf-8").splitlines())
    assert row["title"] == "Pier"
    assert "The pier is “long”." in row["text"]
