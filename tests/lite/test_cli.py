"""`dragon lite`, which hands on to the edition's own command line."""

import json
from pathlib import Path

import pytest

from dragon.cli.main import main

QUESTION = "Who signs the form?"


@pytest.fixture
def docs(tmp_path: Path) -> str:
    (tmp_path / "a.md").write_text("# Forms\n\nMaud Hallorin signs the form.")
    return str(tmp_path)


def test_ask(docs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lite", "ask", QUESTION, "--docs", docs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["quotes"][0]["start"] == 9


def test_a_question_may_begin_with_a_dash(docs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lite", "ask", "--docs", docs, "--", f"- {QUESTION}"]) == 0
    assert "Maud Hallorin signs" in capsys.readouterr().out


def test_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lite", "bundle", str(tmp_path / "x.py")]) == 0
    assert "lines. Run: python" in capsys.readouterr().out
    compile((tmp_path / "x.py").read_text("utf-8"), "x.py", "exec")


def test_errors_have_their_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lite", "ask", QUESTION, "--docs", str(tmp_path / "no")]) == 2
    assert main(["lite", "bundle", str(tmp_path / "no" / "x.py")]) == 2
    assert capsys.readouterr().err.count("error:") == 2
