"""The next token: greedy, or drawn from what temperature, top-k and top-p leave."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dragon.engine.sampling import Sampler, Sampling, candidates
from dragon.errors import InputError

logits = arrays(np.float32, st.integers(1, 50), elements=st.floats(-80, 80, width=32))
temperatures = st.floats(1e-3, 1e3)


@given(logits)
def test_greedy_takes_the_first_of_the_largest(values: np.ndarray) -> None:
    assert Sampler(Sampling())(values) == int(np.argmax(values))


@given(logits, temperatures, st.integers(0, 60), st.floats(0.01, 1.0))
def test_candidates_are_the_most_probable(
    values: np.ndarray, temperature: float, top_k: int, top_p: float
) -> None:
    ids, p = candidates(values, Sampling(temperature, top_k, top_p))
    assert 1 <= len(ids) <= min(top_k or len(values), len(values))
    assert len(set(ids.tolist())) == len(ids)
    assert p.sum() == pytest.approx(1)
    assert (np.diff(ids) > 0).all()
    rest = np.delete(values, ids)
    assert rest.size == 0 or rest.max() <= values[ids].min()


@given(logits, temperatures, st.floats(0.01, 0.999))
def test_top_p_keeps_the_smallest_set_that_reaches_it(
    values: np.ndarray, temperature: float, top_p: float
) -> None:
    everything = np.sort(candidates(values, Sampling(temperature))[1])[::-1]
    kept = len(candidates(values, Sampling(temperature, top_p=top_p))[0])
    assert everything[:kept].sum() >= top_p - 1e-9
    assert everything[: kept - 1].sum() < top_p


@given(logits, temperatures)
def test_top_k_of_one_is_greedy(values: np.ndarray, temperature: float) -> None:
    assert Sampler(Sampling(temperature, top_k=1))(values) == int(np.argmax(values))


@given(logits, st.integers(0, 2**40))
def test_a_seed_repeats_its_draws(values: np.ndarray, seed: int) -> None:
    one, other = (Sampler(Sampling(1.0, seed=seed)) for _ in range(2))
    assert [one(values) for _ in range(5)] == [other(values) for _ in range(5)]


def test_draws_follow_the_probabilities() -> None:
    values = np.log(np.array([0.1, 0.6, 0.3], np.float32))
    sampler = Sampler(Sampling(1.0, seed=0))
    counts = np.bincount([sampler(values) for _ in range(4000)], minlength=3)
    np.testing.assert_allclose(counts / 4000, [0.1, 0.6, 0.3], atol=0.03)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"top_p": float("nan")},
        {"seed": -1},
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Sampling(**wrong)  # type: ignore[arg-type]
