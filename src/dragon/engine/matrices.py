"""The matrices of a checkpoint as the kernels take them: dense floats, or packed int8.

In: tensors of a safetensors file. Out: `Dense` or `Int8`, both with a shape [N, K] (out, in), rows
on demand (embedding) and a plain float32 form (the NumPy kernels, the tests).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine.int8_layout import GROUP, packed_shapes, unpack, unpack_rows
from dragon.engine.safetensors import FLOATS, Tensor
from dragon.errors import CheckpointError

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dense:
    """A matrix stored as F32, F16 or BF16."""

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


@dataclass(frozen=True, slots=True)
class Int8:
    """A matrix in the packed layout of `dragon.engine.int8_layout`."""

    q8: NDArray[np.uint8]
    scale: Floats
    shape: tuple[int, int]

    def rows(self, ids: NDArray[np.integer[Any]]) -> Floats:
        """Rows [n] -> [n, K], dequantised on the fly."""
        return unpack_rows(self.q8, self.scale, ids, self.shape[1])

    def f32(self) -> Floats:
        """The whole matrix [N, K], dequantised."""
        return unpack(self.q8, self.scale, self.shape)


Matrix = Dense | Int8


def matrix_of(name: str, shape: tuple[int, ...], tensors: Mapping[str, Tensor]) -> Matrix:
    """The tensor `name` in whichever form the checkpoint holds it.

    Raises:
        CheckpointError: if it is missing or has another shape or type than the model asks for.
    """
    if len(shape) == 2 and f"{name}.q8" in tensors:
        return _int8(name, (shape[0], shape[1]), tensors)
    if name not in tensors or tensors[name].dtype not in FLOATS:
        raise CheckpointError(f"The weights lack {name}.", "The checkpoint is incomplete.")
    if tensors[name].array.shape != shape:
        raise CheckpointError(
            f"{name} has shape {tensors[name].array.shape}; config.json says {shape}.",
            "The weights belong to another configuration.",
        )
    return Dense(tensors[name])


def _int8(name: str, shape: tuple[int, int], tensors: Mapping[str, Tensor]) -> Int8:
    q8, scale = tensors[f"{name}.q8"], tensors.get(f"{name}.scale")
    packed, scales = packed_shapes(shape)
    if (
        scale is None
        or (q8.dtype, scale.dtype) != ("U8", "F32")
        or (q8.array.shape, scale.array.shape) != (packed, scales)
    ):
        raise CheckpointError(
            f"{name} is not in our int8 layout (groups of {GROUP}).",
            "Quantise the original checkpoint again with `dragon quantize`.",
        )
    return Int8(q8.array, scale.array, shape)
