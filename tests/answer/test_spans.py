"""Every span is a piece of one sentence, made of whole words, whatever the text and the scores."""

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragon.answer.spans import _units, best_spans, trimmed, whole
from dragon.text.sentences import sentence_spans
from dragon.tokenizer.reading import Reading

_PIECES = (
    "Ada,pays ,3.5,14-day, ,\n,\n\n,. ,! No,| a | b |,\n|,(,),é,e\u0301,नमस्ते,東京都,\u200b,\x1b,"
    "a@b,**,- ,10–12,%"
)
PIECES = st.sampled_from([*_PIECES.split(","), "1,000"])
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@st.composite
def readings(draw: st.DrawFn) -> tuple[str, Reading, np.ndarray]:
    """A text cut into arbitrary tokens, after a prompt of arbitrary length, with any scores."""
    text = draw(TEXTS)
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=30))})
    starts, ends = np.array(cuts[:-1], np.int32), np.array(cuts[1:], np.int32)
    before = draw(st.integers(1, 4))
    total = before + len(starts) + 1
    seed = draw(st.integers(0, 1000))
    scores = np.random.default_rng(seed).normal(0, draw(st.sampled_from([0.01, 3, 80])), (total, 2))
    zeros = np.zeros((total, 4), np.uint8)
    return text, Reading(zeros[:, 0].astype(np.int32), zeros, before, starts, ends), scores


@given(readings())
@example(
    (
        "a. b",
        Reading(
            np.zeros(3, np.int32),
            np.zeros((3, 4), np.uint8),
            1,
            np.array([0], np.int32),
            np.array([4], np.int32),
        ),
        np.ones((3, 2)),
    )
)
def test_a_span_is_a_proper_quote(drawn: tuple[str, Reading, np.ndarray]) -> None:
    text, reading, scores = drawn
    found = best_spans(reading, scores.astype(np.float32), text)
    assert len(found) <= 3
    for span in found:
        quote = text[span.start : span.end]
        assert quote.strip()
        assert quote == quote.strip()
        assert any(a <= span.start and span.end <= b for a, b in sentence_spans(text))
        assert 0 < span.share <= 1 + 1e-9
        assert whole(text, span.start, span.end) == (span.start, span.end)
    for one in found:
        assert all(a is one or a.end <= one.start or a.start >= one.end for a in found)


@given(TEXTS, st.integers(0, 60), st.integers(0, 60))
def test_no_span_ends_inside_a_word(text: str, start: int, end: int) -> None:
    a, b = whole(text, *trimmed(text, min(start, len(text)), min(end, len(text))))
    inner = {
        i for w in re.finditer(r"[a-z0-9]+", text, re.I) for i in range(w.start() + 1, w.end())
    }
    assert a >= b or not {a, b} & inner


def test_the_best_pair_wins_and_no_answer_is_weighed_against_it() -> None:
    text = "Ada pays ten crowns."
    reading = Reading(
        np.zeros(6, np.int32), np.zeros((6, 4), np.uint8), 1,
        np.array([0, 4, 9, 13], np.int32), np.array([3, 8, 12, 20], np.int32),
    )  # fmt: skip
    scores = np.zeros((6, 2), np.float32)
    scores[0] = 1, 1.5
    scores[3, 0], scores[4, 1] = 4, 5
    best, *others = best_spans(reading, scores, text)
    assert text[best.start : best.end] == "ten crowns"
    assert best.margin == pytest.approx(6.5)
    assert best.share > 0.5
    assert [text[s.start : s.end] for s in others] == ["Ada pays"] or len(others) == 2


@pytest.mark.parametrize(
    ("text", "part", "quote"),
    [
        ("It costs 3.50 crowns.", "50 crowns", "3.50 crowns"),
        ("From 10–12 May.", "12 May", "10–12 May"),
        ("Mail invoices@ostrel.example now.", "ostrel", "invoices@ostrel.example"),
        ("Open Mon.-Fri.", "Fri", "Mon.-Fri"),
        ("On e\u0301te\u0301.", "e\u0301te", "e\u0301te\u0301"),
        ("首都は東京都です", "東京", "東京"),
        ("The rent is €1,240 now.", "240", "€1,240"),
        ("It is $5.", "5", "$5"),
        ("At most 8.5% of it.", "8.5", "8.5%"),
        ("Es kostet 12 € im Jahr.", "12", "12 €"),
        ("In 2024 €5 was paid.", "2024", "2024"),
    ],
)
def test_what_belongs_together_is_quoted_together(text: str, part: str, quote: str) -> None:
    start = text.index(part)
    a, b = whole(text, start, start + len(part))
    assert text[a:b] == quote


def test_a_quote_stays_in_its_cell() -> None:
    text = "| Event | Days |\n|---|---|\n| Moving house | 1 |"
    starts = np.array([m.start() for m in re.finditer(r"\S+", text)], np.int32)
    ends = np.array([m.end() for m in re.finditer(r"\S+", text)], np.int32)
    total = len(starts) + 2
    reading = Reading(np.zeros(total, np.int32), np.zeros((total, 4), np.uint8), 1, starts, ends)
    first, last = [int(np.flatnonzero(starts == text.index(w))[0]) + 1 for w in ("Moving", "1 |")]
    scores = np.zeros((total, 2), np.float32)
    scores[first, 0] = scores[last, 1] = 9
    scores[first + 1, 1] = 5
    quotes = [text[s.start : s.end] for s in best_spans(reading, scores, text)]
    assert quotes[0] == "Moving house"
    assert not any("|" in quote for quote in quotes)


@pytest.mark.parametrize(
    "table", ["| Event | Days |\n|---|---|\n| Moving | 1 |", "|A|B|\n|-|-|\n|x|1|"]
)
def test_the_head_of_a_table_is_no_answer(table: str) -> None:
    units = [table[a:b].strip(" |\n") for a, b in _units(table)]
    assert [unit for unit in units if unit] == table.split("\n")[2].strip("| ").replace(
        " ", ""
    ).split("|")


def test_the_names_of_columns_are_no_answer() -> None:
    text = "Rooms.\n\nRoom: Oak\nFloor: 1\n\nRoom: Elm\nFloor: 2\n\nNote: ask first."
    units = [text[a:b].strip() for a, b in _units(text)]
    assert [unit for unit in units if unit] == [
        "Rooms.",
        "Oak",
        "1",
        "Elm",
        "2",
        "Note: ask first.",
    ]


def test_a_passage_without_room_has_no_span() -> None:
    none = np.zeros(0, np.int32)
    reading = Reading(np.zeros(3, np.int32), np.zeros((3, 4), np.uint8), 3, none, none)
    assert best_spans(reading, np.zeros((3, 2), np.float32), "text") == []


def test_a_quote_stays_within_a_field_of_a_record() -> None:
    text = "item: Ladder\nplace: Shed\ncount: 1"
    assert [text[a:b].strip() for a, b in _units(text)] == text.split("\n")
