"""From documents to a cited answer: whatever is quoted stands where it is said to stand."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragon.answer import Answerer
from dragon.answer.answerer import DISAGREE, LONGEST_QUESTION
from dragon.answer.reader import Reader, above
from dragon.errors import CheckpointError, InputError
from dragon.retrieval import Hit, Index, Passage
from dragon.text.replies import NOT_FOUND
from tests.answer.conftest import Ask
from tests.answer.number_reader import write_language_model

STAY = "How many days may visitors stay?"
GUESTS = "# Guests\n\nAsk Ada first.\n\n- Visitors may stay 30 days.\n- Dogs may not.\n"


def test_an_answer_is_quoted_and_cited(ask: Ask) -> None:
    answer = ask({"guests.md": GUESTS, "crew.md": "The crew sleeps aboard."}, STAY)
    [citation] = answer.citations
    assert (citation.quote, citation.sentence) == ("30", "Visitors may stay 30 days.")
    assert GUESTS[citation.start : citation.end] == "30"
    assert (answer.answer, answer.abstained) == ("Visitors may stay 30 days. [1]", False)
    assert (citation.heading, citation.disputed) == ("Guests", False)
    assert answer.usage.prompt_tokens > answer.usage.completion_tokens > 0
    assert answer.timings.total_ms >= answer.timings.first_token_ms >= answer.timings.retrieve_ms


def test_documents_that_disagree_are_both_shown(ask: Ask) -> None:
    answer = ask({"a.md": GUESTS, "b.md": "Our visitors may stay 45 days.\n"}, STAY)
    assert answer.contradiction
    assert {c.quote for c in answer.citations} == {"30", "45"}
    assert all(c.disputed for c in answer.citations)
    assert answer.answer.startswith(DISAGREE)
    assert "30 days. [" in answer.answer
    assert "45 days. [" in answer.answer


def test_documents_that_agree_are_cited_together(ask: Ask) -> None:
    answer = ask({"a.md": GUESTS, "b.md": "Any visitors may stay 30 days.\n"}, STAY)
    assert not answer.contradiction
    assert len(answer.citations) == 2
    assert answer.answer.endswith("30 days. [1][2]")
    assert answer.answer.count("30 days") == 1


def test_two_rules_for_two_cases_are_not_a_dispute(ask: Ask) -> None:
    rules = {
        "a.md": "Overnight visitors may stay 30 days.",
        "b.md": "Day visitors may stay 2 days.",
    }
    assert not ask(rules, STAY).contradiction


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.yaml", "days: 30  # at most"),
        ("a.txt", "visitors:\n  days: 30  # at most\n  dogs: none"),
    ],
)
def test_of_code_the_line_is_shown(ask: Ask, name: str, sentence: str) -> None:
    text = "visitors:\n  days: 30  # at most\n  dogs: none\n"
    [citation] = ask({name: text}, "How many days for visitors?").citations
    assert (citation.quote, citation.sentence) == ("30", sentence)


def test_without_evidence_it_abstains_and_shows_the_nearest(ask: Ask) -> None:
    answer = ask({"a.md": "Visitors may stay for a while."}, STAY)
    assert (answer.abstained, answer.citations, answer.answer) == (True, (), NOT_FOUND)
    assert [hit.passage.text for hit in answer.passages] == ["Visitors may stay for a while."]


@pytest.mark.parametrize("question", ["Why?", "Who is it?", "首都はどこですか", "zyx?", "?!", "🦆"])
def test_a_question_about_nothing_here_is_not_answered(ask: Ask, question: str) -> None:
    answer = ask({"a.md": GUESTS + "Who is it? 30 days."}, question)
    assert answer.abstained
    assert answer.answer == NOT_FOUND


@pytest.mark.parametrize("question", ["", "  \n", "x" * (LONGEST_QUESTION + 1)])
def test_an_empty_or_endless_question_is_refused(ask: Ask, question: str) -> None:
    with pytest.raises(InputError):
        ask({"a.md": GUESTS}, question)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200), st.sampled_from(["\n", "\n\n", " | ", "\r\n- ", ": "]))
def test_offsets_hold_in_any_text(reader: Reader, tmp_path, text: str, between: str) -> None:
    content = f"{text}{between}Visitors may stay 30 days.{between}{text}"
    file = tmp_path / "a.txt"
    file.write_bytes(content.encode("utf-8", "replace"))
    with Index.open(tmp_path / "index.db", create=True) as index:
        if index.add([file]).skipped:
            return
        answer = Answerer(index, reader).ask(STAY)
    own = file.read_bytes().decode("utf-8-sig")
    for c in answer.citations:
        assert own[c.start : c.end] == c.quote


def test_a_model_that_cannot_read_is_refused(tmp_path) -> None:
    with pytest.raises(CheckpointError, match="cannot read passages"):
        Reader.open(write_language_model(tmp_path / "writer"))


def test_no_passage_costs_no_token(reader: Reader) -> None:
    read = reader.read(STAY, [])
    assert (read.evidence, read.tokens) == ((), 0)


@pytest.mark.parametrize(
    ("title", "heading", "seen"),
    [
        ("Leave", "Leave > Sick", "Leave > Sick"),
        ("Leave", "Sick", "Leave > Sick"),
        ("Leave", "", "Leave"),
        ("", "Sick", "Sick"),
        ("", "", ""),
    ],
)
def test_the_reader_sees_title_and_heading_once(title: str, heading: str, seen: str) -> None:
    assert above(Hit(Passage(1, "a.md", title, heading, "", 0, 0), 1.0)) == seen
