"""Read a GGUF file without copying it: mapped, and every claim of its header checked.

In: a path. Out: its settings and its tensors by name. The library `gguf` trusts a file's counts and
loops for ever over a hostile one, so the header is read here; it unpacks quantised blocks only.
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.errors import CheckpointError, ConfigError

MAGIC, VERSIONS = b"GGUF", (2, 3)
SCALARS = ("<u1", "<i1", "<u2", "<i2", "<u4", "<i4", "<f4", "<u1", "<u8", "<i8", "<f8")
BOOL, STRING, ARRAY = 7, 8, 9
# By the format's number of a value type: the scalars' NumPy types.
VALUE_TYPES = dict(zip((0, 1, 2, 3, 4, 5, 6, BOOL, 10, 11, 12), SCALARS, strict=True))
PLAIN = {0: "<f4", 1: "<f2", 30: "<u2"}  # F32, F16, BF16
SMALLEST_TENSOR = 24  # bytes that its entry takes at least
MOST_DIMENSIONS = 4
NOT_INSTALLED = "Run: pip install 'dragon-lm[gguf]'."


def gguf_library() -> Any:
    """The library `gguf`.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        import gguf
    except ImportError:
        raise ConfigError("GGUF needs the library gguf.", NOT_INSTALLED) from None
    return gguf


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One stored tensor.

    Attributes:
        type: the format's number.
        shape: as NumPy has it, the longest stride first.
        data: its bytes, a view of the mapped file.
    """

    type: int
    shape: tuple[int, ...]
    data: memoryview

    def f32(self) -> NDArray[np.float32]:
        """The values, float32."""
        if self.type in PLAIN:
            values = np.frombuffer(self.data, PLAIN[self.type]).reshape(self.shape)
            if self.type == 30:
                return (values.astype(np.uint32) << 16).view(np.float32)
            return values.astype(np.float32)
        library = gguf_library()
        kind = library.GGMLQuantizationType(self.type)
        rows = np.frombuffer(self.data, np.uint8).reshape(*self.shape[:-1], -1)
        unpacked: NDArray[np.float32] = library.dequantize(rows, kind)
        return unpacked.reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Gguf:
    """A file's settings and tensors."""

    settings: dict[str, Any]
    tensors: dict[str, GgufTensor]


