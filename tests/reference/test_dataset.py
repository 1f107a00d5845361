"""Datasets: both formats, and an error that names file, line and field of what is wrong."""

from pathlib import Path

import pytest

from dragon.errors import DataError
from dragon.reference.dataset import read_dataset

ROOT = Path(__file__).parents[2]


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_json_holds_sentences_and_instructions(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "a.json",
        '[ "One.",\n\n {"text": " Two. "},\n {"instruction": "Three?",\n "answer": "3"} ]\n',
    )
    entries = read_dataset(path)
    assert [(e.instruction, e.text) for e in entries] == [
        ("", "One."),
        ("", "Two."),
        ("Three?", "3"),
    ]
    assert [e.where for e in entries] == [f"{path}, line {n}" for n in (1, 3, 4)]


def test_csv_cells_may_hold_commas_and_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.csv", '\ufeffinstruction,answer\n"Who, then?","a\nb"\n\nWhere?,there\n'
    )
    entries = read_dataset(path)
    assert [(e.instruction, e.text) for e in entries] == [
        ("Who, then?", "a\nb"),
        ("Where?", "there"),
    ]
    assert entries[0].where.endswith("line 2")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "x", "neither"),
        ("a.json", "", "line 1: no list"),
        ("a.json", '{"text": "x"}', "line 1: no list"),
        ("a.json", "[]", "no entry"),
        ("a.json", '[\n"a",\n"b" "c"]', "line 3: a comma or ] is missing"),
        ("a.json", '["a",\n', "line 2: not JSON"),
        ("a.json", '["a"', "comma or ] is missing"),
        ("a.json", '["a"] x', "line 1: the list does not end"),
        ("a.json", '["a",\n{"text": tru}]', "line 2: not JSON"),
        ("a.json", '["a",\n7]', "line 2: 7 is no entry"),
        ("a.json", '["a",\n""]', "line 2, field text: it is empty"),
        ("a.json", '[{"text": 5}]', "line 1, field text: 5 is no text"),
        ("a.json", '[{"question": "a", "answer": "b"}]', "line 1: the fields are question, answer"),
        ("a.json", '[{"instruction": "a", "answer": " "}]', "line 1, field answer: it is empty"),
        ("a.json", b'["\xff"]', "UTF-8"),
        ("a.csv", "", "line 1: the columns are none"),
        ("a.csv", "text,more\n", "line 1: the columns are text, more"),
        ("a.csv", "text\n", "no entry"),
        ("a.csv", "instruction,answer\na,b\nc\n", "line 3: 1 cells; the header has 2"),
        ("a.csv", 'text\na\n"b', "not CSV"),
        ("a.csv", "instruction,answer\na,\n", "line 2, field answer: it is empty"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(DataError) as caught:
        read_dataset(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no dataset"):
        read_dataset(tmp_path / "none.json")


def test_the_bundled_world_is_whole() -> None:
    world = ROOT / "examples" / "worlds"
    sentences = read_dataset(world / "pretrain.json")
    asked = read_dataset(world / "instruct.csv")
    assert len({e.text for e in sentences}) == len(sentences) >= 190
    assert len({e.instruction for e in asked}) == len(asked) >= 190
    assert not any(e.instruction for e in sentences)
