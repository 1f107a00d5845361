"""The bf16 layout: the upper halves of floats, as the kernels read them.

A matrix [N, K] is one tensor `NAME.bf16`, BF16 [N/16, K/2, 16, 2] (`dragon.engine.blocks`): two
columns of 16 rows in each vector of 64 bytes, an odd last column followed by zeros. NumPy has no
such type: the bits travel as uint16.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine.blocks import BLOCK, interleave, padded, take_rows

Bits = NDArray[np.uint16]
Floats = NDArray[np.float32]


def to_bf16(values: NDArray[Any]) -> Bits:
    """Round float32 to the nearest bf16, halves to even; the bits.

    >>> to_bf16(np.array([1.0], np.float32)).tolist()
    [16256]
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(bits: Bits) -> Floats:
    """The float32 of the same value."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def packed_shape(shape: tuple[int, int]) -> tuple[int, ...]:
    """Shape of the packed matrix [N, K].

    >>> packed_shape((20, 5))
    (2, 3, 16, 2)
    """
    return padded(shape[0]) // BLOCK, -(-shape[1] // 2), BLOCK, 2


def pack(bits: Bits) -> Bits:
    """Bring the bits [N, K] into the layout."""
    n, k = bits.shape
    even = np.zeros((n, k + k % 2), np.uint16)
    even[:, :k] = bits
    return interleave(even)


def unpack_rows(packed: Bits, ids: NDArray[np.integer[Any]], k: int) -> Floats:
    """The rows ids [n] -> [n, k]."""
    return from_bf16(take_rows(packed, ids)[:, :k])
