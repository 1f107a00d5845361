"""Keys and values of a sequence: grown, cut, forked, the same for every implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.body import Body, Floats, Run
from dragon.engine.kernels import make_body, native_is_built
from dragon.errors import ConfigError
from tests.engine.models import (
    COVERED,
    as_weights,
    configs,
    isas,
    needs_native,
    random_tensors,
)

CONFIG = ModelConfig(20, 24, 30, 2, 4, 2, 400, position="learned")
KINDS = [("numpy", None), ("numpy", "int8")]
KINDS += [("native", kv) for kv in ("f32", "f16", "int8") if native_is_built()]
BODIES: dict[str, Body] = {
    f"{kernels}_{kv}": make_body(CONFIG, as_weights(random_tensors(CONFIG)), kernels, 1, kv)  # type: ignore[arg-type]
    for kernels, kv in KINDS
}
on_every_body = pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())


def rows(start: int, end: int) -> Floats:
    return np.random.default_rng(0).standard_normal((400, 24)).astype(np.float32)[start:end]


def read(body: Body, cache: object, start: int, x: Floats) -> Floats:
    return body.forward(x, [Run(cache, start, len(x), 0)])


@on_every_body
@given(st.integers(0, 200), st.integers(1, 90), st.integers(1, 90))
@settings(max_examples=15)
def test_a_fork_goes_on_alone(body: Body, shared: int, one: int, other: int) -> None:
    cache = body.new_cache(400)
    read(body, cache, 0, rows(0, 200))
    fork = cache.fork(shared)
    after = rows(300, 300 + max(one, other))
    read(body, fork, shared, after[:other])
    ours = read(body, cache, 200, rows(200, 200 + one))
    whole = body.new_cache(400)
    expected = read(body, whole, 0, rows(0, 200 + one))[200:]
    np.testing.assert_allclose(ours, expected, atol=2e-3, rtol=0)
    again = body.new_cache(400)
    both = np.concatenate((rows(0, shared), after[:other]))
    np.testing.assert_allclose(
        read(body, fork, shared + other, rows(0, 1)),
        read(body, again, 0, np.concatenate((both, rows(0, 1))))[-1:],
        atol=2e-3,
        rtol=0,
    )


@on_every_body
@given(st.integers(1, 200), st.integers(0, 200))
@settings(max_examples=15)
def test_what_is_cut_off_is_forgotten(body: Body, length: int, kept: int) -> None:
    kept = min(kept, length)
    cache, short = body.new_cache(400), body.new_cache(400)
    read(body, cache, 0, rows(0, length))
    cache.truncate(kept)
    if kept:
        read(body, short, 0, rows(0, kept))
    assert cache.nbytes == short.nbytes
    x = rows(350, 353)
    np.testing.assert_allclose(
        read(body, cache, kept, x), read(body, short, kept, x), atol=2e-3, rtol=0
    )


@on_every_body
def test_a_short_sequence_takes_little_memory(body: Body) -> None:
    cache = body.new_cache(400)
    assert cache.nbytes == 0
    read(body, cache, 0, rows(0, 3))
    first = cache.nbytes
    read(body, cache, 3, rows(3, 64))
    assert cache.nbytes == first
    read(body, cache, 64, rows(64, 65))
    assert cache.nbytes == 2 * first


@needs_native
def test_halves_take_half_and_stay_near() -> None:
    exact, half = BODIES["native_f32"], BODIES["native_f16"]
    caches = exact.new_cache(400), half.new_cache(400)
    ours, expected = read(half, caches[1], 0, rows(0, 100)), read(exact, caches[0], 0, rows(0, 100))
    assert caches[1].nbytes * 2 == caches[0].nbytes
    np.testing.assert_allclose(ours, expected, atol=2e-3, rtol=0)


@pytest.mark.parametrize("isa", [*isas()])
@given(configs(attention="causal", **COVERED), st.integers(1, 64), st.integers(0, 2**20))
@settings(max_examples=15)
def test_int8_equals_its_plain_twin(isa: str, config: ModelConfig, length: int, seed: int) -> None:
    weights = as_weights(random_tensors(config, seed))
    ids = np.random.default_rng(seed).integers(0, config.vocab_size, length, np.int32)
    ours = Engine(config, weights, kernels=isa, threads=2, kv="int8").logits(ids)
    plain = Engine(config, weights, kernels="numpy", kv="int8").logits(ids)
    # A number on the border between two steps may fall to either side: 1/254 of the largest.
    np.testing.assert_allclose(ours, plain, atol=2e-2 * np.abs(plain).max(), rtol=0)
    exact = Engine(config, weights, kernels=isa, threads=2, kv="f32").logits(ids)
    np.testing.assert_allclose(ours, exact, atol=0.1 * np.abs(exact).max(), rtol=0)


@pytest.mark.parametrize("kernels", ["numpy", *isas()])
def test_int8_sees_a_key_and_a_value_in_255_steps(kernels: str) -> None:
    config = ModelConfig(20, 24, 30, 1, 1, 1, 400, position="learned")
    rounded = make_body(config, as_weights(random_tensors(config)), kernels, 1, "int8")
    exact = make_body(config, as_weights(random_tensors(config)), kernels, 1, "f32")
    ours, expected = (read(b, b.new_cache(400), 0, rows(0, 300)) for b in (rounded, exact))
    error = np.abs(ours - expected).max() / np.abs(expected).max()
    assert 1e-6 < error < 0.02


@pytest.mark.parametrize("once", [True, False])
def test_what_is_read_once_is_not_rounded(once: bool) -> None:
    for kernels, kv in KINDS:
        if kv == "int8":
            rounded = make_body(CONFIG, as_weights(random_tensors(CONFIG)), kernels, 1, "int8")
            exact = make_body(CONFIG, as_weights(random_tensors(CONFIG)), kernels, 1, "f32")
            ours, expected = (
                body.forward(rows(0, 50), [Run(body.new_cache(50, once), 0, 50, 50)])
                for body in (rounded, exact)
            )
            assert np.array_equal(ours, expected) == once


@needs_native
def test_int8_takes_half_of_halves() -> None:
    config = ModelConfig(20, 128, 30, 2, 2, 2, 400)
    caches = []
    for kv in ("f16", "int8"):
        body = make_body(config, as_weights(random_tensors(config)), "native", 1, kv)  # type: ignore[arg-type]
        caches.append(body.new_cache(400))
        x = np.ones((100, 128), np.float32)
        read(body, caches[-1], 0, x)
    assert caches[1].nbytes / caches[0].nbytes == (64 + 4) / 128


def test_another_kv_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAGON_KV", "int4")
    with pytest.raises(ConfigError, match="DRAGON_KV is 'int4'"):
        make_body(CONFIG, as_weights(random_tensors(CONFIG)), None, 1)
    monkeypatch.setenv("DRAGON_KV", "int8")
    assert make_body(CONFIG, as_weights(random_tensors(CONFIG)), None, 1).kv == "int8"  # type: ignore[attr-defined]


@needs_native
def test_a_native_cache_refuses_what_it_does_not_hold() -> None:
    body = BODIES["native_f32"]
    cache = body.new_cache(100)
    read(body, cache, 0, rows(0, 10))
    for wrong in (lambda: cache.fork(11), lambda: cache.truncate(-1)):
        with pytest.raises(ValueError, match="tokens of a cache that holds 10"):
            wrong()
    for start, count in ((11, 1), (0, 101), (-1, 2)):
        with pytest.raises(ValueError, match="do not fit"):
            read(body, cache, start, rows(0, count))
    with pytest.raises(ValueError, match="make up the rows"):
        body.forward(rows(0, 3), [Run(cache, 0, 2, 0)])
