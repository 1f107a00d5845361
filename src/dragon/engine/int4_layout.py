"""The int4 layout: two values in a byte, as the kernels read them.

A matrix [N, K] (out, in) is cut into blocks of 16 rows and groups of columns, both padded with
zeros. Two tensors hold it:

- `NAME.q4`, U8 [N/16, K/8, 16, 4]: for each block and 8 columns one 64-byte vector. A row's four
  bytes hold its columns 0-3 in their lower and 4-7 in their upper halves: one mask and one shift
  give two vectors that are laid out like those of int8. A half is the signed value -8..7 plus 8.
- `NAME.scale`, BF16 [N/16, K/group, 16]: value = (half - 8) * scale. 16 bits cost a quarter bit a
  value at groups of 64, and values are rounded with the scale as it is stored.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine.bf16_layout import Bits, from_bf16, to_bf16
from dragon.engine.blocks import BLOCK, interleave, interleave_scales, padded, take_rows
from dragon.engine.int8_layout import Bytes, Floats, scaled

OFFSET = 8
LOWEST, LARGEST = -8, 7


def packed_shapes(shape: tuple[int, int], group: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of `q4` and `scale` for a matrix [N, K].

    >>> packed_shapes((20, 100), 64)
    ((2, 16, 16, 4), (2, 2, 16))
    """
    blocks, groups = padded(shape[0]) // BLOCK, -(-shape[1] // group)
    return (blocks, groups * group // 8, BLOCK, 4), (blocks, groups, BLOCK)


def pack(values: NDArray[np.int8], scales: Floats, group: int) -> tuple[Bytes, Bits]:
    """Bring values [N, K] in -8..7 and scales [N, K/group] of bf16 numbers into the layout.

    Returns:
        q4 and scale in the shapes of `packed_shapes`.
    """
    n, k = values.shape
    whole = np.zeros((padded(n), scales.shape[1] * group), np.int8)
    whole[:n, :k] = values
    halves = (whole + OFFSET).astype(np.uint8).reshape(len(whole), -1, 2, 4)
    pairs = halves[:, :, 0] | halves[:, :, 1] << 4
    return interleave(pairs.reshape(len(whole), -1)), interleave_scales(to_bf16(scales))


def unpack_rows(q4: Bytes, scale: Bits, ids: NDArray[np.integer[Any]], k: int) -> Floats:
    """Dequantise the rows ids [n] -> [n, k]."""
    cells = q4.shape[1]
    pairs = take_rows(q4, ids).reshape(len(ids), cells, 1, 4)
    halves = np.concatenate((pairs & 15, pairs >> 4), axis=2)
    signed = halves.reshape(len(ids), cells * 8).astype(np.float32) - OFFSET
    return scaled(signed, from_bf16(scale[ids // BLOCK, :, ids % BLOCK]), k)
