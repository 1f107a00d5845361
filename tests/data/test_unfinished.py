"""What is whole is kept at whatever moment a process is killed, and what is half is cut off."""

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from dragon.data.stage import output_names
from dragon.data.unfinished import JOURNAL, Made, Unfinished, unfinished


class KilledError(Exception):
    """Stands for the end of the process: nothing that comes after it is done."""


def folder(out: Path) -> Path:
    return out.with_name(f".{out.name}.unfinished")


def write(run: Unfinished, first: int, last: int) -> None:
    for number in range(first, last):
        run.append(Made({"a.txt": b"%d\n" % number}, Counter(n=1)), 10, {0: Counter(MIT=2)})


def finished(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_pieces_go_on_after_the_last_whole_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with suppress(KilledError), unfinished(out, "plan") as run:
        (run.folder / "aid").write_text("made first")
        run.begin()
        write(run, 0, 3)
        run.flush()
        write(run, 3, 5)  # waits still
        raise KilledError
    with (folder(out) / "a.txt").open("ab") as file:
        file.write(b"half a li")
    with (folder(out) / JOURNAL).open("ab") as file:
        file.write(b'{"pieces": 7, "si')
    (folder(out) / "later").write_text("of the last work")
    with unfinished(out, "plan") as run:
        assert run.begun
        assert (run.pieces, run.read, run.counts, run.seen) == (3, 30, {"n": 3}, {0: {"MIT": 6}})
        assert (run.folder / "aid").read_text() == "made first"
        assert not (run.folder / "later").exists()
        write(run, run.pieces, 5)
        run.flush()
        run.finish("kind", {"counts": run.counts}, ["aid"])
    assert finished(out)["a.txt"] == b"0\n1\n2\n3\n4\n"
    assert json.loads(finished(out)["manifest.json"]) == {"kind": "kind", "counts": {"n": 5}}
    assert sorted(finished(out)) == ["a.txt", "manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("damage", ["plan", "lost", "short", "journal"])
def test_what_cannot_be_gone_on_from_begins_anew(tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    with suppress(KilledError), unfinished(out, "plan") as run:
        write(run, 0, 3)
        run.flush()
        raise KilledError
    if damage == "lost":
        (folder(out) / "a.txt").unlink()
    elif damage == "short":
        (folder(out) / "a.txt").write_bytes(b"0\n")
    elif damage == "journal":
        (folder(out) / JOURNAL).write_bytes(b"rubbish\n")
    with unfinished(out, "other" if damage == "plan" else "plan") as run:
        assert (run.pieces, run.counts) == (0, {})
        assert [path.name for path in run.folder.iterdir()] == [JOURNAL]
    assert not out.exists()  # nothing is finished, so nothing gets the name


def test_killed_before_the_name_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    out = tmp_path / "out"
    with monkeypatch.context() as patch, suppress(KilledError):
        patch.setattr("dragon.data.unfinished.swap_in", killed)
        with unfinished(out, "plan") as run:
            run.begin()
            write(run, 0, 2)
            run.flush()
            run.finish("kind", {}, [])
    assert not out.exists()
    with unfinished(out, "plan") as run:
        assert run.manifest == {"kind": "kind"}
    assert finished(out)["a.txt"] == b"0\n1\n"


def test_nothing_is_left_of_a_run_that_made_nothing(tmp_path: Path) -> None:
    with suppress(KilledError), unfinished(tmp_path / "out", "plan"):
        raise KilledError
    assert not list(tmp_path.iterdir())


def test_the_documents_of_a_folder_become_one_file(tmp_path: Path) -> None:
    names = ["a/1.txt", "a/2.md", "a/b/3.html", "c/a/4.txt", "c/a/5.txt", "c/rows.jsonl.gz"]
    made = output_names([tmp_path / name for name in names])
    assert made == ["a.jsonl", "a.jsonl", "3.jsonl", "a-2.jsonl", "a-2.jsonl", "rows.jsonl"]
