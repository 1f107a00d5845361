"""The compiled kernels do what NumPy does, on every instruction set that this processor has."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.engine.body import Body, Floats, Run
from dragon.engine.engine import Engine
from dragon.engine.kernels import native_is_built
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import NumpyBody
from dragon.quantize import quantize_weights
from dragon.quantize.rtn import quantized, rounded
from tests.engine.models import (
    COVERED,
    as_weights,
    configs,
    engine,
    isas,
    needs_native,
    prompt,
    random_tensors,
)

if native_is_built():
    from dragon.engine.native_body import NativeBody

pytestmark = needs_native

native_configs = configs(**{**COVERED, "reader_features": (5, 2, 7)})


on_every_isa = pytest.mark.parametrize("isa", list(isas()))


@on_every_isa
@given(native_configs, st.lists(st.integers(1, 64), min_size=1, max_size=4), st.integers(1, 3))
def test_reading_equals_numpy(
    isa: str, config: ModelConfig, lengths: list[int], threads: int
) -> None:
    batch = [prompt(config, length, seed) for seed, length in enumerate(lengths)]
    native = engine(config, isa, threads=threads)
    for ours, plain in zip(native.read(batch), engine(config, "numpy").read(batch), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4)


@on_every_isa
@given(native_configs, st.integers(1, 64))
def test_logits_equal_numpy(isa: str, config: ModelConfig, length: int) -> None:
    ids, _ = prompt(config, length)
    ours = engine(config, isa).logits(ids)
    np.testing.assert_allclose(ours, engine(config, "numpy").logits(ids), rtol=1e-4, atol=1e-4)


def test_decoding_equals_numpy_for_every_number_of_rows() -> None:
    config = ModelConfig(90, 96, 130, 2, 6, 2, 128)
    weights = as_weights(random_tensors(config))
    plain, native = NumpyBody(config, weights), NativeBody(config, weights, 2)
    for rows in (1, 2, 3, 5, 7, 16, 33):
        x = np.random.default_rng(rows).standard_normal((rows, 96)).astype(np.float32)
        caches = [(plain.new_cache(2), native.new_cache(2)) for _ in range(rows)]
        for start in (0, 1):
            expected, ours = (
                body.forward(x, [Run(pair[side], start, 1, 0) for pair in caches])
                for side, body in enumerate((plain, native))
            )
            np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


FORMATS = (16, 8, 4)


def error_bound(body: Body, x: Floats, matrix: Matrix, bits: int) -> NDArray[np.float64]:
    """What rounding the activations [M, K] may do to their products with a matrix [N, K]."""
    weights = np.abs(matrix.f32())
    if bits == 16:
        steps = np.abs(x) * (2.0**-7 if body.isa == "avx512bf16" else 0)
    else:
        steps = rounded(x, 8, matrix.group)[1].repeat(matrix.group, axis=1)[:, : x.shape[1]]
    return steps / 2 @ weights.T + 1e-5 * (np.abs(x) @ weights.T) + 1e-30


@on_every_isa
@pytest.mark.parametrize("bits", FORMATS)
@given(
    rows=st.integers(1, 20),
    n=st.integers(1, 70),
    k=st.integers(1, 150),
    group=st.sampled_from([32, 64, 128]),
    spread=st.sampled_from([1e-20, 1e-3, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
@settings(max_examples=30)
def test_a_product_is_as_exact_as_its_activations(
    isa: str, bits: int, rows: int, n: int, k: int, group: int, spread: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    config = ModelConfig(n, k, 1, 1, 1, 1, 64, position="learned")
    weights = as_weights(random_tensors(config))
    matrix = quantized(random.standard_normal((n, k)).astype(np.float32), bits, group)
    x = (random.standard_normal((rows, k)) * spread).astype(np.float32)
    body = NativeBody(config, {**weights, "model.embed_tokens.weight": matrix}, 2, isa)
    exact = x.astype(np.float64) @ matrix.f32().T
    assert (np.abs(body.head(x) - exact) <= error_bound(body, x, matrix, bits)).all()


@on_every_isa
@pytest.mark.parametrize("bits", FORMATS)
@given(native_configs, st.integers(1, 64), st.sampled_from([32, 64]))
@settings(max_examples=20)
def test_a_packed_reader_stays_near_its_dequantised_twin(
    isa: str, bits: int, config: ModelConfig, length: int, group: int
) -> None:
    weights = quantize_weights(config, as_weights(random_tensors(config)), bits, group)
    native = Engine(config, weights, kernels=isa, threads=2)
    twin = Engine(config, weights, kernels="numpy")
    batch = [prompt(config, length)]
    ours, plain = native.read(batch)[0], twin.read(batch)[0]
    assert np.sqrt(np.mean((ours - plain) ** 2)) <= 0.05 * (1 + np.abs(plain).max())


@on_every_isa
@pytest.mark.parametrize("bits", [32, *FORMATS])
def test_a_row_does_not_depend_on_the_rows_beside_it(isa: str, bits: int) -> None:
    config = ModelConfig(90, 96, 130, 2, 6, 2, 128)
    weights = as_weights(random_tensors(config))
    if bits < 32:
        weights = quantize_weights(config, weights, bits, 32)
    body = NativeBody(config, weights, 2, isa)
    x = np.random.default_rng(0).standard_normal((16, 96)).astype(np.float32)
    together = body.forward(x, [Run(body.new_cache(1), 0, 1, 0) for _ in x])
    alone = [body.forward(row[None], [Run(body.new_cache(1), 0, 1, 0)])[0] for row in x]
    np.testing.assert_array_equal(together, alone)


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    config = ModelConfig(50, 64, 96, 3, 4, 2, 256, reader_features=(3,))
    batch = [prompt(config, length) for length in (200, 7, 64, 1)]
    one = engine(config, "native", threads=1).read(batch)
    for threads in (2, 5):
        for ours, alone in zip(
            engine(config, "native", threads=threads).read(batch), one, strict=True
        ):
            np.testing.assert_allclose(ours, alone, rtol=1e-5, atol=1e-5)


def test_idle_threads_sleep() -> None:
    config = ModelConfig(50, 64, 96, 2, 4, 2, 256, reader_features=(3,))
    reader = engine(config, "native", threads=4)
    reader.read([prompt(config, 200)])
    time.sleep(0.1)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1


def test_a_loop_works_again_after_its_threads_slept() -> None:
    config = ModelConfig(50, 64, 96, 2, 4, 2, 256, reader_features=(3,))
    reader, batch = engine(config, "native", threads=3), [prompt(config, 150)]
    first = reader.read(batch)[0]
    for pause in (0, 0.05, 0.05, 0):
        time.sleep(pause)
        np.testing.assert_array_equal(reader.read(batch)[0], first)
