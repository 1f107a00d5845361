"""Keys and values of a sequence: grown, cut, forked, the same for every implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.body import Body, Floats, Run
from dragon.engine.kernels import make_body, native_is_built
from tests.engine.models import as_weights, needs_native, random_tensors

CONFIG = ModelConfig(20, 24, 30, 2, 4, 2, 400, position="learned")
KINDS = [("numpy", None)] + [("native", kv) for kv in ("f32", "f16") if native_is_built()]
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
