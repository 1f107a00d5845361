import json
import os

import pytest

from dragon.cli.index_view import skipped_lines, summary
from dragon.cli.main import main
from dragon.retrieval import AddReport, Skipped


@pytest.fixture
def dragon(tmp_path, monkeypatch, capsys):
    """Run `dragon index ...` in `tmp_path` and return (exit code, standard output, errors)."""
    monkeypatch.setenv("DRAGON_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["index", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_add_list_search_show_remove(dragon, docs):
    (docs / "bad.txt").write_bytes(b"\0")
    code, out, _ = dragon("add", "docs")
    assert code == 0
    assert out.startswith("2 added, 1 not readable (")
    assert "  docs/bad.txt: binary, not text." in out.replace(os.sep, "/")
    assert dragon("list")[1].splitlines()[-1].startswith("2 documents in ")
    assert "1. " in dragon("search", "how many holidays")[1]
    _, shown, _ = dragon("show", "leave.md")
    assert "[9:30] Leave\nHolidays are 25 days." in shown
    assert dragon("remove", "docs")[1] == "removed 3 documents\n"


def test_json_is_complete(dragon, docs):
    report = json.loads(dragon("add", "docs", "--json")[1])
    assert (report["added"], report["skipped"]) == (2, [])
    [first, *_] = json.loads(dragon("search", "holidays", "--json", "--top-k", "1")[1])
    text = (docs / "leave.md").read_text()
    assert text[first["start"] : first["end"]] == first["text"] == "Holidays are 25 days."
    assert first["score"] > 0
    assert len(json.loads(dragon("list", "--json")[1])) == 2
    assert json.loads(dragon("show", "leave.md", "--json")[1])["passages"][1]["text"] == "Rest."


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "x"], 1, "No index at"),
        (["add", "nowhere"], 2, "no file or folder nowhere"),
        (["search", "x", "--index", "docs/leave.md"], 1, "not a dragon index"),
        (["add"], 2, "PATH"),
    ],
)
def test_errors_are_one_line(dragon, docs, arguments, code, message):
    got, out, err = dragon(*arguments)
    assert (got, out) == (code, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_hostile_name_and_title_cannot_reach_the_terminal(dragon, docs):
    (docs / "a\x1b[31m\nb.md").write_text("# Odd \x1b[31m\n\nThe gate opens at six.\n")
    outputs = [
        dragon("add", "docs"),
        dragon("list"),
        dragon("search", "gate"),
        dragon("show", "b.md"),
    ]
    assert not any("\x1b" in out + err for _, out, err in outputs)
    assert r"docs/a\x1b[31m\nb.md" in outputs[1][1]


def test_searching_an_index_without_documents_says_so(dragon, docs):
    dragon("add", "docs")
    dragon("remove", "docs")
    assert "is empty" in dragon("search", "x")[2]
    dragon("add", "docs")
    assert dragon("search", "zebra")[1] == "No passage holds any of these words.\n"


def test_many_skipped_files_are_counted(tmp_path):
    skipped = tuple(Skipped(tmp_path / f"{i}.txt", "binary.") for i in range(25))
    assert len(skipped_lines(skipped)) == 21
    assert skipped_lines(skipped)[-1] == "  ... and 5 more"
    report = AddReport(0, 0, 3, 0, skipped, 2, 0, 0.1)
    assert summary(report).startswith("3 unchanged, 25 not readable, 2 of kinds it does not read (")
