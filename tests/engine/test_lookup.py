"""Guessing ahead from the prompt: the same answer in fewer passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.speculation import copying_model, write
from dragon.engine import Engine
from dragon.engine.constraints import Marks, QuoteConstraint
from dragon.engine.lookup import Guesser, PromptLookup
from dragon.engine.sampling import Sampling
from dragon.engine.writing import Writing
from dragon.errors import InputError
from tests.engine.models import as_weights
from tests.engine.serving.cores import KERNELS, VOCABULARY, model, on_every_kernels, prompts

lookups = st.builds(PromptLookup, ngram=st.integers(1, 3), most=st.integers(1, 12))
few = st.lists(st.integers(0, 3), max_size=40)


def copier(kernels: str) -> Engine:
    config, weights = copying_model(200, 256, layers=2)
    return Engine(config, as_weights(weights), kernels=kernels, threads=1)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_model_that_copies_is_guessed_right(kernels: str) -> None:
    page = np.random.default_rng(0).permutation(200)[:100].tolist()
    writing = Writing([*page, *page[20:22]], 40)
    engine = copier(kernels)
    plain, passes, _ = write(engine, writing, None)
    guessed, fewer, _ = write(engine, writing, PromptLookup(most=10))
    assert plain.tokens == guessed.tokens == [*page, *page[20:62]]
    assert passes == 39
    assert fewer <= 5
    assert guessed.guesser is not None
    assert guessed.guesser.accepted == guessed.guesser.guessed > 30


@on_every_kernels
@settings(max_examples=10)
@given(prompts, lookups, st.sampled_from([0.0, 0.7]), st.integers(0, 99))
def test_guesses_change_nothing(
    kernels: str, prompt: list[int], lookup: PromptLookup, temperature: float, seed: int
) -> None:
    """Most of these guesses are wrong; all of what they left behind must be gone."""
    options = {"max_tokens": 40, "temperature": temperature, "top_k": 4, "seed": seed}
    engine = model(kernels)
    plain = list(engine.generate(prompt * 2, **options))  # type: ignore[arg-type]
    assert list(engine.generate(prompt * 2, lookup=lookup, **options)) == plain  # type: ignore[arg-type]


@settings(max_examples=5)
@given(st.integers(0, 99), st.sampled_from([(), (5, 9)]))
def test_guesses_obey_constraints_and_stops(seed: int, stop: tuple[int, ...]) -> None:
    page = list(range(10)) * 3
    quote = QuoteConstraint([page], VOCABULARY, Marks(frozenset(), frozenset({39})))
    options = {"sampling": Sampling(1.0, seed=seed), "constraint": quote, "stop_ids": stop}
    plain = list(model().generate(page, max_tokens=50, **options))  # type: ignore[arg-type]
    guessed = model().generate(page, max_tokens=50, lookup=PromptLookup(1, 8), **options)  # type: ignore[arg-type]
    assert list(guessed) == plain


@given(few, st.integers(1, 3), st.integers(0, 9))
def test_a_guess_is_what_followed_the_same_words_last(
    tokens: list[int], ngram: int, room: int
) -> None:
    guesser = Guesser(PromptLookup(ngram, most=5))
    for length in range(len(tokens) // 2, len(tokens)):  # asked now and then, as it is written
        guesser.guess(tokens[:length], room)
    end = tokens[len(tokens) - ngram :]
    places = [i for i in range(ngram, len(tokens)) if tokens[i - ngram : i] == end]
    expected = tokens[places[-1] :][: min(room, 5)] if places else []
    assert guesser.guess(tokens, room) == expected


def test_wrong_guesses_get_shorter_and_right_ones_longer() -> None:
    guesser = Guesser(PromptLookup(1, most=8))
    tokens = list(range(20)) * 2 + [0]
    lengths = []
    for guessed, accepted in [(8, 0), (1, 1), (2, 2), (4, 1)]:
        guesser.learn(guessed, accepted)
        lengths.append(len(guesser.guess(tokens, 99)))
    assert lengths == [1, 2, 4, 2]
    assert (guesser.guessed, guesser.accepted) == (15, 4)


@pytest.mark.parametrize("wrong", [{"ngram": 0}, {"most": 0}])
def test_a_wrong_value_is_named(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))} is 0"):
        PromptLookup(**wrong)