def open_gguf(path: Path) -> Gguf:
    """Map a file.

    Raises:
        CheckpointError: if the file is missing, truncated, or its header contradicts itself.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size < 24:
                raise CheckpointError(f"{path} is too short.", "It is not a GGUF file.")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from None
    if data[:4] != MAGIC:
        raise CheckpointError(f"{path} does not begin with GGUF.", "It is not a GGUF file.")
    cursor = _Cursor(path, data, 4)
    version = cursor.number("<u4", "version")
    if version not in VERSIONS:
        raise CheckpointError(
            f"{path} has version {version}.", "Versions 2 and 3, little-endian, are read."
        )
    tensors, settings = cursor.number("<u8", "tensor count"), cursor.number("<u8", "count")
    values = _read_settings(cursor, settings)
    return Gguf(values, _read_tensors(cursor, tensors, values.get("general.alignment", 32)))


class _Cursor:
    """A place in the file that never leaves it."""

    def __init__(self, path: Path, data: memoryview, place: int) -> None:
        self.path, self.data, self.place = path, data, place

    def take(self, count: int, what: str) -> memoryview:
        """The next bytes."""
        if count > len(self.data) - self.place:
            raise CheckpointError(
                f"{self.path} ends inside {what!r:.80}.", "It is truncated or damaged."
            )
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, kind: str, what: str) -> int:
        """The next whole number."""
        return int(np.frombuffer(self.take(np.dtype(kind).itemsize, what), kind)[0])

    def text(self, what: str) -> str:
        """The next text."""
        raw = bytes(self.take(self.number("<u8", what), what))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise CheckpointError(f"{self.path}: {what!r:.80} is no UTF-8.") from None

    def value(self, kind: int, what: str) -> Any:
        """The next value of a type."""
        if kind == STRING:
            return self.text(what)
        if kind == ARRAY:
            return self.array(what)
        return self.scalars(kind, 1, what)[0]

    def array(self, what: str) -> list[Any]:
        """The next array; arrays of arrays are in no model."""
        kind, count = self.number("<u4", what), self.number("<u8", what)
        if kind == STRING:
            return [self.text(what) for _ in range(self.possible(count, 8, what))]
        return self.scalars(kind, count, what)

    def scalars(self, kind: int, count: int, what: str) -> list[Any]:
        """The next numbers or truth values."""
        if kind not in VALUE_TYPES:
            raise CheckpointError(f"{self.path}: {what!r:.80} has the unknown type {kind}.")
        dtype = np.dtype(VALUE_TYPES[kind])
        values = np.frombuffer(self.take(count * dtype.itemsize, what), dtype).tolist()
        return [bool(v) for v in values] if kind == BOOL else values

    def possible(self, count: int, least: int, what: str) -> int:
        """A count of things that take at least so many bytes each."""
        if count * least > len(self.data) - self.place:
            raise CheckpointError(
                f"{self.path}: {what!r:.80} claims {count} entries, more than the file can hold.",
                "It is truncated or damaged.",
            )
        return count


def _read_settings(cursor: _Cursor, count: int) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for _ in range(cursor.possible(count, 13, "settings")):
        name = cursor.text("the name of a setting")
        if name in settings:
            raise CheckpointError(f"{cursor.path}: {name!r:.80} stands twice.")
        settings[name] = cursor.value(cursor.number("<u4", name), name)
    return settings


def _read_tensors(cursor: _Cursor, count: int, alignment: Any) -> dict[str, GgufTensor]:
    if type(alignment) is not int or alignment < 1:
        raise CheckpointError(f"{cursor.path}: general.alignment is {alignment!r}.")
    entries: dict[str, tuple[tuple[int, ...], int, int]] = {}
    for _ in range(cursor.possible(count, SMALLEST_TENSOR, "tensors")):
        name = cursor.text("the name of a tensor")
        dimensions = cursor.number("<u4", name)
        if name in entries or not 1 <= dimensions <= MOST_DIMENSIONS:
            raise CheckpointError(
                f"{cursor.path}: {name!r:.80} stands twice, or has {dimensions} dimensions."
            )
        shape = tuple(cursor.number("<u8", name) for _ in range(dimensions))[::-1]
        entries[name] = shape, cursor.number("<u4", name), cursor.number("<u8", name)
    start = -(-cursor.place // alignment) * alignment
    return {
        name: GgufTensor(type_, shape, _place(cursor, name, shape, type_, start + offset))
        for name, (shape, type_, offset) in entries.items()
    }


def _place(
    cursor: _Cursor, name: str, shape: tuple[int, ...], type_: int, begin: int
) -> memoryview:
    block, size = _block(type_)
    if not size or shape[-1] % block:
        raise CheckpointError(
            f"{cursor.path}: {name!r:.80} of type {type_} and shape {list(shape)} cannot be read."
        )
    end = begin + math.prod(shape) // block * size
    if end > len(cursor.data):
        raise CheckpointError(
            f"{cursor.path}: {name!r:.80} lies at bytes {begin} to {end} of {len(cursor.data)}.",
            "The file is truncated or damaged.",
        )
    return cursor.data[begin:end]


def _block(type_: int) -> tuple[int, int]:
    """Values in a block of a type, and its bytes; no bytes for an unknown one."""
    if type_ in PLAIN:
        return 1, np.dtype(PLAIN[type_]).itemsize
    sizes: dict[int, tuple[int, int]] = {
        int(kind): pair for kind, pair in gguf_library().GGML_QUANT_SIZES.items()
    }
    return sizes.get(type_, (1, 0))
