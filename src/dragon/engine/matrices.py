"""The matrices of a checkpoint as the kernels take them: dense floats, or packed bf16, int8, int4.

In: tensors of a safetensors file. Out: a `Matrix`: a shape [N, K] (out, in), rows on demand
(embedding) and a plain float32 form (the NumPy kernels, the tests).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine import bf16_layout, int4_layout, int8_layout
from dragon.engine.int8_layout import GROUPS
from dragon.engine.safetensors import FLOATS, Tensor
from dragon.errors import CheckpointError

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dense:
    """A matrix stored as F32, F16 or BF16, row by row."""

    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, K]."""
        return self.tensor.array.shape

    def rows(self, ids: NDArray[np.integer[Any]]) -> Floats:
        """Rows [n] -> [n, K]."""
        return self.tensor.rows(ids)

    def f32(self) -> Floats:
        """The whole matrix [N, K]."""
        return self.tensor.f32()


class Packed(ABC):
    """What the packed forms have in common."""

    __slots__ = ()
    shape: tuple[int, int]

    @abstractmethod
    def rows(self, ids: NDArray[np.integer[Any]]) -> Floats:
        """Rows [n] -> [n, K], as floats."""

    def f32(self) -> Floats:
        """The whole matrix [N, K]."""
        return np.ascontiguousarray(self.rows(np.arange(self.shape[0])))


@dataclass(frozen=True, slots=True)
class BFloat16(Packed):
    """A matrix in the packed layout of `dragon.engine.bf16_layout`."""

    bits: NDArray[np.uint16]
    shape: tuple[int, int]

    def rows(self, ids: NDArray[np.integer[Any]]) -> Floats:
        """Rows [n] -> [n, K]."""
        return bf16_layout.unpack_rows(self.bits, ids, self.shape[1])


@dataclass(frozen=True, slots=True)
class Int8(Packed):
    """A matrix in the packed layout of `dragon.engine.int8_layout`."""

    q8: NDArray[np.uint8]
    scale: Floats
    shape: tuple[int, int]

    @property
    def group(self) -> int:
        """Columns that share a scale."""
        return int(self.q8.shape[1] * 4 // self.scale.shape[1])

    def rows(self, ids: NDArray[np.integer[Any]]) -> Floats:
        """Rows [n] -> [n, K], dequantised on the fly."""
        return int8_layout.unpack_rows(self.q8, self.scale, ids, self.shape[1])


@dataclass(frozen=True, slots=True)
class Int4(Packed):
    """A matrix in the packed layout of `dragon.engine.int4_layout`."""

    q4: NDArray[np.uint8]
    scale: NDArray[np.uint16]
    shape: tuple[int, int]

    @property
    def group(self) -> int:
        """Columns that share a scale."""
        return int(self.q4.shape[1] * 8 // self.scale.shape[1])

    def rows(self, ids: NDArray[np.integer[Any]]) -> Floats:
        """Rows [n] -> [n, K], dequantised on the fly."""
        return int4_layout.unpack_rows(self.q4, self.scale, ids, self.shape[1])


Matrix = Dense | BFloat16 | Int8 | Int4


def matrix_of(name: str, shape: tuple[int, ...], tensors: Mapping[str, Tensor]) -> Matrix:
    """The tensor `name` in whichever form the checkpoint holds it.

    Raises:
        CheckpointError: if it is missing or has another shape or type than the model asks for.
    """
    if len(shape) == 2:
        for ending, packed in (("bf16", _bf16), ("q8", _int8), ("q4", _int4)):
            if f"{name}.{ending}" in tensors:
                return packed(name, (shape[0], shape[1]), tensors)
    if name not in tensors:
        raise CheckpointError(f"The weights lack {name}.", "The checkpoint is incomplete.")
    if tensors[name].dtype not in FLOATS:
        raise CheckpointError(
            f"{name} is stored as {tensors[name].dtype}.",
            f"Convert the checkpoint to one of {', '.join(FLOATS)}.",
        )
    if tensors[name].array.shape != shape:
        raise CheckpointError(
            f"{name} has shape {tensors[name].array.shape}; config.json says {shape}.",
            "The weights belong to another configuration.",
        )
    return Dense(tensors[name])


def _bf16(name: str, shape: tuple[int, int], tensors: Mapping[str, Tensor]) -> BFloat16:
    packed = tensors[f"{name}.bf16"]
    if packed.dtype != "BF16" or packed.array.shape != bf16_layout.packed_shape(shape):
        raise _not_ours(name, "bf16")
    return BFloat16(packed.array, shape)


def _int8(name: str, shape: tuple[int, int], tensors: Mapping[str, Tensor]) -> Int8:
    packed, scale = tensors[f"{name}.q8"], tensors.get(f"{name}.scale")
    if scale is None or (packed.dtype, scale.dtype) != ("U8", "F32"):
        raise _not_ours(name, "int8")
    shapes = (packed.array.shape, scale.array.shape)
    if shapes not in [int8_layout.packed_shapes(shape, group) for group in GROUPS]:
        raise _not_ours(name, "int8")
    return Int8(packed.array, scale.array, shape)


def _int4(name: str, shape: tuple[int, int], tensors: Mapping[str, Tensor]) -> Int4:
    packed, scale = tensors[f"{name}.q4"], tensors.get(f"{name}.scale")
    if scale is None or (packed.dtype, scale.dtype) != ("U8", "BF16"):
        raise _not_ours(name, "int4")
    shapes = (packed.array.shape, scale.array.shape)
    if shapes not in [int4_layout.packed_shapes(shape, group) for group in GROUPS]:
        raise _not_ours(name, "int4")
    return Int4(packed.array, scale.array, shape)


def _not_ours(name: str, layout: str) -> CheckpointError:
    return CheckpointError(
        f"{name} is not in our {layout} layout (groups of {', '.join(map(str, GROUPS))}).",
        "Quantise the original checkpoint again with `dragon quantize`.",
    )
