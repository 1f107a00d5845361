"""The int8 layout: the bytes on disk are the bytes that the kernels read.

A matrix [N, K] (out, in) is cut into blocks of 16 rows and groups of columns (64 by default), both
padded with zeros. Two tensors hold it:

- `NAME.q8`, U8 [N/16, K/4, 16, 4]: for each block and 4 columns one 64-byte vector, row by row. A
  byte is the signed value -127..127 plus 128, because the processors' dot product multiplies
  unsigned by signed bytes; the kernel takes 128 times the sum of the activations off again.
- `NAME.scale`, F32 [N/16, K/group, 16]: value = (byte - 128) * scale.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine.blocks import BLOCK, interleave, interleave_scales, padded, take_rows

GROUP = 64  # columns that share a scale, where nothing else is asked for
GROUPS = (32, 64, 128, 256)  # what the kernels take
OFFSET = 128
LARGEST = 127

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def packed_shapes(
    shape: tuple[int, int], group: int = GROUP
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of `q8` and `scale` for a matrix [N, K].

    >>> packed_shapes((20, 100))
    ((2, 32, 16, 4), (2, 2, 16))
    """
    blocks, groups = padded(shape[0]) // BLOCK, -(-shape[1] // group)
    return (blocks, groups * group // 4, BLOCK, 4), (blocks, groups, BLOCK)


def pack(values: NDArray[np.int8], scales: Floats, group: int = GROUP) -> tuple[Bytes, Floats]:
    """Bring values [N, K] and scales [N, K/group] into the layout.

    Returns:
        q8 and scale in the shapes of `packed_shapes`.
    """
    n, k = values.shape
    whole = np.zeros((padded(n), scales.shape[1] * group), np.int8)
    whole[:n, :k] = values
    shifted = (whole.astype(np.int16) + OFFSET).astype(np.uint8)
    return interleave(shifted), interleave_scales(scales.astype(np.float32, copy=False))


def unpack_rows(q8: Bytes, scale: Floats, ids: NDArray[np.integer[Any]], k: int) -> Floats:
    """Dequantise the rows ids [n] -> [n, k]."""
    signed = take_rows(q8, ids).astype(np.float32) - OFFSET
    return scaled(signed, scale[ids // BLOCK, :, ids % BLOCK], k)


def scaled(values: Floats, scales: Floats, k: int) -> Floats:
    """Multiply values [n, whole groups] by scales [n, groups], in place; the first k columns."""
    n, groups = scales.shape
    grouped = values.reshape(n, groups, values.shape[1] // groups if groups else 0)
    grouped *= scales[:, :, None]
    return values[:, :k]
