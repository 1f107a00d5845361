"""Byte-level BPE: ids, round trips, offsets, untrusted text, training."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import ConfigError, DataError, TokenizerError
from dragon.tokenizer import SPECIAL_TOKENS, BpeTokenizer, StreamDecoder, reading
from tests.tokenizer.corpus import CORPUS
from tests.tokenizer.oracle import PlainBpe

# Hypothesis leaves lone surrogates out of text(), as UTF-8 does.
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from([*CORPUS, " ", "\n\n", "<|end|>", "日", "1234"]), max_size=4).map(
        "".join
    ),
)


def test_special_tokens_have_the_first_ids(bpe: BpeTokenizer) -> None:
    assert [bpe.id(token) for token in SPECIAL_TOKENS] == list(range(16))
    assert SPECIAL_TOKENS[:8] == (
        "<|end|>",
        "<|pad|>",
        "<|question|>",
        "<|passage|>",
        "<|text|>",
        "<|system|>",
        "<|user|>",
        "<|assistant|>",
    )


def test_the_prompt_format_uses_the_same_ids(bpe: BpeTokenizer) -> None:
    ids = (reading.END, reading.PAD, reading.QUESTION, reading.PASSAGE, reading.TEXT)
    assert [bpe.token(id) for id in ids] == list(SPECIAL_TOKENS[:5])


@given(text=TEXTS)
def test_decode_inverts_encode(bpe: BpeTokenizer, text: str) -> None:
    assert bpe.decode(bpe.encode(text)) == text


@given(text=TEXTS)
def test_encoding_is_that_of_the_plain_algorithm(bpe: BpeTokenizer, text: str) -> None:
    assert bpe.encode(text) == PlainBpe(bpe._inner).encode(text)


@given(text=TEXTS)
def test_offsets_cover_the_text_in_order(bpe: BpeTokenizer, text: str) -> None:
    ids, offsets = bpe.encode_with_offsets(text)
    assert ids == bpe.encode(text)
    assert len(ids) == len(offsets)
    covered = {i for start, end in offsets for i in range(start, end)}
    assert covered == set(range(len(text)))
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(offsets))
    for id, (start, end) in zip(ids, offsets, strict=True):
        assert bpe.piece(id) in text[start:end].encode()


@given(texts=st.lists(TEXTS, max_size=4))
def test_a_batch_is_its_texts_alone(bpe: BpeTokenizer, texts: list[str]) -> None:
    assert bpe.encode_batch(texts) == [bpe.encode(text) for text in texts]


@given(text=st.lists(st.sampled_from([*SPECIAL_TOKENS, "a", " "])).map("".join))
def test_text_never_becomes_a_special_token(bpe: BpeTokenizer, text: str) -> None:
    assert not bpe.special_ids & set(bpe.encode(text))
    assert not bpe.special_ids & set(bpe.encode_batch([text])[0])


def test_digits_stand_alone(bpe: BpeTokenizer) -> None:
    assert [bpe.token(id) for id in bpe.encode("1723")] == ["1", "7", "2", "3"]


def test_decode_leaves_special_tokens_out_or_spells_them(bpe: BpeTokenizer) -> None:
    ids = [2, *bpe.encode("the ships"), 0]
    assert bpe.decode(ids) == "the ships"
    assert bpe.decode(ids, keep_special=True) == "<|question|>the ships<|end|>"


@given(data=st.data())
def test_streamed_is_whole(bpe: BpeTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, bpe.vocab_size - 1)))
    stream = StreamDecoder(bpe)
    assert "".join(map(stream.push, ids)) + stream.finish() == bpe.decode(ids)


@given(text=TEXTS)
def test_streaming_a_text_never_shows_half_a_character(bpe: BpeTokenizer, text: str) -> None:
    stream = StreamDecoder(bpe)
    shown = ""
    for id in bpe.encode(text):
        shown += stream.push(id)
        assert text.startswith(shown)
    assert shown == text
    assert stream.finish() == ""


def test_training_is_the_same_in_every_process(bpe: BpeTokenizer) -> None:
    script = (
        "from dragon.tokenizer import BpeTokenizer; import sys, json; "
        "bpe = BpeTokenizer.train(json.load(sys.stdin), vocab_size=400); "
        "print([bpe.token(id) for id in range(bpe.vocab_size)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(CORPUS),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str([bpe.token(id) for id in range(bpe.vocab_size)])


def test_a_small_corpus_gives_fewer_tokens() -> None:
    assert BpeTokenizer.train(["ab ab"], vocab_size=1000).vocab_size == 274


def test_half_characters_in_a_corpus_are_replaced() -> None:
    assert BpeTokenizer.train(["a\ud800b"], vocab_size=272).vocab_size == 272


def test_a_vocabulary_without_room_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"vocab_size is 271\. It must be at least 272"):
        BpeTokenizer.train(CORPUS, vocab_size=271)


@pytest.mark.parametrize("texts", [[], ["", " \n"]])
def test_a_corpus_without_text_is_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match="holds no text"):
        BpeTokenizer.train(texts, vocab_size=300)


def test_text_with_half_a_character_is_refused(bpe: BpeTokenizer) -> None:
    for call in (bpe.encode, bpe.encode_with_offsets, lambda text: bpe.encode_batch([text])):
        with pytest.raises(TokenizerError, match="lone surrogates"):
            call("a\ud800b")


@pytest.mark.parametrize("id", [-1, 400, 10**9])
def test_ids_outside_the_vocabulary_are_refused(bpe: BpeTokenizer, id: int) -> None:
    for call in (bpe.token, bpe.piece, lambda id: bpe.decode([5, id])):
        with pytest.raises(TokenizerError, match="Ids go from 0 to 399"):
            call(id)


def test_a_token_outside_the_vocabulary_is_refused(bpe: BpeTokenizer) -> None:
    with pytest.raises(TokenizerError, match="no token 'lighthouses'"):
        bpe.id("lighthouses")
