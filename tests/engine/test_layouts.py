"""The packed layouts and their rounding, in NumPy alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.engine.bf16_layout import from_bf16, to_bf16
from dragon.engine.int8_layout import GROUP, pack
from dragon.engine.matrices import Int8
from dragon.quantize.rtn import quantized, rounded

sizes = st.tuples(st.integers(1, 40), st.integers(1, 200))


def random(n: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, k)).astype(np.float32)


@given(sizes, st.integers(0, 99))
def test_rounding_to_8_bits_is_off_by_half_a_step_at_most(size: tuple[int, int], seed: int) -> None:
    matrix = random(*size, seed)
    matrix[size[0] // 2] = 0
    values, scales = rounded(matrix, 8)
    back = Int8(*pack(values, scales), size).f32()
    steps = scales.repeat(GROUP, axis=1)[:, : size[1]]
    assert (np.abs(back - matrix) <= 0.5001 * steps).all()
    np.testing.assert_array_equal(back[size[0] // 2], 0)


@given(sizes, st.sampled_from([32, 64]), st.integers(0, 99))
def test_rounding_to_4_bits_is_off_by_a_tenth_of_the_largest(
    size: tuple[int, int], group: int, seed: int
) -> None:
    matrix = random(*size, seed)
    matrix[size[0] // 2] = 0
    back = quantized(matrix, 4, group).f32()
    values, scales = rounded(matrix, 4, group)
    assert values.min() >= -8
    assert values.max() <= 7
    np.testing.assert_array_equal(from_bf16(to_bf16(scales)), scales)
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    assert (np.abs(back - matrix) <= largest * (1 / 15 + 0.2)).all()
    assert np.sqrt(np.mean((back - matrix) ** 2)) <= 0.12 * np.sqrt(np.mean(matrix**2)) + 1e-9
    np.testing.assert_array_equal(back[size[0] // 2], 0)


@given(st.lists(st.floats(width=32, allow_nan=False, max_value=2.0**126, min_value=-(2.0**126))))
def test_bf16_is_the_nearest(values: list[float]) -> None:
    exact = np.array(values, np.float32)
    bits = to_bf16(exact)
    error = np.abs(from_bf16(bits).astype(np.float64) - exact)
    for other in (bits - np.uint16(1), bits + np.uint16(1)):
        beside = np.abs(from_bf16(other).astype(np.float64) - exact)
        assert not (beside < error).any()
        assert not ((beside == error) & (bits % 2 == 1)).any()  # halves to even


@pytest.mark.parametrize("bits", [16, 8, 4])
@given(sizes, st.data())
@settings(max_examples=20)
def test_a_row_alone_is_the_row_of_the_whole(
    bits: int, size: tuple[int, int], data: st.DataObject
) -> None:
    ids = np.array(data.draw(st.lists(st.integers(0, size[0] - 1), max_size=9)), np.int64)
    matrix = quantized(random(*size), bits, 32)
    np.testing.assert_array_equal(matrix.rows(ids), matrix.f32()[ids])
