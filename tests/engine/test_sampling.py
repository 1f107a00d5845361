"""The next token: greedy, or drawn from what penalties and filters leave."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dragon.engine.sampling import Sampler, Sampling, candidates, log_probabilities
from dragon.engine.truncation import largest
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
        {"min_p": -0.1},
        {"min_p": 1.1},
        {"typical": 0.0},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": float("inf")},
        {"frequency_penalty": 2.1},
        {"presence_penalty": float("nan")},
        {"logit_bias": {1: 100.5}},
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Sampling(**wrong)  # type: ignore[arg-type]


def plain(values: np.ndarray, s: Sampling) -> dict[int, float]:
    """The filters one after the other, with full sorts: what `candidates` has to give."""
    order = sorted(range(len(values)), key=lambda i: (-values[i], i))
    kept = order[: s.top_k or len(order)]
    top = max(float(values[i]) for i in kept)
    weight = {i: math.exp((float(values[i]) - top) / s.temperature) for i in kept}
    for name in ("top_p", "min_p", "typical"):
        total = math.fsum(weight.values())
        p = {i: weight[i] / total for i in sorted(weight)}
        if name == "min_p":
            stay = [i for i in p if p[i] >= s.min_p * max(p.values())]
        elif getattr(s, name) == 1:
            continue
        else:
            key = improbability(p) if name == "top_p" else surprise_from_entropy(p)
            stay = smallest(sorted(p, key=key), p, getattr(s, name))
        weight = {i: weight[i] for i in stay}
    total = math.fsum(weight.values())
    return {i: w / total for i, w in weight.items()}


def improbability(p: dict[int, float]) -> Callable[[int], float]:
    return lambda i: -p[i]


def surprise_from_entropy(p: dict[int, float]) -> Callable[[int], float]:
    entropy = -math.fsum(q * math.log(q) for q in p.values() if q > 0)
    return lambda i: abs(-math.log(p[i]) - entropy) if p[i] > 0 else math.inf


def smallest(order: list[int], p: dict[int, float], mass: float) -> list[int]:
    total, kept = 0.0, []
    for i in order:
        kept.append(i)
        total += p[i]
        if total >= mass:
            break
    return kept


# Values far enough apart that no two ways of rounding disagree on a border.
distinct = st.lists(st.integers(-40, 40), min_size=1, max_size=200).map(
    lambda v: np.array([x / 8 + i / 997 for i, x in enumerate(v)], np.float32)
)
filters = st.builds(
    Sampling,
    temperature=st.sampled_from([0.5, 1.0, 2.0]),
    top_k=st.integers(0, 220),
    top_p=st.sampled_from([1.0, 0.31, 0.73, 0.97]),
    min_p=st.sampled_from([0.0, 0.013, 0.21]),
    typical=st.sampled_from([1.0, 0.23, 0.87]),
)


@given(distinct, filters)
def test_all_filters_equal_their_plain_versions(values: np.ndarray, sampling: Sampling) -> None:
    expected = plain(values, sampling)
    ids, p = candidates(values, sampling)
    assert set(ids.tolist()) == set(expected)
    np.testing.assert_allclose(p, [expected[i] for i in ids.tolist()], rtol=1e-5)


@given(logits, st.integers(1, 60))
def test_the_largest_are_those_of_a_full_sort(values: np.ndarray, count: int) -> None:
    rounded = np.round(values / 40)  # with many equal ones
    order = sorted(range(len(values)), key=lambda i: (-rounded[i], i))
    assert largest(rounded, count).tolist() == sorted(order[:count])


penalties = st.builds(
    Sampling,
    repetition_penalty=st.sampled_from([1.0, 1.3, 0.7]),
    frequency_penalty=st.sampled_from([0.0, 0.5, -1.0]),
    presence_penalty=st.sampled_from([0.0, 0.25]),
    logit_bias=st.dictionaries(st.integers(0, 7), st.sampled_from([-3.0, 2.0]), max_size=3),
)


@given(
    st.lists(st.floats(-5, 5, width=32), min_size=8, max_size=8),
    st.lists(st.integers(0, 7), max_size=5),
    penalties,
)
def test_biases_and_penalties_one_by_one(
    values: list[float], prompt: list[int], sampling: Sampling
) -> None:
    sampler, drawn = Sampler(sampling, prompt), list[int]()
    for _ in range(4):
        expected = []
        for i, value in enumerate(values):
            value += sampling.logit_bias.get(i, 0.0)
            if i in prompt + drawn:
                r = sampling.repetition_penalty
                value = value / r if value > 0 else value * r
            value -= sampling.frequency_penalty * drawn.count(i)
            value -= sampling.presence_penalty * (i in drawn)
            expected.append(value)
        logits = np.array(values, np.float32)
        np.testing.assert_allclose(sampler.adjusted(logits), expected, rtol=1e-5, atol=1e-5)
        drawn.append(sampler(logits))
        assert logits.tolist() == values


@given(logits, st.integers(0, 2**40), st.sampled_from([0.0, 1.0]), st.data())
def test_only_what_is_allowed_is_chosen(
    values: np.ndarray, seed: int, temperature: float, data: st.DataObject
) -> None:
    """By ids and by truth values alike."""
    places = st.integers(0, len(values) - 1)
    ids = data.draw(st.lists(places, min_size=1, unique=True))
    mask = np.isin(np.arange(len(values)), ids)
    options = Sampling(temperature, seed=seed, min_p=0.01)
    by_ids, by_mask = Sampler(options), Sampler(options)
    for _ in range(3):
        token = by_ids(values, np.array(ids, np.int32))
        assert token in ids
        assert by_mask(values, mask) == token


def test_a_bias_bans_and_forces() -> None:
    values = np.array([5.0, 4.0, 3.0], np.float32)
    assert Sampler(Sampling(logit_bias={0: -100}))(values) == 1
    assert Sampler(Sampling(1.0, seed=0, logit_bias={2: 100}))(values) == 2


def test_nearly_equal_logits_do_not_change_places() -> None:
    """What rounding in the last bit does beside other sequences leaves a seed's text as it is."""
    values = np.random.default_rng(0).standard_normal(500).astype(np.float32)
    noise = values * (1 + np.float32(1e-6) * np.random.default_rng(1).standard_normal(500))
    one, other = (Sampler(Sampling(1.0, top_p=0.9, seed=7)) for _ in range(2))
    assert [one(values) for _ in range(200)] == [
        other(noise.astype(np.float32)) for _ in range(200)
    ]


def test_log_probabilities_are_the_models_own() -> None:
    values = np.array([1.0, 2.0, 0.5], np.float32)
    expected = np.log(np.exp(values.astype(np.float64)) / np.exp(values.astype(np.float64)).sum())
    np.testing.assert_allclose(log_probabilities(values), expected, rtol=1e-6)


def test_a_bias_outside_the_vocabulary_is_named() -> None:
    with pytest.raises(InputError, match="logit_bias names token 9; the vocabulary has 9"):
        Sampling(logit_bias={9: 1.0}).check_vocabulary(9)
