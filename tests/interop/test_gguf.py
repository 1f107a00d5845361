"""GGUF: what we write llama.cpp reads (where it is installed), what we read is what was written."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dragon.checkpoint import read_config, read_json
from dragon.engine import Engine
from dragon.errors import CheckpointError, ConfigError, InputError, TokenizerError
from dragon.interop.gguf_export import export_gguf
from dragon.interop.gguf_file import open_gguf
from dragon.interop.gguf_import import import_gguf
from dragon.tokenizer import load_tokenizer
from tests.interop.models import MODELS, make
from tests.tokenizer.test_foreign import TEXTS

gguf = pytest.importorskip("gguf", reason="the library gguf is not installed")

IDS = np.random.default_rng(0).integers(0, 300, 40)
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def logits(folder: Path) -> np.ndarray:
    return Engine.open(folder, kernels="numpy").logits(IDS)


@pytest.mark.parametrize("name", MODELS)
def test_there_and_back(tmp_path: Path, name: str) -> None:
    folder = make(name, tmp_path / "model")
    export_gguf(folder, tmp_path / "m.gguf", "f32")
    import_gguf(tmp_path / "m.gguf", tmp_path / "back")
    assert read_config(tmp_path / "back") == read_config(folder)
    np.testing.assert_array_equal(logits(tmp_path / "back"), logits(folder))
    ours, back = load_tokenizer(folder), load_tokenizer(tmp_path / "back")
    for text in TEXTS:
        assert back.encode_prompt(text) == ours.encode_prompt(text)
    template = read_json(tmp_path / "back", "tokenizer_config.json").get("chat_template")
    assert template == read_json(folder, "tokenizer_config.json").get("chat_template")


@pytest.mark.parametrize("name", MODELS)
def test_the_configuration_is_read_from_llama_cpps_settings(tmp_path: Path, name: str) -> None:
    folder = make(name, tmp_path / "model")
    export_gguf(folder, tmp_path / "m.gguf", "f32")
    anonymous = (tmp_path / "m.gguf").read_bytes().replace(b"dragon.config", b"nobody.config")
    (tmp_path / "m.gguf").write_bytes(anonymous)
    import_gguf(tmp_path / "m.gguf", tmp_path / "back")
    np.testing.assert_allclose(logits(tmp_path / "back"), logits(folder), **CLOSE)


@pytest.mark.parametrize(("kind", "error"), [("f16", 0.01), ("q8_0", 0.05)])
def test_smaller_types(tmp_path: Path, kind: Any, error: float) -> None:
    folder = make("qwen3", tmp_path / "model")
    export_gguf(folder, tmp_path / "f32.gguf", "f32")
    export_gguf(folder, tmp_path / "m.gguf", kind)
    sizes = [(tmp_path / f"{name}.gguf").stat().st_size for name in ("m", "f32")]
    assert sizes[0] < 0.6 * sizes[1]
    import_gguf(tmp_path / "m.gguf", tmp_path / "back")
    exact = logits(folder)
    assert np.sqrt(np.mean((logits(tmp_path / "back") - exact) ** 2)) < error * exact.std()


def test_the_library_reads_the_same_header(tmp_path: Path) -> None:
    export_gguf(make("llama3", tmp_path / "model"), tmp_path / "m.gguf", "q8_0")
    ours, theirs = open_gguf(tmp_path / "m.gguf"), gguf.GGUFReader(tmp_path / "m.gguf")
    assert {t.name for t in theirs.tensors} == ours.tensors.keys()
    for tensor in theirs.tensors:
        assert bytes(ours.tensors[tensor.name].data) == tensor.data.tobytes()
    for name, value in ours.settings.items():
        assert theirs.fields[name].contents() == value


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"norm_placement": "post"}, "its shape"),
        ({"reader_features": (20,), "reader_head": "recurrent"}, "reads with a recurrent head"),
        ({"qk_norm": True, "attention_bias": True}, "biases in a Qwen3"),
        ({"qkv_bias": True, "sliding_window": 8}, "a sliding window in a Qwen"),
    ],
)
def test_what_llama_cpp_does_not_compute_is_refused(
    tmp_path: Path, changed: dict[str, Any], problem: str
) -> None:
    folder = make("llama", tmp_path / "model", **changed)
    with pytest.raises(InputError, match=problem):
        export_gguf(folder, tmp_path / "m.gguf")
    assert not (tmp_path / "m.gguf").exists()
    with pytest.raises(ConfigError, match="--type is 'q3'"):
        export_gguf(folder, tmp_path / "m.gguf", "q3")  # type: ignore[arg-type]


def test_a_vocabulary_larger_than_the_model_is_refused(tmp_path: Path) -> None:
    folder = make("llama-tied", tmp_path / "model", vocab_size=100)
    with pytest.raises(TokenizerError, match="the model has 100 rows"):
        export_gguf(folder, tmp_path / "m.gguf")
    assert [path.name for path in tmp_path.glob("*.gguf*")] == []


def written(path: Path, architecture: str = "llama", **settings: Any) -> Path:
    writer = gguf.GGUFWriter(path, architecture)
    for name, value in settings.items():
        add = writer.add_string if isinstance(value, str) else writer.add_uint32
        add(name.replace("__", "."), value)
    writer.add_tensor("token_embd.weight", np.zeros((5, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_what_a_file_lacks_is_named(tmp_path: Path) -> None:
    file, out = tmp_path / "m.gguf", tmp_path / "out"
    with pytest.raises(CheckpointError, match="architecture 'mamba' is not supported"):
        import_gguf(written(file, "mamba"), out)
    with pytest.raises(CheckpointError, match=r"has no setting llama\.embedding_length"):
        import_gguf(written(file), out)
    config = {"vocab_size": 5, "hidden_size": 4, "num_attention_heads": 1, "num_key_value_heads": 1}
    ours = {"dragon__config": json.dumps(config)}
    with pytest.raises(CheckpointError, match=r"lack model\.layers\.0"):
        import_gguf(written(file, **ours), out)
    with pytest.raises(CheckpointError, match=r"model\.hidden_size is 0"):
        import_gguf(written(file, dragon__config='{"hidden_size": 0}'), out)
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="needs llama.cpp")
@pytest.mark.parametrize("kind", ["f32", "f16", "q8_0"])
@pytest.mark.parametrize("name", MODELS)
def test_llama_cpp_writes_the_same(tmp_path: Path, name: str, kind: Any) -> None:
    from tests.interop.llama_cpp_check import differing_steps

    folder = make(name, tmp_path / "model")
    export_gguf(folder, tmp_path / "m.gguf", kind)
    import_gguf(tmp_path / "m.gguf", tmp_path / "back")  # the same rounded weights
    assert differing_steps(tmp_path / "m.gguf", tmp_path / "back", kind, steps=32) == []
