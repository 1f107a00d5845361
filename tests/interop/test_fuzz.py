"""Hostile files: every damage gives an error of ours, or a model that reads inside its file."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.engine import Engine
from dragon.errors import CheckpointError, DragonError
from dragon.interop.gguf_export import export_gguf
from dragon.interop.gguf_file import open_gguf
from dragon.interop.gguf_import import import_gguf
from tests.interop.models import make

pytest.importorskip("gguf", reason="the library gguf is not installed")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("good")
    folder = make("llama3", root / "model", num_hidden_layers=1, hidden_size=8, intermediate_size=6)
    export_gguf(folder, root / "m.gguf", "f32")
    return (root / "m.gguf").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def read(folder: Path, content: bytes) -> int:
    """Bytes of all tensors of a file; 0 for one that is refused."""
    path = folder / "m.gguf"
    path.write_bytes(content)
    try:
        gguf = open_gguf(path)
        import_gguf(path, folder / "out")
    except DragonError:
        return 0
    return sum(tensor.data.nbytes for tensor in gguf.tensors.values())


def test_any_cut_is_refused(folder: Path, good: bytes) -> None:
    end = len(good) - 32  # the file ends in padding, whose loss is none
    for length in [*range(0, 300, 7), *range(300, end, end // 50)]:
        assert read(folder, good[:length]) == 0


HOSTILE = st.one_of(
    st.binary(min_size=1, max_size=8),
    st.sampled_from([0, 1, 2**31, 2**32 - 1]).map(lambda n: struct.pack("<I", n)),
    st.sampled_from([0, 2**32, 2**63 - 1, 2**63, 2**64 - 1]).map(lambda n: struct.pack("<Q", n)),
)


@settings(max_examples=120)
@given(place=st.floats(0, 1), part=HOSTILE, data=st.data())
def test_any_change_of_the_header_is_refused_or_read(
    folder: Path, good: bytes, place: float, part: bytes, data: st.DataObject
) -> None:
    end = data.draw(st.sampled_from([64, 2000, len(good)]))
    start = int(place * (min(end, len(good)) - len(part)))
    assert read(folder, good[:start] + part + good[start + len(part) :]) <= len(good)


@settings(max_examples=60)
@given(content=st.binary(max_size=120))
def test_any_bytes_are_refused(folder: Path, content: bytes) -> None:
    assert read(folder, b"GGUF" + struct.pack("<I", 3) + content) == 0


def header(tensors: int, settings_: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, settings_) + rest


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def tensor(name: bytes, shape: list[int], kind: int, offset: int) -> bytes:
    dims = struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
    return text(name) + dims + struct.pack("<IQ", kind, offset)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "too short"),
        (b"GGML" + bytes(40), "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "has version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "has version 50331648"),
        (header(2**63, 0), "claims 9223372036854775808 entries"),
        (header(0, 2**62), "claims 4611686018427387904 entries"),
        (header(0, 1, struct.pack("<Q", 2**64 - 1) + bytes(20)), "ends inside"),
        (header(0, 1, text(b"k") + struct.pack("<I", 99)), "'k' has the unknown type 99"),
        (header(0, 1, text(b"k") + struct.pack("<IIQ", 9, 4, 2**61)), "ends inside 'k'"),
        (header(0, 1, text(b"k") + struct.pack("<IIQ", 9, 8, 2**60)), "'k' claims"),
        (header(0, 1, text(b"k") + struct.pack("<IIQ", 9, 9, 2)), "'k' has the unknown type 9"),
        (header(0, 1, text(b"\xff") + bytes(12)), "is no UTF-8"),
        (header(0, 2, 2 * (text(b"k") + struct.pack("<IB", 0, 1))), "'k' stands twice"),
        (header(1, 0, tensor(b"t", [], 0, 0) + bytes(32)), "'t' stands twice, or has 0 dim"),
        (header(1, 0, tensor(b"t", [2**32, 2**32], 0, 0)), "'t' lies at bytes"),
        (header(1, 0, tensor(b"t", [4], 0, 2**63)), "'t' lies at bytes"),
        (header(1, 0, tensor(b"t", [4], 77, 0)), "'t' of type 77"),
        (header(1, 0, tensor(b"t", [5], 8, 0) + bytes(64)), "'t' of type 8"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "m.gguf").write_bytes(content)
    with pytest.raises(CheckpointError, match=problem):
        open_gguf(tmp_path / "m.gguf")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.gguf cannot be read"):
        open_gguf(tmp_path / "nowhere.gguf")


CONFIG_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 200),
    st.sampled_from([2**31, 2**63, 1e308, float("nan"), "x", "silu", [], [1], {}, {"type": "x"}]),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders as other libraries write them."""
    from dragon.interop.hugging_face import export_hugging_face

    root = tmp_path_factory.mktemp("folders")
    for name in ("gpt2", "qwen2"):
        folder = make(name, root / f"{name}-ours", num_hidden_layers=1)
        export_hugging_face(folder, root / name)
    return {name: root / name for name in ("gpt2", "qwen2")}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # 1e308 as a norm's epsilon
@settings(max_examples=150)
@given(data=st.data())
def test_any_config_is_refused_or_computes(
    folder: Path, models: dict[str, Path], data: st.DataObject
) -> None:
    source = models[data.draw(st.sampled_from(sorted(models)))]
    values = json.loads((source / "config.json").read_text())
    names = [*sorted(values), "rope_scaling", "sliding_window", "use_sliding_window", "head_dim"]
    for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
        values[name] = data.draw(CONFIG_VALUES)
    target = folder / "config"
    target.mkdir(exist_ok=True)
    (target / "config.json").write_text(json.dumps(values))
    (target / "model.safetensors").unlink(missing_ok=True)
    (target / "model.safetensors").hardlink_to(source / "model.safetensors")
    try:
        engine = Engine.open(target, kernels="numpy")
        assert np.isfinite(engine.logits(np.array([1, 2]))).all()
    except DragonError:
        return
