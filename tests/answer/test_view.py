"""What reaches a terminal or a pipe: readable, marked, and free of a document's control codes."""

import json

import pytest

from dragon.answer import Answer
from dragon.cli.answer_view import print_json, print_stream
from tests.answer.conftest import Ask

STAY = "How many days may visitors stay?"
HOSTILE = (
    "# Guests \x1b]0;owned\x07\n\n"
    "Visitors may\x1b[31m stay \u202e30\u202c days\x9b2J\x08 on Tern.\n"
)


def printed(answer: Answer, capsys: pytest.CaptureFixture[str]) -> str:
    print_stream(iter([*answer.citations, answer]), context=True)
    return capsys.readouterr().out


def test_a_pipe_gets_marks_and_sources(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(ask({"a.md": "# Guests\n\nVisitors may stay 30 days.\n"}, STAY), capsys)
    first, blank, source, end = out.split("\n")
    assert (first, blank, end) == ("Visitors may stay **30** days. [1]", "", "")
    assert source.startswith("[1] ")
    assert "a.md  Guests  (characters 28-30, " in source


def test_a_dispute_says_so_first(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    documents = {"a.md": "Visitors may stay 30 days.", "b.md": "All visitors may stay 45 days."}
    lines = printed(ask(documents, STAY), capsys).splitlines()
    assert lines[0] == "The documents disagree."
    assert {lines[1][-4:], lines[2][-4:]} == {" [1]", " [2]"}


def test_the_nearest_passage_is_shown_where_it_comes_nearest(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "The harbour is old. " * 20 + "The boat of the mayor is blue. " + "Ships sail. " * 20
    out = printed(ask({"a.md": text}, "Who has the boat of the mayor?"), capsys)
    assert "do not say" in out
    assert "    … The boat of the mayor is blue. Ships sail." in out
    assert max(map(len, out.splitlines())) < 200


def test_an_agreeing_sentence_is_a_number(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    documents = {"a.md": "Visitors may stay 30 days.", "b.md": "Visitors may stay 30 days."}
    out = printed(ask(documents, STAY), capsys)
    assert out.startswith("Visitors may stay **30** days. [1][2]\n\n[1] ")


def test_silence_shows_the_nearest(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    long = "Visitors may stay for a while. " + "They sleep and eat here. " * 20
    out = printed(ask({"a.md": long}, STAY), capsys)
    assert out.startswith("The documents do not say.\n\nNearest passages:\n  ")
    assert out.endswith(" …\n")
    nothing = printed(ask({"a.md": long}, "zyx qqq?"), capsys)
    assert nothing == "The documents do not say.\nNo passage holds any word of the question.\n"


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("question", [STAY, "How do visitors sleep on Tern?"])
def test_no_code_of_a_document_reaches_the_terminal(
    ask: Ask,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    question: str,
) -> None:
    monkeypatch.setattr("dragon.cli.answer_view._has_style", lambda: terminal)
    out = printed(ask({"a\x1b[2J.md": HOSTILE}, question), capsys)
    for own in ("\x1b[1m", "\x1b[2m", "\x1b[0m"):
        out = out.replace(own, "")
    assert "Tern" in out
    assert all(c.isprintable() or c == "\n" for c in out)


def test_json_is_one_line_of_printable_characters(
    ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask({"a.md": HOSTILE}, STAY)
    print_json(answer)
    out = capsys.readouterr().out
    assert all(c.isprintable() for c in out.removesuffix("\n"))
    found = json.loads(out)
    [citation] = found["citations"]
    assert HOSTILE[citation["start"] : citation["end"]] == citation["quote"] == "30"
    assert citation["sentence"] in HOSTILE
    assert found["passages"][0]["text"] in HOSTILE


def test_a_terminal_gets_bold_unless_it_declines(
    ask: Ask, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ask({"a.md": "Visitors may stay 30 days."}, STAY)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "stay \x1b[1m30\x1b[0m days" in printed(answer, capsys)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in printed(answer, capsys)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "stay **30** days" in printed(answer, capsys)
