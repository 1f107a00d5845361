"""`dragon eval` on a few questions."""

import json
from pathlib import Path

import pytest

from dragon.answer.evidence import Calibration
from dragon.checkpoint import CONFIG_FILE, read_json
from dragon.cli.main import main
from tests.answer.number_reader import write_number_reader
from tests.evaluate.test_questions import file_of, squad

STAY = {"question": "How many days may visitors stay?", "answers": ["30"], "document": "a.md"}
TAX = {"question": "Which tax do ships pay?", "answerable": False, "answers": []}
SHIP = {"question": "How many ships sail?", "answers": ["nine"], "document": "b.md"}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path / "home"))
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Visitors may stay 30 days.")
    (docs / "b.md").write_text("The ships sail north.")
    return write_number_reader(tmp_path / "numbers")


def test_questions_of_your_own(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["eval", "questions", str(file_of(tmp_path, STAY, TAX, SHIP))]
    command += ["--docs", str(tmp_path / "docs"), "--model", str(model)]
    assert main([*command, "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["name"], line["count"]) == ("questions", 3)
    scores = line["metrics"]
    assert (scores["contains"], scores["abstained"], scores["verbatim"]) == (0.5, 1, 1)
    assert (scores["recall_document"], scores["exact_match"]) == (1, 0.5)
    assert main([*command, "--misses", "--limit", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("questions: 3 questions\n  recall_document")
    assert "contains                  0.500  (95%: " in out
    assert err == "- How many ships sail?\n    expected nine\n    got The documents do not say.\n"
    assert not (tmp_path / "home").exists()


def test_calibrate_takes_questions_on_documents_and_on_articles(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    file = str(file_of(own, STAY, TAX, SHIP))
    rows = [squad(title, i) for title in ("Tern", "Skerry") for i in range(1, 4)]
    command = ["eval", "calibrate", file, "--docs", str(tmp_path / "docs"), "--model", str(model)]
    assert main(command) == 0
    alone = json.loads(capsys.readouterr().out)["questions"]
    assert main([*command, "--squad", str(file_of(tmp_path, *rows)), "--articles", "Tern"]) == 0
    assert json.loads(capsys.readouterr().out)["questions"] == alone + 6


def test_folders_bring_their_own_questions(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "docs", tmp_path / "more"
    second.mkdir()
    (second / "b.md").write_text("Nine ships sail, 9 of them north.")
    for folder, asked in ((first, (STAY, TAX)), (second, ({**SHIP, "answers": ["9"]},))):
        file_of(folder, *asked)
        (folder / ".dragonignore").write_text("questions.jsonl\n")
    told = ["--model", str(model)]
    assert main(["eval", "handbook", str(first), str(second), *told, "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["name"], line["count"]) == ("handbook", 3)
    assert line["metrics"]["recall_document"] == 1
    command = ["eval", "calibrate", str(first / "questions.jsonl"), "--docs", str(first), *told]
    assert main(command) == 0
    alone = json.loads(capsys.readouterr().out)["questions"]
    assert main([*command, "--folder", str(second)]) == 0
    assert json.loads(capsys.readouterr().out)["questions"] == alone + 1
    assert main(["eval", "calibrate", "--folder", str(first), "--folder", str(second), *told]) == 0
    assert json.loads(capsys.readouterr().out)["questions"] == alone + 1
    assert main(["eval", "calibrate", *told]) == 2
    assert "no questions to calibrate on" in capsys.readouterr().err
    assert main(["eval", "handbook", str(tmp_path / "home"), *told]) == 1
    assert "questions.jsonl" in capsys.readouterr().err


def test_squad_asks_all_articles_and_calibrate_writes_the_model(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [squad(title, i) for title in ("Tern", "Skerry", "Holm") for i in range(1, 4)]
    file = str(file_of(tmp_path, *rows))
    assert main(["eval", "squad", file, "--model", str(model), "--every", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["count"] == 6
    assert main(["eval", "calibrate", file, "--model", str(model), "--articles", "Tern,Holm"]) == 0
    said = json.loads(capsys.readouterr().out)
    written = Calibration.of_model(read_json(model, CONFIG_FILE))
    assert said["questions"] == 12  # each also without the document that answers it
    assert written.weights == tuple(said["weights"])
    assert written.threshold == said["threshold"]


@pytest.mark.parametrize(
    ("rows", "more", "code", "message"),
    [
        ([{"answers": []}], [], 1, "row 1 has no question"),
        ([STAY], ["--articles", "Nowhere"], 2, "No article is named like 'Nowhere'"),
    ],
)
def test_bad_input_is_one_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    rows: list[object], more: list[str], code: int, message: str,
) -> None:  # fmt: skip
    file = str(file_of(tmp_path, *rows))
    assert main(["eval", "calibrate", file, "--model", str(model), *more]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
