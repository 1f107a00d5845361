"""Rows that are not what they seem are refused with file, line and field, by every command."""

import json
from pathlib import Path
from typing import Any

import pytest

from dragon.cli.main import main
from dragon.tokenizer import BpeTokenizer
from tests.data.corpus import ARTICLE

GOOD = {"text": ARTICLE}
ASKED = {"question": "Who?", "context": ARTICLE, "answers": ["Ida Marsh"]}
FOUND = {"question": "Who?", "passages": [{"text": ARTICLE}], "answers": []}


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (GOOD, {"title": "x"}, "rows.jsonl:2: text is missing (fields: title)"),
        (GOOD, {"text": 5}, "rows.jsonl:2: text is '5'"),
        (ASKED, {"context": ARTICLE, "answers": []}, "rows.jsonl:2: question is missing"),
        (ASKED, ASKED | {"answers": "Ida"}, "rows.jsonl:2: answers is 'Ida'"),
        (ASKED, ASKED | {"answers": [5]}, "rows.jsonl:2: answers is '[5]'"),
        (FOUND, FOUND | {"passages": [{}]}, "rows.jsonl:2: passages is '[{}]'"),
        (FOUND, FOUND | {"previous": "x"}, "rows.jsonl:2: previous is 'x'"),
        (FOUND, FOUND | {"answers": [{"text": "Ida"}]}, "rows.jsonl:2: answers is"),
        ({"term": "hawser", "meaning": "a rope"}, {"meaning": "a rope"}, "rows.jsonl:2: term is"),
        ({"members": ["rope"]}, {"members": "rope"}, "rows.jsonl:2: members is 'rope'"),
        ({"instruction": "Sell."}, GOOD, "rows.jsonl:1 has no known field (fields: instruction)"),
    ],
)
def test_exercises_are_made_of_whole_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: Any, second: Any, message: str
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
    command = ["data", "prepare", str(source), "--out", str(tmp_path / "out"), "--workers", "1"]
    (tmp_path / "more.txt").write_text(ARTICLE)
    assert main([*command, str(tmp_path / "more.txt"), "--vocab-size", "300"]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ASKED | {"answers": [5]}, "rows.jsonl:2: answers[0] is '5', not text"),
        (FOUND | {"passages": "x"}, "rows.jsonl:2: passages is 'x', not a list"),
        (FOUND | {"passages": [{}]}, "rows.jsonl:2: passages[0].text is missing"),
        ({"messages": ["x"]}, "rows.jsonl:2: messages[0] is 'x', not an object"),
    ],
)
def test_statistics_are_of_whole_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: Any, message: str
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text(f"{json.dumps(GOOD)}\n{json.dumps(row)}\n")
    assert main(["data", "stats", str(source)]) == 1
    assert message in capsys.readouterr().err


def test_half_a_character_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "rows.jsonl"
    BpeTokenizer.train([ARTICLE], 300).save(tmp_path / "tokenizer")
    source.write_text(f'{json.dumps(GOOD)}\n{{"text": "A \\ud800 b."}}\n')
    command = ["data", "prepare", str(source), "--out", str(tmp_path / "out"), "--workers", "1"]
    command += ["--objective", "language", "--tokenizer", str(tmp_path / "tokenizer")]
    assert main([*command, "--no-randomize"]) == 1
    assert "rows.jsonl:2: The text cannot be encoded" in capsys.readouterr().err


def test_rows_without_a_kind_are_exercises_too(tmp_path: Path) -> None:
    rows = [FOUND, FOUND | {"title": None, "passages": [{"title": None, "text": ARTICLE}]}]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    command = ["data", "prepare", str(source), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert main([*command, "--vocab-size", "300"]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["splits"]["train"]["sources"] == {"grounded-none": 2}
