"""Questions made from running text: the answer stands where they say, and nowhere else."""

import json
import random
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.config import DataConfig
from dragon.data.exercises import passages
from dragon.data.grounded import (
    Wanted,
    cells,
    definitions,
    follow_up,
    from_grounded,
    grounded,
    lists,
)
from dragon.data.prepare import prepare
from dragon.data.shards import read_manifest
from dragon.data.sources import read_rows
from tests.data.corpus import ARTICLE, ROWS, names

TABLE = (
    "Fees are listed.\n\n| Item | Fee | Day |\n| --- | --- | --- |\n"
    "| rope | 4 crowns | Monday |\n| oil | 7 crowns | Friday |\n"
)
WANTED = Wanted(passages=4, each=2, unanswerable=0.6, follow_ups=1.0, longest=400)


def made(seed: int = 0) -> list[dict[str, object]]:
    rng = random.Random(seed)
    cut = passages(ARTICLE * 2, WANTED.longest, rng)
    return [q.row(rng) for q in grounded(cut, "Light", names(), {}, rng, WANTED)]


def test_answers_stand_where_they_say_and_in_no_other_passage() -> None:
    rows = [row for seed in range(12) for row in made(seed)]
    kinds = {str(row["kind"]) for row in rows}
    assert {"recurring", "follow-up"} < kinds
    assert any(kind.startswith("cloze-") and not kind.endswith("-none") for kind in kinds)
    assert any(kind.endswith("-none") for kind in kinds)
    for row in rows:
        texts = [p["text"] for p in row["passages"]]  # type: ignore[attr-defined]
        assert bool(row["answers"]) != str(row["kind"]).endswith("-none")
        for answer in row["answers"]:  # type: ignore[attr-defined]
            text = texts[answer["passage"]]
            assert text[answer["start"] : answer["end"]] == answer["text"] != ""
            others = [t for n, t in enumerate(texts) if n != answer["passage"]]
            assert all(answer["text"] not in other for other in others)


def test_the_same_seed_gives_the_same_questions() -> None:
    assert made(5) == made(5) != made(6)


def test_definitions_lists_and_cells() -> None:
    rng = random.Random(0)
    text = "It rained. A hawser is a thick rope for mooring ships. This is a line of no use at all."
    (defined,) = definitions(text, "", rng)
    assert "a hawser" in defined.question.lower()
    assert defined.answer == "a thick rope for mooring ships"
    (listed,) = lists("They sell goods such as rope, oil and lamps.", "", rng)
    assert listed.answer == "rope, oil and lamps"
    found = cells(TABLE, "", rng)
    assert [e.answer for e in found] == ["4 crowns", "Monday", "7 crowns", "Friday"]
    assert "rope" in found[0].question
    assert "fee" in found[0].question
    assert cells("| a | b |", "", rng) == []


def test_a_follow_up_points_back() -> None:
    rng = random.Random(1)
    cut = passages(ARTICLE, 900, rng)
    rows = [
        q.row(rng)
        for n in range(30)
        for q in grounded(cut, "", names(), {}, random.Random(n), WANTED)
    ]
    followed = [row for row in rows if "previous" in row]
    assert followed
    assert all(row["previous"]["question"] != row["question"] for row in followed)
    assert follow_up([], names(), rng) is None


def test_the_reader_gets_one_exercise_a_passage() -> None:
    row = {
        "kind": "cloze-date", "question": "When?", "previous": {"question": "Who?", "answer": "I"},
        "passages": [{"title": "T", "text": "Nothing."}, {"title": "T", "text": "It was 1902."}],
        "answers": [{"text": "1902", "passage": 1, "start": 7, "end": 11}],
    }  # fmt: skip
    none, answered = from_grounded([row])
    assert (none.answerable, none.source) == (False, "cloze-date-none")
    assert answered.answer == "1902"
    assert answered.question == "When? Who?"
    row["answers"][0]["start"] = 0  # type: ignore[index]
    assert [e.answer for e in from_grounded([row])][1] == "1902"


def test_synthesize_then_prepare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(3):
        (docs / f"page{n}.md").write_text(f"# Light {n}\n\n{ROWS[n]['text']}\n\n{TABLE}")
    out = str(tmp_path / "questions")
    command = ["data", "synthesize", "--docs", str(docs), "--out", out, "--workers", "1"]
    assert main(command) == 0
    assert "questions on 3 documents" in capsys.readouterr().out
    rows = list(read_rows(tmp_path / "questions" / "docs.jsonl"))
    assert len(rows) > 6
    config = DataConfig(sources=(out,), vocab_size=400, workers=1)
    manifest = prepare(config, tmp_path / "set")
    assert manifest["splits"]["train"]["examples"] >= len(rows)
    assert read_manifest(tmp_path / "set")["kind"] == "reading"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--docs", "{tmp}/none"], "No documents at"),
        ([], "both given or both missing"),
        (["{tmp}/a.txt"], "No question came out"),
    ],
)
def test_bad_calls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "a.txt").write_text("Short.")
    filled = [a.format(tmp=tmp_path) for a in arguments]
    command = ["data", "synthesize", *filled, "--out", str(tmp_path / "o"), "--workers", "1"]
    assert main(command) in (1, 2)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_rows_are_json(tmp_path: Path) -> None:
    assert json.loads(json.dumps(made()[0]))["passages"]
