"""The int8 layout and its rounding, in NumPy alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dragon.engine.int8_layout import GROUP, pack, unpack, unpack_rows
from dragon.quantize.rtn import round_to_nearest


@given(st.integers(1, 40), st.integers(1, 200), st.integers(0, 99))
def test_rounding_is_off_by_half_a_step_at_most(n: int, k: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).standard_normal((n, k)).astype(np.float32)
    matrix[n // 2] = 0
    values, scales = round_to_nearest(matrix)
    back = unpack(*pack(values, scales), (n, k))
    steps = scales.repeat(GROUP, axis=1)[:, :k]
    assert (np.abs(back - matrix) <= 0.5001 * steps).all()
    np.testing.assert_array_equal(back[n // 2], 0)


@given(st.integers(1, 40), st.integers(1, 200), st.data())
def test_a_row_alone_is_the_row_of_the_whole(n: int, k: int, data: st.DataObject) -> None:
    ids = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=9)), np.int64)
    matrix = np.random.default_rng(n * k).standard_normal((n, k)).astype(np.float32)
    q8, scale = pack(*round_to_nearest(matrix))
    np.testing.assert_array_equal(unpack_rows(q8, scale, ids, k), unpack(q8, scale, (n, k))[ids])
