"""Faults are named with file, line and field; forms change into each other; sets are measured."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from dragon.cli.main import main
from dragon.data.checking import problems
from dragon.data.forms import TO, exchanges
from dragon.data.statistics import statistics
from dragon.errors import DataError

GROUNDED: dict[str, Any] = {
    "question": "When?",
    "passages": [{"text": "It was 1902."}],
    "answers": [{"text": "1902", "passage": 0, "start": 7, "end": 11}],
}
TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("form", "row", "field", "problem"),
    [
        ("alpaca", {"instruction": "a"}, "output", "is missing"),
        ("alpaca", {"instruction": " ", "output": "b"}, "instruction", "is empty"),
        ("qa", {"question": 7, "answer": "b"}, "question", "not text"),
        ("messages", {"messages": []}, "messages", "is empty"),
        ("messages", {"messages": "hi"}, "messages", "not a list"),
        ("messages", {"messages": TALK[:1]}, "messages", "does not end with the assistant"),
        ("messages", {"messages": [TALK[0], *TALK]}, "messages[1].role", "twice in a row"),
        ("messages", {"messages": [{"role": "x", "content": "y"}]}, "messages[0].role", "not one"),
        (
            "messages",
            {"messages": [TALK[0], {"role": "assistant"}]},
            "messages[1].content",
            "empty",
        ),
        ("grounded", GROUNDED | {"passages": [{}]}, "passages[0].text", "missing"),
        ("grounded", GROUNDED | {"answers": [{"text": "x"}]}, "answers[0]", "lacks"),
        (
            "grounded",
            GROUNDED | {"answers": [{"text": "x", "passage": 0, "start": 0, "end": 2}]},
            "answers[0].text",
            "but there stands 'It'",
        ),
        ("squad", {"question": "a", "context": "b", "answers": ["c"]}, "answers[0]", "not hold"),
        ("grounded", GROUNDED | {"passages": [{"text": " "}]}, "passages[0].text", "is empty"),
        ("grounded", GROUNDED | {"previous": {"question": "x"}}, "previous", "lacks"),
        ("text", {"text": ""}, "text", "is empty"),
    ],
)
def test_problems(form: str, row: dict[str, Any], field: str, problem: str) -> None:
    assert any(f == field and problem in p for f, p in problems(row, form))


@pytest.mark.parametrize(
    ("form", "row"), [("grounded", GROUNDED), ("messages", {"messages": TALK})]
)
def test_a_good_row_has_no_problem(form: str, row: dict[str, Any]) -> None:
    assert not list(problems(row, form))


def test_all_faults_are_listed_up_to_a_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"instruction": "a", "output": "b"}
    path = write(tmp_path / "a.jsonl", good, {"instruction": "a"}, good, {"output": ""})
    assert main(["data", "validate", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"{path}:2: output: is missing",
        f"{path}:4: instruction: is missing",
        f"{path}:4: output: is empty",
    ]
    assert "error: 3 faults." in said.err
    assert main(["data", "validate", str(path), "--most", "1"]) == 1
    assert "1 or more faults" in capsys.readouterr().err
    assert main(["data", "validate", str(write(path, good))]) == 0
    assert capsys.readouterr().out == "No faults.\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ":1: *: the file holds no rows"),
        ('{"a": 1}\n', ":1: *: unknown fields (a)"),
        ('{"text": "x"}\n{"text', ":2: *: "),
    ],
)
def test_files_that_are_no_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    assert main(["data", "validate", str(path)]) == 1
    assert message in capsys.readouterr().out


@pytest.mark.parametrize("form", TO)
@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv"])
def test_forms_there_and_back(tmp_path: Path, form: str, suffix: str) -> None:
    rows = [{"question": "What, then?", "context": "A\nB", "answer": 'the "first"'}] * 2
    source, there, back = write(tmp_path / "a.jsonl", *rows), tmp_path / f"b.{suffix}", "c.jsonl"
    code = main(["data", "format", str(source), str(there), "--to", form])
    if (form, suffix) == ("messages", "csv"):
        assert code == 2
        assert not there.exists()
        return
    assert code == 0
    assert main(["data", "format", str(there), str(tmp_path / back), "--to", "qa"]) == 0
    assert [json.loads(line) for line in (tmp_path / back).read_text().splitlines()] == rows


def test_every_form_has_exchanges() -> None:
    assert [e.answer for e in exchanges(GROUNDED)] == ["1902"]
    assert [e.question for e in exchanges({"messages": TALK * 2})] == ["Hi", "Hi"]
    assert list(exchanges({"text": "a"})) == []


def test_statistics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = " ".join(f"w{n}" for n in range(30))
    rows = [{"question": "q", "answer": long}] * 2 + [{"question": "q", "answer": "Yes."}]
    train = write(tmp_path / "t.jsonl", *rows)
    val = write(tmp_path / "v.jsonl", {"question": "other", "answer": f"Well, {long}"})
    made = statistics([train], [val])
    assert (made.rows, made.responses, made.duplicates, made.leaked) == (3, 3, 1, 2)
    assert made.fitting == pytest.approx(2 / 3)
    assert made.variety == pytest.approx(28 / 56)
    assert dict(made.binned())["20-39"] == 2
    page = tmp_path / "p.html"
    assert main(["data", "stats", str(train), "--val", str(val), "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "below 0.8: it repeats itself" in said
    text = page.read_text()
    assert text.count("<rect") == len(made.binned())
    (plot,) = re.findall("<svg.*?</svg>", text, re.DOTALL)
    assert len(ElementTree.fromstring(plot)) == 3 * len(made.binned())
    assert "http" not in text
    assert "<script" not in text
    with pytest.raises(DataError, match="hold no rows"):
        statistics([write(tmp_path / "e.jsonl")])


def test_what_is_said_of_running_text_and_of_variants(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = write(tmp_path / "t.jsonl", *[{"text": f"Rope {n} is sold here."} for n in range(3)])
    page = tmp_path / "p.html"
    assert main(["data", "stats", str(texts), "--html", str(page)]) == 0
    assert "in length" not in capsys.readouterr().out
    assert "Tokens of a document" in page.read_text()
    assert "have 10 to 200" not in page.read_text()
    row = {"question": "Who?", "context": "Ida came.", "answer": "Ida"}
    other = row | {"context": "Ida came. It rained.", "augmented": "distractors"}
    rows = write(tmp_path / "r.jsonl", row, other, row)
    made = statistics([rows])
    assert made.duplicates == 1  # another context is another exercise
    assert made.ways == {"distractors": 1}
    assert main(["data", "stats", str(rows), "--html", str(page)]) == 0
    assert "<h2>Augmented</h2>" in page.read_text()
