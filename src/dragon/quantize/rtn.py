"""Round to nearest: each group of weights in a row becomes small integers with one scale.

In: a float matrix. Out: its values and scales, and the same in the layout that the engine maps into
memory. Shapes: N, K rows and columns (out, in), G groups in a row.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine import bf16_layout, int4_layout, int8_layout
from dragon.engine.int8_layout import GROUP
from dragon.engine.matrices import BFloat16, Int4, Int8, Matrix

Floats = NDArray[np.float32]
Integers = NDArray[np.int8]
EPSILON = np.float32(1e-30)  # a group of zeros must not divide by zero
SHRINK = np.linspace(1.0, 0.8, 5, dtype=np.float32)  # of the range that 4 bits span


def rounded(matrix: Floats, bits: int, group: int = GROUP) -> tuple[Integers, Floats]:
    """Round a matrix [N, K] to 8 or 4 bits in groups along K.

    Returns:
        int8 values [N, K] and scales [N, ceil(K / group)]. With 8 bits the values are in -127..127,
        and their errors at most half their scales; with 4 bits in -8..7, the scales bf16 numbers.
    """
    scales = scales_of(grouped(matrix, group), bits)
    return nearest(matrix, scales, group, bits), scales


def grouped(matrix: Floats, group: int) -> Floats:
    """Matrix [N, K] -> [N, G, group], padded with zeros."""
    n, k = matrix.shape
    groups = -(-k // group)
    padded = np.zeros((n, groups * group), np.float32)
    padded[:, :k] = matrix
    return padded.reshape(n, groups, group)


def scales_of(values: Floats, bits: int) -> Floats:
    """The scale of each group: values [..., group] -> [...].

    With 8 bits the largest value becomes 127. With 4 bits the largest becomes -8, which uses all 16
    steps, or something beyond it where clipping that one makes the squared error smaller.
    """
    if bits == 8:
        scales: Floats = np.maximum(np.abs(values).max(axis=-1) / np.float32(127), EPSILON)
        return scales
    largest = np.take_along_axis(values, np.abs(values).argmax(axis=-1)[..., None], -1)[..., 0]
    best = np.full(largest.shape, np.inf, np.float32)
    chosen = np.ones_like(largest)
    for shrink in SHRINK:
        tried = bf16_layout.from_bf16(bf16_layout.to_bf16(largest * shrink / np.float32(-8)))
        tried = np.where(tried == 0, EPSILON, tried)
        steps = np.clip(np.rint(values / tried[..., None]), -8, 7)
        error = ((steps * tried[..., None] - values) ** 2).sum(axis=-1)
        chosen = np.where(error < best, tried, chosen)
        best = np.minimum(error, best)
    return bf16_layout.from_bf16(bf16_layout.to_bf16(chosen))


def nearest(matrix: Floats, scales: Floats, group: int, bits: int) -> Integers:
    """Values [N, K] on the grid of the scales [N, G]."""
    low, high = (-127, 127) if bits == 8 else (int4_layout.LOWEST, int4_layout.LARGEST)
    steps = np.rint(grouped(matrix, group) / scales[:, :, None])
    values: Integers = np.clip(steps, low, high).astype(np.int8)
    return values.reshape(len(matrix), steps.shape[1] * group)[:, : matrix.shape[1]]


def packed(values: Integers, scales: Floats, group: int, bits: int) -> Matrix:
    """Values [N, K] and scales [N, G] as a matrix of the engine."""
    shape = (values.shape[0], values.shape[1])
    if bits == 8:
        return Int8(*int8_layout.pack(values, scales, group), shape)
    return Int4(*int4_layout.pack(values, scales, group), shape)


def quantized(matrix: Floats, bits: int, group: int = GROUP) -> Matrix:
    """A matrix [N, K] rounded to 16 (bf16), 8 or 4 bits, in the engine's layout."""
    if bits == 16:
        shape = (matrix.shape[0], matrix.shape[1])
        return BFloat16(bf16_layout.pack(bf16_layout.to_bf16(matrix)), shape)
    return packed(*rounded(matrix, bits, group), group, bits)


def tensors_of(name: str, matrix: Matrix) -> dict[str, NDArray[Any]]:
    """The tensors that hold a packed matrix in a checkpoint."""
    match matrix:
        case Int8():
            return {f"{name}.q8": matrix.q8, f"{name}.scale": matrix.scale}
        case Int4():
            return {f"{name}.q4": matrix.q4, f"{name}.scale": matrix.scale}
        case BFloat16():
            return {f"{name}.bf16": matrix.bits}
    return {name: matrix.f32()}
