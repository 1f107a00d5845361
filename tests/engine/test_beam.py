"""Beam search: one beam is greedy, enough beams find the best answer of all."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.sampling import log_probabilities
from dragon.errors import InputError
from tests.engine.models import engine

SIZE, STOP = 4, 3
PROMPT = [1, 2]


def model(seed: int, context: int = 12) -> Engine:
    return engine(ModelConfig(SIZE, 8, 12, 1, 2, 1, context), "numpy", seed)


def logprob(writer: Engine, tokens: tuple[int, ...]) -> float:
    """The probability of an answer, worked out without a cache."""
    rows = writer.logits(np.array([*PROMPT, *tokens]))[len(PROMPT) - 1 :]
    return sum(float(log_probabilities(row)[t]) for row, t in zip(rows, tokens, strict=False))


@settings(max_examples=10)
@given(st.integers(0, 999))
def test_one_beam_is_greedy(seed: int) -> None:
    writer = model(seed)
    [answer] = writer.beam_search(PROMPT, beams=1, max_tokens=5)
    assert list(answer.tokens) == list(writer.generate(PROMPT, max_tokens=5))
    assert answer.logprob == pytest.approx(logprob(writer, answer.tokens), abs=1e-4)


@settings(max_examples=5)
@given(st.integers(0, 999), st.sampled_from([-1.0, 0.0, 1.0]))
def test_enough_beams_find_the_best_of_all(seed: int, penalty: float) -> None:
    writer, longest = model(seed), 3
    whole = [
        tokens
        for length in range(1, longest + 1)
        for tokens in itertools.product(range(SIZE), repeat=length)
        if STOP not in tokens[:-1] and (tokens[-1] == STOP or length == longest)
    ]
    scores = {t: logprob(writer, t) / len(t) ** penalty for t in whole}
    best = sorted(whole, key=lambda tokens: -scores[tokens])
    found = writer.beam_search(
        PROMPT, beams=len(whole), max_tokens=longest, stop_ids={STOP}, length_penalty=penalty
    )
    assert len(found) == len(whole)
    assert [a.score for a in found] == pytest.approx([scores[t] for t in best], abs=1e-4)
    assert {a.tokens for a in found} == {tuple(t for t in one if t != STOP) for one in whole}


@settings(max_examples=5)
@given(st.integers(0, 999), st.integers(2, 4))
def test_more_beams_are_never_returned_worse_first(seed: int, beams: int) -> None:
    found = model(seed).beam_search(PROMPT, beams=beams, max_tokens=6, stop_ids={STOP})
    assert 1 <= len(found) <= beams
    assert [a.score for a in found] == sorted((a.score for a in found), reverse=True)
    assert len({a.tokens for a in found}) == len(found)


def test_it_ends_with_the_context() -> None:
    writer = model(0, context=4)
    assert {len(a.tokens) for a in writer.beam_search(PROMPT, beams=2, max_tokens=99)} == {3}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"beams": 0, "max_tokens": 1}, "beams is 0"),
        ({"beams": 1, "max_tokens": 0}, "max_tokens is 0"),
        ({"beams": 1, "max_tokens": 1, "length_penalty": math.nan}, "length_penalty is nan"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        model(0).beam_search(PROMPT, **wrong)  # type: ignore[arg-type]


def test_a_model_that_cannot_write_is_refused() -> None:
    both = engine(ModelConfig(20, 16, 24, 1, 2, 1, 10, attention="bidirectional"), "numpy")
    with pytest.raises(InputError, match="both directions"):
        both.beam_search([1], beams=2, max_tokens=2)
