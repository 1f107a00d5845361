"""The word-level tokenizer: words, punctuation, the unknown, and the same interface."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import ConfigError, DataError
from dragon.tokenizer import SPECIAL_TOKENS, StreamDecoder, WordTokenizer
from dragon.tokenizer.special import UNKNOWN
from tests.tokenizer.corpus import CORPUS


def test_words_and_punctuation_are_tokens(words: WordTokenizer) -> None:
    text = "The keeper's book, he reads:"
    tokens = [words.token(id) for id in words.encode(text)]
    assert tokens == ["The", "keeper", "'", "s", "book", ",", UNKNOWN, "reads", ":"]


def test_the_special_tokens_are_those_of_bpe(words: WordTokenizer) -> None:
    assert [words.id(token) for token in SPECIAL_TOKENS] == list(range(16))
    assert words.id(UNKNOWN) == 16


@pytest.mark.parametrize("text", [*CORPUS[:3], "He doesn't trust (the) book."])
def test_known_english_comes_back(text: str) -> None:
    words = WordTokenizer.train([text])
    assert words.decode(words.encode(text)) == text


def test_lower_makes_no_difference_of_case(words: WordTokenizer) -> None:
    lower = WordTokenizer.train(CORPUS, lower=True)
    assert lower.encode("THE Harbour") == lower.encode("the harbour")
    assert words.encode("Harbour") == [words.id(UNKNOWN)]


def test_the_most_frequent_words_are_kept() -> None:
    few = WordTokenizer.train(["a a a b b c"], vocab_size=19)
    assert [few.token(id) for id in (17, 18)] == ["a", "b"]
    assert few.encode("c") == [16]


def test_offsets_are_the_words(words: WordTokenizer) -> None:
    text = "  The ships, passing."
    ids, offsets = words.encode_with_offsets(text)
    assert ids == words.encode(text)
    assert [text[a:b] for a, b in offsets] == ["The", "ships", ",", "passing", "."]


@given(text=st.lists(st.sampled_from([*SPECIAL_TOKENS, "the", " ", "("])).map("".join))
def test_text_never_becomes_a_special_token(words: WordTokenizer, text: str) -> None:
    assert not words.special_ids & set(words.encode(text))


@given(data=st.data())
def test_streamed_is_whole(words: WordTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, words.vocab_size - 1)))
    stream = StreamDecoder(words)
    assert "".join(map(stream.push, ids)) + stream.finish() == words.decode(ids)


def test_special_tokens_are_left_out_or_spelt(words: WordTokenizer) -> None:
    ids = [2, *words.encode("the ships"), 0]
    assert words.decode(ids) == "the ships"
    assert words.decode(ids, keep_special=True) == "<|question|>the ships<|end|>"


def test_no_room_and_no_text_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"vocab_size is 17\. It must be above 17"):
        WordTokenizer.train(CORPUS, vocab_size=17)
    with pytest.raises(DataError, match="holds no text"):
        WordTokenizer.train([" "])
