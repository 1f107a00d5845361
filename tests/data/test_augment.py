"""Variants keep their answers word for word, are counted by way, and come out the same again."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.cli.main import main
from dragon.data.augmentation import Augmenting, augment, is_true_to
from dragon.data.checking import faults
from dragon.data.items import Answer, Item, closed, opened
from dragon.data.ways import WAYS, reworded, slipped
from dragon.errors import DataError, InputError
from tests.data.corpus import ARTICLE

OTHER = (
    "The rope museum of Doverton was opened in 1955. It shows ropes, knots and an old anchor, and "
    "the tower beside it was built for the harbour. Children like the anchor best."
)
WHO = {"title": "Light", "question": "Who built the lighthouse?", "context": ARTICLE}
SQUAD = WHO | {"answers": ["Anna Lindqvist", "Lindqvist"], "answerable": True}
QA = WHO | {"answer": "Anna Lindqvist"}
ALPACA = {"instruction": "When did it burn down?", "input": ARTICLE, "output": "1911"}
TALK = {
    "messages": [
        {"role": "system", "content": ARTICLE},
        {"role": "user", "content": "Who led the museum?"},
        {"role": "assistant", "content": "Ida Marsh"},
        {"role": "user", "content": "Since when?"},
        {"role": "assistant", "content": "1998"},
    ]
}
_AT = ARTICLE.index("48 workers")
GROUNDED: dict[str, Any] = {
    "kind": "cloze-number",
    "title": "Light",
    "question": "How many workers built it?",
    "passages": [{"title": "Ropes", "text": OTHER}, {"title": "Light", "text": ARTICLE}],
    "answers": [{"text": "48 workers", "passage": 1, "start": _AT, "end": _AT + 10}],
    "previous": {"question": "What burned down?", "answer": "the lighthouse"},
}
ROWS = [SQUAD, QA, ALPACA, TALK, GROUNDED]


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def item_of(row: dict[str, Any]) -> Item:
    item = opened(row)
    assert item is not None
    return item


@pytest.mark.parametrize("row", ROWS)
def test_there_and_back_changes_nothing(row: dict[str, Any]) -> None:
    assert closed(row, item_of(row), "No.") == row
    assert item_of(row).quoted


@given(st.sampled_from(ROWS), st.sampled_from(sorted(WAYS)), st.integers(0, 10_000))
def test_answers_stay_word_for_word(row: dict[str, Any], way: str, seed: int) -> None:
    item = item_of(row)
    variant = WAYS[way](item, random.Random(seed), [OTHER, "The ferry sails daily to an island."])
    if variant is None:
        return
    assert is_true_to(item, variant)
    done = closed(row, variant, "The text does not say.")
    again = item_of(done)
    if way == "unanswerable":
        assert not variant.answers
        assert "Anna Lindqvist" not in again.passages[0] or row is not SQUAD
    else:
        assert again.quoted
        assert [a.text for a in again.answers] == [a.text for a in variant.answers]


def test_names_change_in_question_passages_and_answer_alike() -> None:
    done = closed(SQUAD, WAYS["rename"](item_of(SQUAD), random.Random(1), ()) or item_of(SQUAD), "")
    assert "Lindqvist" not in json.dumps(done)
    assert all(answer in done["context"] for answer in done["answers"])
    assert done["answers"][0].endswith(done["answers"][1])
    assert done["context"].count(done["answers"][0]) == ARTICLE.count("Anna Lindqvist")


def test_questions_are_put_in_other_words_that_are_english() -> None:
    def ways(question: str) -> set[str]:
        item = Item(question, (ARTICLE,), ("",))
        made = (reworded(item, random.Random(seed), ()) for seed in range(60))
        return {variant.question for variant in made if variant}

    assert "Can you tell me who the keeper of the light is?" in ways(
        "Who is the keeper of the light?"
    )
    assert "Tell me who sold ropes." in ways("Who sold ropes?")
    assert "How is a hawser defined?" not in ways("What is a hawser?")
    assert "How is hawser defined?" in ways("What is a hawser?")
    assert "According to the text, when was it built?" in ways("When was it built?")
    assert not any("who built" in way for way in ways("When was it built?"))


def test_slips_are_in_the_question_alone() -> None:
    item = item_of(GROUNDED)
    made = [slipped(item, random.Random(seed), ()) for seed in range(40)]
    questions = {variant.question for variant in made if variant}
    assert len(questions) > 10
    assert all(variant.passages == item.passages for variant in made if variant)
    assert all(variant.answers == item.answers for variant in made if variant)


def test_a_variant_whose_answer_is_gone_is_told() -> None:
    item = Item("Who?", ("Ida Marsh came.",), ("",), (Answer("Ida Marsh", 0, 0),))
    assert is_true_to(item, item)
    assert not is_true_to(item, Item("Who?", ("Eva Marsh came.",), ("",), item.answers))
    assert not is_true_to(item, Item("Who?", ("Ida Marsh came.",), ("",)))
    assert not is_true_to(item, Item("Who?", (" ",), ("",)))


def test_ways_are_counted_and_all_rows_are_valid(tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", SQUAD, SQUAD | {"context": OTHER, "answers": ["1955"]})
    manifest = augment([source], tmp_path / "out", workers=1)
    rows = [json.loads(line) for line in (tmp_path / "out/rows.jsonl").read_text().splitlines()]
    counts = manifest["counts"]
    assert counts["rows"] == 2
    for way in WAYS:
        assert counts[way] == sum(row.get("augmented") == way for row in rows)
    assert sum("augmented" not in row for row in rows) == 2
    assert not list(faults([tmp_path / "out"]))
    assert {bool(r["answers"]) for r in rows if r.get("augmented") == "unanswerable"} == {False}


def test_processes_change_nothing_and_the_seed_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dragon.data.stage.BLOCK", 3000)
    rows = [SQUAD, SQUAD | {"context": OTHER, "answers": ["1955"]}] * 6
    source = write(tmp_path / "rows.jsonl", *rows)
    made = {}
    for name, workers, seed in (("one", 1, 0), ("two", 2, 0), ("other", 1, 1)):
        augment([source], tmp_path / name, Augmenting(seed=seed), workers=workers)
        made[name] = (tmp_path / name / "rows.jsonl").read_bytes()
    assert made["one"] == made["two"] != made["other"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text": "Running text."}], r"rows\.jsonl:1 is no question \(fields: text\)"),
        ([SQUAD, SQUAD | {"answers": ["nowhere"]}], r"rows\.jsonl:2: answers\[0\]"),
        ([QA, {"question": "What?"}], r"rows\.jsonl:2 is no question"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        augment([write(tmp_path / "rows.jsonl", *rows)], tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_no_variant_and_no_such_way_are_said(tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", {"question": "What?", "answer": "Ropes."})
    with pytest.raises(DataError, match="No variant came out of 1 rows"):
        augment([source], tmp_path / "out", Augmenting(("distractors",)), workers=1)
    with pytest.raises(InputError, match="--ways names 'x'"):
        augment([source], tmp_path / "out", Augmenting(("x",)), workers=1)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = write(tmp_path / "rows.jsonl", *[TALK] * 2), tmp_path / "out"
    command = ["data", "augment", str(source), "--out", str(out), "--workers", "1"]
    assert main([*command, "--ways", "rename, noise", "--only-new", "--licence", "MIT"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{out}: ")
    assert "licences: MIT (2 rows)" in said
    rows = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    assert {row["augmented"] for row in rows} <= {"rename", "noise"}
    assert any("Marsh" not in json.dumps(row) for row in rows)
    assert main(["data", "validate", str(out)]) == 0
