"""The int8 layout: the bytes on disk are the bytes that the kernels read.

A matrix [N, K] (out, in) is cut into blocks of 16 rows and groups of 64 columns, both padded with
zeros. Two tensors hold it:

- `NAME.q8`, U8 [N/16, K/4, 16, 4]: for each block and 4 columns one 64-byte vector, row by row. A
  byte is the signed value -127..127 plus 128, because the processors' dot product multiplies
  unsigned by signed bytes; the kernel takes 128 times the sum of the activations off again.
- `NAME.scale`, F32 [N/16, K/64, 16]: value = (byte - 128) * scale.

Row r lies in one block of 16 K bytes: an embedding row costs a page or two of the mapped file.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 16  # rows in a block
GROUP = 64  # columns that share a scale
OFFSET = 128

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def packed_shapes(shape: tuple[int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of `q8` and `scale` for a matrix [N, K].

    >>> packed_shapes((20, 100))
    ((2, 32, 16, 4), (2, 2, 16))
    """
    blocks, groups = -(-shape[0] // BLOCK), -(-shape[1] // GROUP)
    return (blocks, groups * GROUP // 4, BLOCK, 4), (blocks, groups, BLOCK)


def pack(values: NDArray[np.int8], scales: Floats) -> tuple[Bytes, Floats]:
    """Bring values [N, K] and scales [N, K/64] into the layout.

    Returns:
        q8 and scale in the shapes of `packed_shapes`.
    """
    n, k = values.shape
    (blocks, quads, _, _), (_, groups, _) = packed_shapes((n, k))
    padded = np.zeros((blocks * BLOCK, quads * 4), np.int8)
    padded[:n, :k] = values
    q8 = (padded.astype(np.int16) + OFFSET).astype(np.uint8)
    scale = np.zeros((blocks * BLOCK, groups), np.float32)
    scale[:n] = scales
    return (
        np.ascontiguousarray(q8.reshape(blocks, BLOCK, quads, 4).transpose(0, 2, 1, 3)),
        np.ascontiguousarray(scale.reshape(blocks, BLOCK, groups).transpose(0, 2, 1)),
    )


def unpack_rows(q8: Bytes, scale: Floats, ids: NDArray[np.integer[Any]], k: int) -> Floats:
    """Dequantise the rows ids [n] -> [n, k]."""
    block, row = np.divmod(ids, BLOCK)
    quads = q8.view(np.uint32)[:, :, :, 0][block, :, row]  # [n, K/4]: the four bytes travel as one
    signed = np.ascontiguousarray(quads).view(np.uint8).astype(np.float32) - OFFSET
    grouped = signed.reshape(len(ids), scale.shape[1], GROUP)
    grouped *= scale[block, :, row][:, :, None]
    return signed.reshape(len(ids), scale.shape[1] * GROUP)[:, :k]


def unpack(q8: Bytes, scale: Floats, shape: tuple[int, int]) -> Floats:
    """Dequantise the whole matrix [N, K]."""
    return np.ascontiguousarray(unpack_rows(q8, scale, np.arange(shape[0]), shape[1]))
