"""Weights on large pages are the weights of the file, on cache lines, however they got there."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine, large_pages
from dragon.engine.large_pages import LINE, PAGE, SLAB, Slabs, read_file, worth_copying
from dragon.engine.safetensors import open_safetensors, write_safetensors
from dragon.errors import CheckpointError, ConfigError
from dragon.quantize import quantize_checkpoint
from tests.engine.models import random_tensors


def address(values: np.ndarray) -> int:
    return int(values.__array_interface__["data"][0])


class Trickle(io.BytesIO):
    """A file that never gives all that is asked for."""

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        return super().readinto(into[:1000])


@given(size=st.integers(1, 5000), aligned=st.integers(0, 200))
def test_a_file_read_in_pieces_is_whole_and_on_lines(size: int, aligned: int) -> None:
    content = np.random.default_rng(size).bytes(size)
    read = read_file(Trickle(content), size, aligned)
    assert (bytes(read), read.readonly) == (content, True)
    start = address(np.frombuffer(read, np.uint8))
    assert (start + aligned) % LINE == 0


def test_a_file_that_shrinks_meanwhile_is_refused() -> None:
    with pytest.raises(OSError, match="shorter"):
        read_file(io.BytesIO(b"12345"), 6, 0)


def test_slabs_keep_copies_on_lines() -> None:
    slabs, random = Slabs(), np.random.default_rng(0)
    shapes = [(3, 5), (0, 4), (1000, 17), (1, SLAB // 4 - 7), (SLAB // 4 + 1,), (2, 2)]
    arrays = [random.integers(0, 9, shape).astype(np.float32) for shape in shapes]
    kept = [slabs.keep(array) for array in arrays]
    del slabs
    for array, copy in zip(arrays, kept, strict=True):
        assert np.array_equal(array, copy)
        assert copy.dtype == array.dtype
        assert array.size == 0 or address(copy) % LINE == 0
        copy += 1  # nobody else's memory
    for array, copy in zip(arrays, kept, strict=True):
        assert np.array_equal(array + 1, copy)


def test_what_is_worth_copying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAGON_LARGE_PAGES", raising=False)
    monkeypatch.setattr(large_pages, "_granted", lambda: True)
    monkeypatch.setattr(large_pages, "_memory", lambda: 8 << 30)
    sizes = PAGE - 1, PAGE, 2 << 30, (2 << 30) + 1
    assert [worth_copying(size) for size in sizes] == [False, True, True, False]
    monkeypatch.setattr(large_pages, "_memory", lambda: 4 * PAGE)
    assert [worth_copying(size) for size in (PAGE, PAGE + 1)] == [True, False]
    monkeypatch.setattr(large_pages, "_granted", lambda: False)
    assert not worth_copying(PAGE)


def test_the_variable_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_pages, "_granted", lambda: True)
    monkeypatch.setenv("DRAGON_LARGE_PAGES", "off")
    assert not worth_copying(PAGE)
    monkeypatch.setenv("DRAGON_LARGE_PAGES", "yes")
    with pytest.raises(ConfigError, match="DRAGON_LARGE_PAGES is 'yes'"):
        worth_copying(PAGE)


@pytest.fixture
def everything_copied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sizes: list[int] = []
    monkeypatch.setattr(
        "dragon.engine.safetensors.worth_copying", lambda size: not sizes.append(size)
    )
    return sizes


def test_an_engine_on_large_pages_gives_the_same_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ModelConfig(300, 96, 160, 2, 4, 2, 64)
    write_checkpoint(tmp_path / "float", config, random_tensors(config))
    for bits in (16, 8, 4):
        quantize_checkpoint(tmp_path / "float", tmp_path / str(bits), bits)
        mapped = Engine.open(tmp_path / str(bits), threads=1).logits(np.arange(20, dtype=np.int32))
        with monkeypatch.context() as patch:
            sizes: list[int] = []
            patch.setattr(
                "dragon.engine.safetensors.worth_copying", lambda size, s=sizes: not s.append(size)
            )
            copied = Engine.open(tmp_path / str(bits), threads=1).logits(
                np.arange(20, dtype=np.int32)
            )
            assert sizes == [(tmp_path / str(bits) / "model.safetensors").stat().st_size]
        assert np.array_equal(mapped, copied)


def test_floats_stay_mapped(tmp_path: Path, everything_copied: list[int]) -> None:
    config = ModelConfig(30, 16, 16, 1, 2, 1, 64)
    write_checkpoint(tmp_path / "float", config, random_tensors(config))
    Engine.open(tmp_path / "float", threads=1)
    assert everything_copied == []


def test_a_damaged_file_is_refused_before_it_is_read(
    tmp_path: Path, everything_copied: list[int]
) -> None:
    path = tmp_path / "x.safetensors"
    write_safetensors(path, {"a": ("F32", (2,), lambda: np.ones(2, np.float32))})
    whole = path.read_bytes()
    for length in (0, 7, 20, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            open_safetensors(path, read_often=True)
    path.write_bytes(whole)
    assert open_safetensors(path, read_often=True)["a"].f32().tolist() == [1, 1]
