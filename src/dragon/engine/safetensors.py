"""Open a safetensors file, mapped or read at once, and check every claim of its header.

In: a path. Out: `Tensor`s by name, views into one piece of memory; and the way back, one at a time.
https://github.com/huggingface/safetensors#format
"""

import json
import math
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.engine.large_pages import read_file, worth_copying
from dragon.errors import CheckpointError

MAX_HEADER = 100_000_000  # bytes; the limit of the reference implementation
# bfloat16 has no NumPy type: its bits travel as uint16 and become the upper half of a float32.
DTYPES: dict[str, type[np.generic]] = {
    "F32": np.float32,
    "F16": np.float16,
    "BF16": np.uint16,
    "U8": np.uint8,
    "I8": np.int8,
}
FLOATS = ("F32", "F16", "BF16")


@dataclass(frozen=True, slots=True)
class Tensor:
    """One stored tensor: its declared type and a read-only view of its values.

    Of a type that is not in `DTYPES` the array is the bytes, so that what asks for it can name it.
    """

    dtype: str
    array: NDArray[Any]

    def rows(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Rows [n] of a matrix as float32; only these rows are read from the file."""
        return _to_f32(self.dtype, self.array[ids])

    def f32(self) -> NDArray[np.float32]:
        """The whole tensor as float32; a view where it is stored so."""
        return _to_f32(self.dtype, self.array)


# What is written: the stored type, the shape, and the values, made when their turn comes.
Entry = tuple[str, tuple[int, ...], Callable[[], NDArray[Any]]]


def write_safetensors(path: Path, entries: Mapping[str, Entry]) -> None:
    """Write a file that holds one tensor at a time in memory; each begins at a multiple of 8 bytes.

    >>> path = Path(getfixture("tmp_path")) / "x.safetensors"
    >>> write_safetensors(path, {"a": ("F32", (2,), lambda: np.ones(2, np.float32))})
    >>> open_safetensors(path)["a"].f32()
    array([1., 1.], dtype=float32)
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    # The format allows no gaps: the wide types go first.
    order = sorted(entries, key=lambda name: -np.dtype(DTYPES[entries[name][0]]).itemsize)
    for name in order:
        dtype, shape, _ = entries[name]
        end = position + math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            dtype, shape, make = entries[name]
            values = np.asarray(make(), DTYPES[dtype], order="C")
            assert values.shape == tuple(shape), name
            file.write(values.reshape(-1).data)


def _to_f32(dtype: str, values: NDArray[Any]) -> NDArray[np.float32]:
    if dtype == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False)


def open_safetensors(path: Path, *, read_often: bool = False) -> dict[str, Tensor]:
    """Map a file and return its tensors.

    Args:
        path: the file.
        read_often: copy it onto large pages where that pays (`dragon.engine.large_pages`).

    Raises:
        CheckpointError: if the file is missing, truncated, or its header contradicts itself.
    """
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            length = _header_length(path, file.read(8), size)
            if read_often and worth_copying(size):
                data = read_file(file, size, 8 + length)
            else:
                data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from None
    entries = _parse_header(path, bytes(data[8 : 8 + length]))
    return _map_tensors(path, entries, data[8 + length :])


def _header_length(path: Path, first: bytes, size: int) -> int:
    if len(first) < 8:
        raise CheckpointError(f"{path} has {size} bytes.", "It is not a safetensors file.")
    length = int.from_bytes(first, "little")
    if length > min(MAX_HEADER, size - 8):
        raise CheckpointError(
            f"{path}: the header claims {length} bytes, the file has {size}.",
            "It is truncated or not a safetensors file.",
        )
    return length


def _parse_header(path: Path, text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: the header is not readable JSON: {error}.") from None
    if not isinstance(header, dict):
        raise CheckpointError(f"{path}: the header is no JSON object.")
    header.pop("__metadata__", None)
    return header


def _map_tensors(path: Path, entries: Mapping[str, Any], data: memoryview) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    places: list[tuple[int, int, str]] = []
    for name, entry in entries.items():
        dtype, shape, begin, end = _check_entry(path, name, entry, len(data))
        if dtype not in DTYPES:  # left alone unless it is asked for, such as an integer buffer
            shape = (end - begin,)
        kind = np.dtype(DTYPES.get(dtype, np.uint8))
        if math.prod(shape) * kind.itemsize != end - begin:
            raise CheckpointError(
                f"{path}: {name} of {dtype} {list(shape)} claims {end - begin} bytes.",
                "The file is damaged.",
            )
        try:
            array = np.frombuffer(data[begin:end], kind).reshape(shape)
        except ValueError as error:  # sizes that NumPy cannot address
            raise CheckpointError(f"{path}: {name}: {error}.") from None
        tensors[name] = Tensor(dtype, array if array.flags.aligned else array.copy())
        if end > begin:
            places.append((begin, end, name))
    places.sort()
    for (_, end, one), (begin, _, other) in pairwise(places):
        if begin < end:
            raise CheckpointError(f"{path}: {one} and {other} overlap.", "The file is damaged.")
    return tensors


def _check_entry(
    path: Path, name: str, entry: Any, size: int
) -> tuple[str, tuple[int, ...], int, int]:
    def natural(values: Any) -> bool:
        return isinstance(values, list) and all(type(v) is int and v >= 0 for v in values)

    match entry:
        case {"dtype": str(dtype), "shape": shape, "data_offsets": [begin, end]} if natural(
            [begin, end]
        ) and natural(shape):
            if not begin <= end <= size:
                raise CheckpointError(
                    f"{path}: {name} lies at bytes {begin} to {end} of {size}.",
                    "The file is truncated or damaged.",
                )
            return dtype, tuple(shape), begin, end
    raise CheckpointError(f"{path}: the header entry of {name} is malformed.")
