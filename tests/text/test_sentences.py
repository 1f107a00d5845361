"""Sentences and words of any text: borders in order, nothing lost but white space."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.text.sentences import sentence_borders, sentence_spans
from dragon.text.words import WORD, content_stems, is_stop, stem, words

# Text that is likely to hold borders, and any text at all.
prose = st.lists(
    st.sampled_from(
        ["Dr", "Anna", "went", "home", ".", "!", "? ", " ", "\n", "\n\n", "- item", '"', "(",
         "U.S.",
         "3.5", "É", "…", "”", "1. one", "*"]
    )
).map("".join)  # fmt: skip
texts = st.one_of(prose, st.text())


@given(texts)
def test_spans_are_in_order_trimmed_and_lose_white_space_only(text: str) -> None:
    spans = sentence_spans(text)
    at = 0
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@given(texts, st.data())
def test_borders_in_a_window_lie_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    at = start
    for end, following in sentence_borders(text, start, stop):
        assert at <= end <= following <= stop
        at = following


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Lee left. He ran.", ["Mr. Lee left.", "He ran."]),
        ("It costs 3.5 crowns. No more.", ["It costs 3.5 crowns.", "No more."]),
        ("Born in the U.S. Army base.", ["Born in the U.S. Army base."]),
        ('"Stop!" She ran.', ['"Stop!"', "She ran."]),
        ("Title\n\nText here", ["Title", "Text here"]),
        ("Bring:\n- a coat\n- a card", ["Bring:", "- a coat", "- a card"]),
        ("one line\nthat goes on", ["one line\nthat goes on"]),
        ("J. R. Hale wrote it.", ["J. R. Hale wrote it."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in sentence_spans(text)] == expected


@given(st.text())
def test_words_hold_letters_and_digits_only(text: str) -> None:
    for match in WORD.finditer(text):
        assert all(c.isalnum() or c in "'’" for c in match.group())
    assert words(text) == WORD.findall(text)


@given(st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True))
def test_case_and_possessive_do_not_change_a_stem(word: str) -> None:
    assert stem(word) == stem(word.upper()) == stem(word.lower()) == stem(f"{word}'s")
    assert stem(f"{word}’s") == stem(word)
    assert is_stop(word) == is_stop(word.upper())


def test_content_is_what_is_left_without_stop_words() -> None:
    assert content_stems("Who applied for the applications?") == {
        stem("apply"),
        stem("application"),
    }
    assert content_stems("what was it") == set()
