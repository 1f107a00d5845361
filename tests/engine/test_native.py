"""The compiled kernels do what NumPy does, on every instruction set that this processor has."""

import os
import time
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.int8_layout import GROUP, pack
from dragon.engine.matrices import Int8
from dragon.quantize.rtn import is_quantised, round_to_nearest
from tests.engine.models import (
    COVERED,
    Tensors,
    as_weights,
    configs,
    engine,
    isas,
    needs_native,
    prompt,
    random_tensors,
)

pytestmark = needs_native

native_configs = configs(**{**COVERED, "reader_features": (5, 2, 7)})


on_every_isa = pytest.mark.parametrize("isa", list(isas()))


def on(isa: str) -> "mock._patch_dict":
    return mock.patch.dict(os.environ, {"DRAGON_ISA": isa})


@on_every_isa
@given(native_configs, st.lists(st.integers(1, 64), min_size=1, max_size=4), st.integers(1, 3))
def test_reading_equals_numpy(
    isa: str, config: ModelConfig, lengths: list[int], threads: int
) -> None:
    batch = [prompt(config, length, seed) for seed, length in enumerate(lengths)]
    with on(isa):
        native = engine(config, "native", threads=threads)
    for ours, plain in zip(native.read(batch), engine(config, "numpy").read(batch), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4)


@on_every_isa
@given(native_configs, st.integers(1, 64))
def test_logits_equal_numpy(isa: str, config: ModelConfig, length: int) -> None:
    ids, _ = prompt(config, length)
    with on(isa):
        ours = engine(config, "native").logits(ids)
    np.testing.assert_allclose(ours, engine(config, "numpy").logits(ids), rtol=1e-4, atol=1e-4)


def int8_weights(tensors: Tensors) -> dict[str, Int8]:
    return {
        name: Int8(*pack(*round_to_nearest(values)), values.shape)
        for name, values in tensors.items()
        if is_quantised(name)
    }


@on_every_isa
@given(
    rows=st.integers(1, 20),
    n=st.integers(1, 70),
    k=st.integers(1, 150),
    spread=st.sampled_from([1e-20, 1e-3, 1.0, 1e4]),
    seed=st.integers(0, 99),
)
def test_an_int8_product_is_within_half_a_step_of_each_activation(
    isa: str, rows: int, n: int, k: int, spread: float, seed: int
) -> None:
    from dragon.engine.native_body import NativeBody

    random = np.random.default_rng(seed)
    config = ModelConfig(n, k, 1, 1, 1, 1, 64, position="learned")
    tensors = random_tensors(config)
    tensors["model.embed_tokens.weight"] = random.standard_normal((n, k)).astype(np.float32)
    x = (random.standard_normal((rows, k)) * spread).astype(np.float32)
    body = NativeBody(config, {**as_weights(tensors), **int8_weights(tensors)}, 2, isa)
    weights = int8_weights(tensors)["model.embed_tokens.weight"].f32()

    steps = round_to_nearest(x)[1].repeat(GROUP, axis=1)[:, :k]
    exact = x.astype(np.float64) @ weights.T
    bound = steps / 2 @ np.abs(weights).T + 1e-5 * (np.abs(x) @ np.abs(weights).T) + 1e-30
    assert (np.abs(body.head(x) - exact) <= bound).all()


@on_every_isa
@given(native_configs, st.integers(1, 64))
def test_an_int8_reader_stays_near_its_dequantised_twin(
    isa: str, config: ModelConfig, length: int
) -> None:
    from dragon.engine.engine import Engine

    tensors = random_tensors(config)
    weights = {**as_weights(tensors), **int8_weights(tensors)}
    with on(isa):
        native = Engine(config, weights, kernels="native", threads=2)
    twin = Engine(config, weights, kernels="numpy")
    batch = [prompt(config, length)]
    ours, plain = native.read(batch)[0], twin.read(batch)[0]
    assert np.sqrt(np.mean((ours - plain) ** 2)) <= 0.05 * (1 + np.abs(plain).max())


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
