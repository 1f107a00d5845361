"""Extending a vocabulary: old ids stay, new merges are learnt as if training had gone on."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.errors import ConfigError, DataError
from dragon.tokenizer import BpeTokenizer
from tests.tokenizer.corpus import CORPUS
from tests.tokenizer.oracle import PlainBpe

NEW = ["The tardigrade's cryptobiosis: tardigrades survive cryptobiosis for 30 years."] * 5
TEXTS = st.lists(st.sampled_from([*CORPUS, *NEW, "tardigrade", " ", "cryptic", "日"])).map(" ".join)


@pytest.fixture(scope="module")
def extended(bpe: BpeTokenizer) -> BpeTokenizer:
    return bpe.extend(NEW, new_tokens=30)


def test_every_old_id_stays(bpe: BpeTokenizer, extended: BpeTokenizer) -> None:
    assert extended.vocab_size == bpe.vocab_size + 30
    old = range(bpe.vocab_size)
    assert [extended.token(id) for id in old] == [bpe.token(id) for id in old]
    assert extended.special_ids == bpe.special_ids


def test_the_tokenizer_that_is_extended_does_not_change(bpe: BpeTokenizer) -> None:
    before = bpe.encode(NEW[0])
    bpe.extend(NEW, new_tokens=5)
    assert bpe.encode(NEW[0]) == before


@given(text=TEXTS)
def test_new_tokens_only_join_old_ones(
    bpe: BpeTokenizer, extended: BpeTokenizer, text: str
) -> None:
    """No border is new; a text that no new token touches keeps its ids."""
    old, new = bpe.encode_with_offsets(text), extended.encode_with_offsets(text)
    assert extended.decode(new[0]) == text
    if all(id < bpe.vocab_size for id in new[0]):
        assert new[0] == old[0]
    assert {start for start, _ in new[1]} <= {start for start, _ in old[1]}


@given(text=st.text())
def test_encoding_is_that_of_the_plain_algorithm(extended: BpeTokenizer, text: str) -> None:
    for sample in (text, NEW[0] + text):
        assert extended.encode(sample) == PlainBpe(extended._inner).encode(sample)


def test_the_first_new_token_is_the_most_frequent_pair(bpe: BpeTokenizer) -> None:
    plain = PlainBpe(bpe._inner)
    pairs: Counter[str] = Counter()
    for text in NEW:
        for word, _ in plain.split(text):
            pairs.update(a + b for a, b in pairwise(plain.merge(list(word))))
    best = max(pairs.values())
    first = bpe.extend(NEW, new_tokens=1)
    assert pairs[first.token(bpe.vocab_size)] == best


def test_a_corpus_becomes_shorter(bpe: BpeTokenizer, extended: BpeTokenizer) -> None:
    assert len(extended.encode(NEW[0])) < len(bpe.encode(NEW[0]))


def test_a_new_way_to_an_old_token_takes_no_id(bpe: BpeTokenizer) -> None:
    """`zqj` is known as zq+j, yet texts give z+qj: the merge z+qj leads to the id that exists."""
    values = json.loads(bpe._inner.to_str())
    for id, token in enumerate(("qj", "zq", "zqj"), bpe.vocab_size):
        values["model"]["vocab"][token] = id
    values["model"]["merges"] += [["q", "j"], ["z", "q"], ["zq", "j"]]
    known = BpeTokenizer._from_json(json.dumps(values))
    assert [known.token(id) for id in known.encode("zqj")] == ["z", "qj"]
    extended = known.extend(["zqj zqj zqj"], new_tokens=1)
    assert extended.encode("zqj") == [known.id("zqj")]
    assert extended.token(known.vocab_size) == "Ġzqj"


def test_extending_twice_keeps_both(bpe: BpeTokenizer, extended: BpeTokenizer) -> None:
    twice = extended.extend(["über Schiffe im Hafenbecken"] * 3, new_tokens=5)
    ids = range(extended.vocab_size)
    assert [twice.token(id) for id in ids] == [extended.token(id) for id in ids]


def test_no_room_and_no_text_are_refused(bpe: BpeTokenizer) -> None:
    with pytest.raises(ConfigError, match="new_tokens is 0"):
        bpe.extend(NEW, new_tokens=0)
    with pytest.raises(DataError, match="holds no text"):
        bpe.extend([], new_tokens=3)
