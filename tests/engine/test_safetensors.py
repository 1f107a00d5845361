"""The mapped file: what safetensors writes is read; what nobody should write is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from dragon.engine.matrices import Dense, matrix_of
from dragon.engine.safetensors import DTYPES, Entry, open_safetensors, write_safetensors
from dragon.errors import CheckpointError

numbers = st.one_of(
    st.integers(-3, 40), st.just(2**63), st.just(2**200), st.just(True), st.just(1.0)
)
entries = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "F16", "BF16", "U8", "I8", "I64", "F99", 4]),
        "shape": st.lists(numbers, max_size=3),
        "data_offsets": st.lists(numbers, min_size=1, max_size=3),
    }
)
headers = st.dictionaries(
    st.text(max_size=4), st.one_of(entries, st.none(), st.lists(numbers)), max_size=4
)


def file_of(folder: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + data)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("safetensors")


def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_reads_what_the_library_writes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    tensors = {
        "a": random.standard_normal((3, 5)).astype(np.float32),
        "b": random.standard_normal(7).astype(np.float16),
        "c": np.zeros((0, 4), np.float32),
        "d": random.integers(-128, 128, (2, 3)).astype(np.int8),
        "scalar": np.array(3, np.float32),
    }
    save_file(tensors, tmp_path / "x.safetensors", metadata={"format": "pt"})
    read = open_safetensors(tmp_path / "x.safetensors")
    assert read.keys() == tensors.keys()
    for name, values in tensors.items():
        np.testing.assert_array_equal(read[name].array, values)
        assert not read[name].array.flags.writeable


def test_bfloat16_is_the_upper_half_of_float32(folder: Path) -> None:
    values = np.array([[1.0, -2.5], [0.15625, 3e38]], np.float32)
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    path = file_of(folder, {"x": entry([2, 2], 0, 8, "BF16")}, bits.tobytes())
    tensor = open_safetensors(path)["x"]
    expected = (values.view(np.uint32) & 0xFFFF0000).view(np.float32)
    np.testing.assert_array_equal(tensor.f32(), expected)
    np.testing.assert_array_equal(tensor.rows(np.array([1, 0, 1])), expected[[1, 0, 1]])


@pytest.mark.parametrize("dtype", ["F64", "I64"])
def test_a_type_that_is_not_read_is_named_when_it_is_asked_for(folder: Path, dtype: str) -> None:
    header = {"x": entry([1], 0, 8, dtype), "y": entry([1], 8, 12)}
    tensors = open_safetensors(file_of(folder, header, bytes(12)))
    assert isinstance(matrix_of("y", (1,), tensors), Dense)
    with pytest.raises(CheckpointError, match=f"x is stored as {dtype}.*F32, F16, BF16"):
        matrix_of("x", (1,), tensors)


@pytest.mark.parametrize(
    ("header", "data"),
    [
        (b"", b""),
        (b"\xff\xfe", b""),
        (b"[]", b""),
        (b"[" * 100_000, b""),
        (b'{"x": 1}', b""),
        (b'{"x": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "x": {}}', bytes(4)),
        ({"x": entry([2], 0, 4)}, bytes(4)),
        ({"x": entry([1], 0, 4)}, bytes(3)),
        ({"x": entry([1], 4, 0)}, bytes(4)),
        ({"x": entry([1], -4, 0)}, bytes(4)),
        ({"x": entry([-1], 0, 4)}, bytes(4)),
        ({"x": entry([2**40, 2**40], 0, 4)}, bytes(4)),
        ({"x": entry([2**70, 0], 0, 0)}, b""),
        ({"x": entry([2], 0, 8), "y": entry([1], 4, 8)}, bytes(8)),
        ({"x": entry([True], 0, 4)}, bytes(4)),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(
    folder: Path, header: Any, data: bytes
) -> None:
    with pytest.raises(CheckpointError):
        open_safetensors(file_of(folder, header, data))


@pytest.mark.parametrize("length", [3, 10**6, 2**63, 2**64 - 1])
def test_a_header_length_beyond_the_file_is_refused(folder: Path, length: int) -> None:
    with pytest.raises(CheckpointError):
        open_safetensors(file_of(folder, {}, bytes(20), length))


@pytest.mark.parametrize("content", [b"", b"1234567"])
def test_a_file_without_room_for_a_header_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        open_safetensors(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.safetensors"):
        open_safetensors(tmp_path / "nowhere.safetensors")


@given(headers, st.integers(0, 40))
def test_any_header_is_refused_or_stays_inside_the_file(
    folder: Path, header: dict[str, Any], size: int
) -> None:
    try:
        tensors = open_safetensors(file_of(folder, header, bytes(size)))
    except CheckpointError:
        return
    assert sum(tensor.array.nbytes for tensor in tensors.values()) <= size


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(folder: Path, content: bytes) -> None:
    path = folder / "any"
    path.write_bytes(content)
    try:
        tensors = open_safetensors(path)
    except CheckpointError:
        return
    assert sum(tensor.array.nbytes for tensor in tensors.values()) <= len(content)


ARRAYS = st.tuples(
    st.sampled_from(["F32", "F16", "BF16", "U8", "I8"]), st.lists(st.integers(0, 5), max_size=3)
)


@given(st.dictionaries(st.text(min_size=1, max_size=6), ARRAYS, max_size=5))
def test_what_is_written_is_read_by_us_and_by_the_library(
    folder: Path, tensors: dict[str, tuple[str, list[int]]]
) -> None:
    from safetensors import safe_open

    random, path = np.random.default_rng(0), folder / "written"
    values = {
        name: random.integers(0, 100, shape).astype(DTYPES[dtype])
        for name, (dtype, shape) in tensors.items()
        if name != "__metadata__"
    }
    entries: dict[str, Entry] = {
        name: (tensors[name][0], array.shape, lambda array=array: array)
        for name, array in values.items()
    }
    write_safetensors(path, entries)
    read = open_safetensors(path)
    assert read.keys() == values.keys()
    for name, array in values.items():
        np.testing.assert_array_equal(read[name].array, array)
    with safe_open(path, "np") as library:  # type: ignore[no-untyped-call]
        assert set(library.keys()) == values.keys()
