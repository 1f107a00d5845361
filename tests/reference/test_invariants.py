"""What must hold of the mathematics, each by its name."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.reference.attention import attend, visible
from dragon.reference.blocks import Cache, Drop
from dragon.reference.gradcheck import check_gradients
from dragon.reference.linear import dropout
from dragon.reference.losses import language_loss
from dragon.reference.model import TOKENS, states
from dragon.reference.mouths import logits
from dragon.reference.normalise import layer_norm, rms_norm
from dragon.reference.positions import rotary_table, rotate
from dragon.reference.softmax import cross_entropy, log_sum_exp, softmax
from tests.engine.models import configs
from tests.reference.networks import TINY, doubles, token_ids

EXACT = {"rtol": 1e-9, "atol": 1e-11}
seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@given(seeds, st.floats(-1e3, 1e3))
def test_softmax_does_not_see_a_shift(seed: int, shift: float) -> None:
    scores = draw(seed, 3, 5)
    np.testing.assert_allclose(softmax(scores + shift), softmax(scores), rtol=1e-9)


@given(seeds, st.integers(1, 3), st.integers(1, 6))
def test_attention_rows_sum_to_one(seed: int, group: int, length: int) -> None:
    q = draw(seed, 2, 2 * group, length, 4)
    k, v = draw(seed + 1, 2, 2, length, 4), draw(seed + 2, 2, 2, length, 4)
    _, weights = attend(q, k, v, visible(ModelConfig(), 0, length))
    np.testing.assert_allclose(weights.sum(-1), 1.0, rtol=1e-12)
    assert (weights[..., np.triu(np.ones((length, length), bool), 1)] == 0).all()


@settings(max_examples=25)
@given(configs(attention="causal"), st.integers(1, 6))
def test_nothing_from_the_future_leaks(config: ModelConfig, changed: int) -> None:
    ids = token_ids(config)
    other = ids.copy()
    other[:, changed] = (other[:, changed] + 1) % config.vocab_size
    p = doubles(config)
    before, after = logits(p, config, ids), logits(p, config, other)
    assert (before[:, :changed] == after[:, :changed]).all()
    assert (before[:, changed] != after[:, changed]).any()


@given(seeds, st.floats(0.01, 100))
def test_norms_do_not_see_the_scale(seed: int, scale: float) -> None:
    x, weight, bias = draw(seed, 2, 6), draw(seed + 1, 6), draw(seed + 2, 6)
    np.testing.assert_allclose(rms_norm(scale * x, weight, 0.0), rms_norm(x, weight, 0.0), **EXACT)
    np.testing.assert_allclose(
        layer_norm(scale * x, weight, bias, 0.0), layer_norm(x, weight, bias, 0.0), **EXACT
    )


@given(seeds, st.floats(-100, 100))
def test_layer_norm_does_not_see_a_shift(seed: int, shift: float) -> None:
    x, weight, bias = draw(seed, 2, 6), draw(seed + 1, 6), draw(seed + 2, 6)
    moved = layer_norm(x + shift, weight, bias, 1e-5)
    np.testing.assert_allclose(moved, layer_norm(x, weight, bias, 1e-5), rtol=1e-7, atol=1e-9)
    if abs(shift) > 1:
        assert not np.allclose(rms_norm(x + shift, weight, 1e-5), rms_norm(x, weight, 1e-5))


@given(seeds, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_rope_depends_on_distance_only(seed: int, a: int, b: int, shift: int) -> None:
    cos, sin = rotary_table(TINY, 0, 100)
    q, k = draw(seed, 1, 1, 1, TINY.head_dim), draw(seed + 1, 1, 1, 1, TINY.head_dim)

    def score(i: int, j: int) -> float:
        turned_q, turned_k = rotate(q, cos[[i]], sin[[i]]), rotate(k, cos[[j]], sin[[j]])
        return float((turned_q * turned_k).sum())

    assert score(a, b) == pytest.approx(score(a + shift, b + shift), abs=1e-9)
    assert np.linalg.norm(rotate(q, cos[[a]], sin[[a]])) == pytest.approx(np.linalg.norm(q))


@given(seeds)
def test_cross_entropy_is_log_sum_exp_less_the_target(seed: int) -> None:
    scores = 10 * draw(seed, 4, 6)
    targets = np.random.default_rng(seed).integers(0, 6, 4)
    by_hand = (log_sum_exp(scores) - scores[np.arange(4), targets]).mean()
    assert float(cross_entropy(scores, targets)) == pytest.approx(by_hand)
    by_softmax = -np.log(softmax(scores)[np.arange(4), targets]).mean()
    assert float(cross_entropy(scores, targets)) == pytest.approx(by_softmax)


@given(st.permutations(range(TINY.num_key_value_heads)))
def test_heads_may_change_places(order: list[int]) -> None:
    """Whole groups of query heads with their keys and values; the output matrix follows."""
    p, d = doubles(TINY), TINY.head_dim
    group = TINY.num_attention_heads // TINY.num_key_value_heads
    q_rows = [(k * group + g) * d + i for k in order for g in range(group) for i in range(d)]
    kv_rows = [k * d + i for k in order for i in range(d)]
    moved = dict(p)
    for layer in range(TINY.num_hidden_layers):
        name = f"model.layers.{layer}.self_attn"
        for part, rows in (("q", q_rows), ("k", kv_rows), ("v", kv_rows)):
            moved[f"{name}.{part}_proj.weight"] = p[f"{name}.{part}_proj.weight"][rows]
        moved[f"{name}.o_proj.weight"] = p[f"{name}.o_proj.weight"][:, q_rows]
    ids = token_ids(TINY)
    np.testing.assert_allclose(logits(moved, TINY, ids), logits(p, TINY, ids), **EXACT)


def test_tied_gradients_add_up() -> None:
    from dataclasses import replace

    apart = replace(TINY, tie_word_embeddings=False)
    p, ids, targets = doubles(TINY), token_ids(TINY), token_ids(TINY, 1)
    _, tied = language_loss(p, TINY, ids, targets)
    both = {**p, "lm_head.weight": p[TOKENS]}
    _, untied = language_loss(both, apart, ids, targets)
    np.testing.assert_allclose(tied[TOKENS], untied[TOKENS] + untied["lm_head.weight"], **EXACT)
    assert np.abs(untied[TOKENS]).sum() > 0


def test_dropout_keeps_the_mean_and_has_its_gradient() -> None:
    p, ids, targets = doubles(TINY), token_ids(TINY), token_ids(TINY, 1)

    def dropped(parameters: Mapping[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
        drop = Drop(0.3, np.random.default_rng(5))  # the same masks at every call
        return language_loss(parameters, TINY, ids, targets, drop=drop)

    loss, grads = dropped(p)
    assert loss != language_loss(p, TINY, ids, targets)[0]
    for check in check_gradients(lambda q: dropped(q)[0], p, grads):
        assert check.error <= 1e-6, check
    kept = Drop(0.3, np.random.default_rng(0)).mask((100_000,))
    assert dropout(np.ones(100_000), kept, 0.3).mean() == pytest.approx(1, abs=0.01)


@settings(max_examples=25)
@given(configs(), st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(1, 7))
def test_cached_is_uncached(config: ModelConfig, pieces: list[int], first: int) -> None:
    if config.attention == "bidirectional":
        pieces = []  # read at once: there is nothing to go on from
    prefix = first if config.attention == "prefix" else 0
    length = first + sum(pieces)
    p, ids = doubles(config), token_ids(config, length=length)
    cache, rows, at = Cache(), [], 0
    for piece in (first, *pieces):
        rows.append(logits(p, config, ids[:, at : at + piece], prefix, cache))
        at += piece
    assert cache.length == length
    whole = logits(p, config, ids, prefix)
    np.testing.assert_allclose(np.concatenate(rows, axis=1), whole, **EXACT)


@settings(max_examples=15)
@given(configs(attention="causal"))
def test_what_stands_right_of_a_text_is_seen_by_nobody(config: ModelConfig) -> None:
    p, ids = doubles(config), token_ids(config)
    mask = visible(config, 0, 7)
    whole, _ = states(p, config, ids, mask)
    part, _ = states(p, config, ids[:, :4], mask[:4, :4])
    np.testing.assert_allclose(whole[:, :4], part, **EXACT)
