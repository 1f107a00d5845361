import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.lite.answers import ask
from dragon.lite.explain import explain
from dragon.lite.index import Index
from dragon.lite.pieces import encode, learn
from dragon.lite.transformer import WINDOW, dot, forward, position

WORDS = st.lists(st.sampled_from("red blue green grey pink".split()), min_size=1, max_size=8)


@given(WORDS)
def test_each_word_spends_all_its_attention_on_what_it_has_read(words: list[str]) -> None:
    reading = forward(words)
    for looks in reading.looks:
        for i, row in enumerate(looks):
            assert sum(row) == pytest.approx(1)
            assert row[i + 1 :] == [0.0] * (len(words) - i)
    assert sum(reading.probabilities) == pytest.approx(1)


@given(WORDS, st.sampled_from(["red", "white"]))
def test_nothing_leaks_from_the_future(words: list[str], last: str) -> None:
    before, after = forward(words), forward([*words, last])
    for a, b in zip(before.looks, after.looks, strict=True):
        assert [row[:-1] for row in b[:-1]] == a


def test_it_copies_words_that_it_has_never_seen() -> None:
    made_up = [f"w{i}" for i in range(25)]
    for i in range(24):
        reading = forward([*made_up, made_up[i]])
        assert max(zip(reading.probabilities, reading.vocabulary, strict=True))[1] == made_up[i + 1]


def test_two_positions_are_told_apart_in_the_whole_window() -> None:
    for i in range(1, WINDOW):
        assert dot(position(0), position(i)) < 0.1
    assert dot(position(7), position(7)) == pytest.approx(1)


@given(st.text("abc ", max_size=40), st.text("abcd ", max_size=20))
def test_pieces_lose_nothing(learned: str, text: str) -> None:
    assert "".join(encode(text, learn(learned, 5))) == text.replace(" ", "")


@pytest.mark.parametrize("question", ["How many days may I carry over?", "Xyzzy?", "of the"])
def test_explanations_of_all_kinds_of_questions(handbook: Index, question: str) -> None:
    text = "\n".join(explain(handbook, ask(handbook, question)))
    assert "pairs were merged" in text
    assert ("it goes on:  days into the following year" in text) == question.startswith("How")
