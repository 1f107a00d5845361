"""The example handbook: its questions stand on its documents, and its documents agree.

The expected spans are looked up in the text that the project's own readers extract.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dragon.retrieval.readers import read_document

HANDBOOK = Path(__file__).parent.parent / "examples" / "handbook"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (HANDBOOK / "questions.jsonl").read_text("utf-8").splitlines()
]
ANSWERABLE = [question for question in QUESTIONS if question["answerable"]]
DOCUMENTS = sorted(
    path.relative_to(HANDBOOK).as_posix() for path in HANDBOOK.glob("*/*") if path.is_file()
)
FEWEST = {".md": 25, ".pdf": 1, ".docx": 1, ".html": 1}
FORM = re.compile(r"\bform ([A-Z]{1,2}\d{1,2})\b", re.IGNORECASE)


@cache
def text_of(document: str) -> str:
    return read_document(HANDBOOK / document).text


@cache
def directory() -> dict[str, tuple[str, str]]:
    """Name -> (role, extension), as the page "Who is who" prints them."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (\d{4}) \|$", text_of("welcome/who-is-who.md"), re.M)
    return {name: (role, extension) for name, role, extension in rows}


def test_counts_of_questions() -> None:
    assert len(ANSWERABLE) == 40
    assert len(QUESTIONS) == 60


def test_ids_and_questions_are_unique() -> None:
    for key in ("id", "question"):
        assert len({question[key] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("suffix", FEWEST)
def test_every_format_has_documents_and_questions(suffix: str) -> None:
    assert sum(document.endswith(suffix) for document in DOCUMENTS) >= FEWEST[suffix]
    assert sum(question["document"].endswith(suffix) for question in ANSWERABLE) >= 2


def test_every_document_has_a_question() -> None:
    assert {question["document"] for question in ANSWERABLE} == set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_has_the_length_of_a_page(document: str) -> None:
    assert 350 <= len(text_of(document).split()) <= 800


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: str(question["id"]))
def test_expected_span_is_verbatim(question: dict[str, Any]) -> None:
    assert set(question) == {"id", "question", "answerable", "answers", "document"}
    assert question["answers"][0] in text_of(question["document"])


def test_unanswerable_questions_expect_nothing() -> None:
    for question in QUESTIONS:
        if not question["answerable"]:
            assert question["answers"] == []
            assert "document" not in question


def test_html_furniture_is_not_text() -> None:
    text = text_of("people/pension-and-benefits.html")
    for furniture in ("Galley menu", "Imprint", "beacon", "font-family"):
        assert furniture not in text


@pytest.mark.parametrize("document", DOCUMENTS)
def test_extensions_agree_with_the_directory(document: str) -> None:
    known = {extension for _, extension in directory().values()} | {"4200"}
    assert set(re.findall(r"extension\s+(\d{4})", text_of(document))) <= known
    for sentence in re.split(r"(?<=[.!?])\s", text_of(document)):
        named = [entry for name, entry in directory().items() if name in sentence]
        called = re.findall(r"extension\s+(\d{4})", sentence)
        if len(named) == len(called) == 1:
            assert called == [named[0][1]], sentence


@pytest.mark.parametrize("document", DOCUMENTS)
def test_roles_agree_with_the_directory(document: str) -> None:
    for name, (role, _) in directory().items():
        for said in re.findall(rf"{name}, (?:the|our) ([^,.]+)", text_of(document)):
            assert role.lower().startswith(said.lower()), f"{name}: {said}"


def test_a_form_is_described_in_one_document_only() -> None:
    homes: dict[str, set[str]] = {}
    for document in DOCUMENTS:
        for form in FORM.findall(text_of(document)):
            homes.setdefault(form, set()).add(document)
    assert len(homes) >= 20
    assert {form: where for form, where in homes.items() if len(where) > 1} == {}
