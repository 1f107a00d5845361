"""Quotes are substrings of passages, all of them can be written, and nothing else can."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.constraints import Marks, QuoteConstraint, marks_of
from dragon.engine.constraints.suffix_array import SuffixArray, sort_suffixes
from dragon.engine.sampling import Sampling
from dragon.errors import InputError
from dragon.tokenizer import BpeTokenizer
from tests.engine.models import engine

CONFIG = ModelConfig(20, 16, 24, 2, 2, 1, 128)
MODEL = engine(CONFIG, "numpy")
OPEN, CLOSE = 18, 19
WHOLE = Marks(frozenset(), frozenset({CLOSE}))
INSIDE = Marks(frozenset({OPEN}), frozenset({CLOSE}), frozenset({17}))

passage = st.lists(st.integers(0, 4), min_size=1, max_size=12)
passages = st.lists(passage, min_size=1, max_size=3)


def substrings(texts: Sequence[Sequence[int]]) -> set[tuple[int, ...]]:
    return {
        tuple(text[i:j])
        for text in texts
        for i in range(len(text))
        for j in range(i, len(text) + 1)
    }


@given(passage)
def test_suffixes_are_sorted(text: list[int]) -> None:
    order = sort_suffixes(np.array(text, np.int32), len(text))
    assert order.tolist() == sorted(range(len(text)), key=lambda i: text[i:])


@settings(max_examples=20)
@given(passages)
def test_the_places_are_the_substrings(texts: list[list[int]]) -> None:
    """Walking everywhere finds every substring, and nothing that is none."""
    array = SuffixArray(texts)
    todo, found = [(array.root, ())], set()
    while todo:
        place, walked = todo.pop()
        found.add(walked)
        following = array.following(place).tolist()
        assert following == sorted(set(following))
        todo += [(array.step(place, token), (*walked, token)) for token in following]
    assert found == substrings(texts) | {()}


@given(passages, passage)
def test_what_is_no_substring_cannot_be_walked(texts: list[list[int]], walk: list[int]) -> None:
    array, expected = SuffixArray(texts), substrings(texts)
    place = array.root
    for length, token in enumerate(walk, 1):
        if tuple(walk[:length]) not in expected:
            with pytest.raises(KeyError):
                array.step(place, token)
            return
        place = array.step(place, token)


@settings(max_examples=12)
@given(passages, st.integers(0, 999))
def test_an_answer_that_is_one_quote(texts: list[list[int]], seed: int) -> None:
    answer = list(
        MODEL.generate(
            [1, 2],
            max_tokens=40,
            sampling=Sampling(1.0, seed=seed),
            constraint=QuoteConstraint(texts, 20, WHOLE),
        )
    )
    assert answer[-1] == CLOSE
    assert tuple(answer[:-1]) in substrings(texts) - {()}


@settings(max_examples=12)
@given(passages, st.integers(0, 999))
def test_quotes_in_an_answer(texts: list[list[int]], seed: int) -> None:
    sampling = Sampling(1.0, seed=seed, logit_bias={OPEN: 2.0, 17: 50.0})
    constraint = QuoteConstraint(texts, 20, INSIDE)
    answer = list(MODEL.generate([1, 2], max_tokens=25, sampling=sampling, constraint=constraint))
    assert 17 not in answer
    expected = substrings(texts)
    quote: list[int] | None = None
    for token in answer:
        if quote is None:
            assert token != CLOSE
            quote = [] if token == OPEN else None
        elif token == CLOSE:
            assert tuple(quote) in expected - {()}
            quote = None
        else:
            quote.append(token)
            assert tuple(quote) in expected


def test_passages_are_cut_at_marks() -> None:
    matcher = QuoteConstraint([[1, CLOSE, 2], [3, 17, 3]], 20, INSIDE).start()
    matcher.advance(OPEN)
    assert matcher.allowed().tolist() == [1, 2, 3]  # type: ignore[union-attr]
    matcher.advance(1)
    assert matcher.allowed().tolist() == [CLOSE]  # type: ignore[union-attr]


def test_marks_of_a_vocabulary() -> None:
    tokenizer = BpeTokenizer.train(['he said "no". she said "yes". ""x a"b'] * 9, vocab_size=300)
    marks = marks_of(tokenizer)
    spelt = {id: tokenizer.piece(id) for id in range(tokenizer.vocab_size)}
    with_mark = {id for id, piece in spelt.items() if b'"' in piece}
    assert marks.opening | marks.closing | marks.forbidden == with_mark
    assert {spelt[id] for id in marks.opening & marks.closing} == {b'"'}
    assert all(spelt[id].endswith(b'"') for id in marks.opening)
    assert all(spelt[id].startswith(b'"') for id in marks.closing)
    assert len(with_mark) > 3
    with pytest.raises(InputError, match="No token spells"):
        marks_of(tokenizer, "§§")


@settings(max_examples=4)
@given(st.integers(0, 999))
def test_the_text_between_marks_is_in_the_passage(seed: int) -> None:
    text = "The door is green and the roof is red. The garden is large."
    tokenizer = BpeTokenizer.train([text, 'and "so" on', '"."'] * 9, vocab_size=300)
    model = engine(ModelConfig(tokenizer.vocab_size, 16, 24, 2, 2, 1, 128), "numpy")
    marks = marks_of(tokenizer)
    constraint = QuoteConstraint([tokenizer.encode(text)], tokenizer.vocab_size, marks)
    bias = dict.fromkeys(marks.opening, 5.0)
    ids = model.generate(
        [1],
        max_tokens=60,
        sampling=Sampling(1.0, seed=seed, logit_bias=bias),
        constraint=constraint,
    )
    quotes = tokenizer.decode(list(ids)).split('"')[1::2]
    assert quotes
    assert all(quote in text for quote in quotes)


@pytest.mark.parametrize(
    ("texts", "marks", "says"),
    [
        ([], WHOLE, "no token to quote"),
        ([[CLOSE]], WHOLE, "no token to quote"),
        ([[1]], Marks(frozenset(), frozenset()), "closes a quote"),
        ([[1, 20]], WHOLE, "token 20; the vocabulary has 20"),
    ],
)
def test_what_cannot_be_quoted_is_refused(texts: list[list[int]], marks: Marks, says: str) -> None:
    with pytest.raises(InputError, match=says):
        QuoteConstraint(texts, 20, marks)
