"""`dragon eval NAME|all` on small data: files, one line of JSON, refusals that name a remedy."""

import json
from pathlib import Path

import pytest

from dragon.cli.main import main
from tests.answer.number_reader import write_number_reader
from tests.evaluate.models import TEXTS, write_random
from tests.evaluate.test_grammar import row
from tests.evaluate.test_questions import squad

ARTICLES = [{"title": "Ada Lind", "text": "Ada Lind was born in Oslo."}]
ARTICLES += [{"title": "Per Holm", "text": "Per Holm was born in Bergen."}]
DATA: dict[str, list[dict[str, object]]] = {
    "eval/blimp": [row(1), row(2)],
    "eval/wikitext2_test": [{"text": text} for text in TEXTS],
    "eval/policyqa_test": [squad("Policy", i) for i in (1, 2)],
    "eval/cranfield_documents": [{"id": 1, "title": "A", "text": "wings"}],
    "eval/cranfield_queries": [{"id": 1, "text": "wings"}],
    "eval/cranfield_relevance": [{"query": 1, "document": 1, "grade": 4}],
    "qa/squad_40_articles": [squad(t, i) for t in ("Tern", "Skerry") for i in (3, 4)],
    "articles": [*ARTICLES],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, rows in DATA.items():
        path = tmp_path / "data" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return tmp_path / "data"


def test_all_for_a_writer(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = str(write_random(data / "model")), data / "out"
    command = ["eval", "all", "--model", model, "--data", str(data), "--out", str(out), "--json"]
    command += ["--articles", str(data / "articles.jsonl"), "--samples", "3"]
    assert main(command) == 0
    said, err = capsys.readouterr()
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["name"] for line in lines] == ["grammar", "knowledge", "language", "retrieval"]
    assert all(set(line) == {"name", "metrics", "count"} for line in lines)
    assert "not run: grounding. The model is no reader" in err
    first = {p.name: p.read_bytes() for p in out.iterdir()}
    assert main(command) == 0
    assert first == {p.name: p.read_bytes() for p in out.iterdir()}
    capsys.readouterr()
    both = [str(out), str(out), "--names", "a,b", "--out", str(data / "both")]
    assert main(["eval", "compare", *both]) == 0
    assert str(data / "both" / "comparison.md") in capsys.readouterr().out


def test_all_for_a_reader(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(write_number_reader(data / "reader"))
    titles = data / "titles.txt"
    titles.write_text("Tern\n")
    command = ["eval", "all", "--model", model, "--data", str(data), "--titles", str(titles)]
    assert main([*command, "--out", str(data / "out")]) == 0
    said, err = capsys.readouterr()
    assert "grounding-squad: 2\n" in said
    assert "grounding-policyqa: 2\n" in said
    assert "retrieval: 1\n  recall@1 " in said
    assert "not run: grammar. The model is a reader" in err
    page = (data / "out" / "scorecard.html").read_text()
    assert "Not run" in page
    assert "polyline" in page


def test_canaries_are_written_to_be_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "canaries.jsonl"
    assert main(["eval", "canaries", "--out", str(out), "-n", "3"]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [r["text"] for r in rows] == [f"{r['prefix']} {r['secret']}." for r in rows]
    assert "3 sentences" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["grammar", "--model", "{writer}", "--data", "{empty}"], 1, "blimp.jsonl: BLiMP's pairs"),
        (["all", "--data", "{empty}", "--out", "o"], 1, "lacks 5 of the files"),
        (["grammar", "--model", "{reader}", "--data", "{data}"], 2, "The model is a reader"),
        (["grounding", "--model", "{writer}", "--data", "{data}"], 2, "it has no span scorer"),
        (["grounding", "--titles", "{empty}/t", "--data", "{data}"], 1, "There is no file"),
        (["knowledge", "--model", "{writer}", "--articles", "{empty}/a"], 1, "There is no file"),
        (["all", "--skip", "blimp", "--out", "o"], 2, "--skip blimp is no evaluation"),
        (["compare", "{empty}", "--out", "o"], 1, "is no scorecard"),
        (["grammar", "--model", "nowhere"], 1, "There is no model"),
    ],
)
def test_refusals(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    (data / "none").mkdir()
    places = {
        "{writer}": str(write_random(data / "writer")),
        "{reader}": str(write_number_reader(data / "reader")),
        "{empty}": str(data / "none"),
        "{data}": str(data),
    }
    for name, place in places.items():
        arguments = [a.replace(name, place) for a in arguments]
    assert main(["eval", *arguments]) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
