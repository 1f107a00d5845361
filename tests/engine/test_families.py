"""Folders that `transformers` writes are opened as they are, and compute the same."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dragon.checkpoint import read_config
from dragon.engine import Engine
from dragon.engine.folder import open_weights
from dragon.engine.kernels import _why_not_native, native_is_built
from dragon.errors import CheckpointError
from dragon.weights import tensor_shapes
from tests.engine.families import FAMILIES, greedy, logits, make, save

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

CLOSE = {"rtol": 1e-4, "atol": 1e-4}
PROMPT = [int(i) for i in np.random.default_rng(0).integers(0, 97, 40)]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_saved_model_computes_the_same(tmp_path: Path, name: str) -> None:
    model = make(name)
    folder = save(model, tmp_path)
    config = read_config(folder)
    kernels = ["numpy"]
    if native_is_built() and _why_not_native(config) is None:
        kernels.append("native")
    expected, written = logits(model, PROMPT), greedy(model, PROMPT[:8], 64)
    for kernel in kernels:
        engine = Engine.open(folder, kernels=kernel)
        np.testing.assert_allclose(engine.logits(np.array(PROMPT)), expected, **CLOSE)
        assert list(engine.generate(PROMPT[:8], max_tokens=64)) == written


@pytest.mark.parametrize("name", ["gpt2", "qwen2"])
def test_shards_and_missing_prefixes(tmp_path: Path, name: str) -> None:
    model = make(name)
    whole = Engine.open(save(model, tmp_path / "whole")).logits(np.array(PROMPT))
    sharded = save(model, tmp_path / "sharded", max_shard_size="40KB")
    assert len(list(sharded.glob("*.safetensors"))) > 1
    np.testing.assert_array_equal(Engine.open(sharded).logits(np.array(PROMPT)), whole)
    if model.config.tie_word_embeddings:  # the body alone knows its own head
        bare = save(model.base_model, tmp_path / "bare")
        np.testing.assert_array_equal(Engine.open(bare).logits(np.array(PROMPT)), whole)


@pytest.mark.parametrize("name", ["gpt2", "llama-tied-biased"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision(tmp_path: Path, name: str, dtype: str) -> None:
    model = make(name)
    save(model.to(getattr(torch, dtype)), tmp_path)
    # Opened anew: the conversion has rounded the rotary frequencies as well.
    rounded = type(model).from_pretrained(tmp_path, dtype=torch.float32).eval()
    ours = Engine.open(tmp_path, kernels="numpy").logits(np.array(PROMPT))
    np.testing.assert_allclose(ours, logits(rounded, PROMPT), **CLOSE)


def test_weights_are_views_of_the_file(tmp_path: Path) -> None:
    save(make("gpt2"), tmp_path)
    tensors = open_weights(tmp_path)
    assert tensors.keys() >= tensor_shapes(read_config(tmp_path)).keys()
    assert not any(tensor.array.flags.owndata for tensor in tensors.values())


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(make("llama"), tmp_path_factory.mktemp("llama"))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"model_type": "mamba"}, "model_type 'mamba' is not supported. Supported: gpt2, llama"),
        ({"model_type": ["llama"]}, r"model_type \['llama'\] is not supported"),
        ({"hidden_act": "relu"}, "hidden_act 'relu' is not supported"),
        ({"rope_parameters": {"rope_type": "longrope"}}, "rope_type 'longrope' is not supported"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "beta_fast": 8}}, "beta_fast is"),
        ({"rope_parameters": {"rope_type": "linear"}}, "rope_factor is None"),
        ({"rope_parameters": [1]}, r"rope_scaling is \[1\]"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor is 0.5"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantization_config is"),
        ({"num_attention_heads": None}, "config.json has no num_attention_heads"),
        ({"head_dim": 7}, "model.head_dim is 7"),
        ({"hidden_size": "wide"}, "model.hidden_size is 'wide'"),
        ({"vocab_size": 98}, r"model.embed_tokens.weight has shape \(97, 48\); config.json says"),
        ({"intermediate_size": 81}, r"layers.0.mlp.gate_proj.weight has shape \(80, 48\)"),
        ({"num_hidden_layers": 4}, "lack model.layers.3.input_layernorm.weight"),
        ({"model_type": "qwen2"}, "lack model.layers.0.self_attn.q_proj.bias"),
        ({"model_type": "qwen3", "head_dim": 8}, "lack model.layers.0.self_attn.q_norm.weight"),
        (
            {
                "model_type": "qwen2",
                "use_sliding_window": True,
                "layer_types": ["sliding_attention"],
            },
            "some layers have a sliding window",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    llama: Path, tmp_path: Path, values: dict[str, object], problem: str
) -> None:
    folder = shutil.copytree(llama, tmp_path / "m")
    config = json.loads((folder / "config.json").read_text()) | values
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=problem):
        Engine.open(folder)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"activation_function": "tanh"}, "activation_function 'tanh' is not supported"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({"n_embd": "x"}, "model.hidden_size is 'x'"),
        ({"n_embd": 96}, r"model.embed_tokens.weight has shape \(97, 48\)"),
    ],
)
def test_what_does_not_fit_gpt2_is_named(
    tmp_path: Path, values: dict[str, object], problem: str
) -> None:
    save(make("gpt2"), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text()) | values
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=problem):
        Engine.open(tmp_path)


def test_incomplete_downloads_are_named(llama: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((llama / "config.json").read_text())
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors"):
        Engine.open(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin, which only PyTorch reads"):
        Engine.open(tmp_path)
    index = tmp_path / "model.safetensors.index.json"
    for places, problem in [
        ({"a": "model-00002.safetensors"}, r"has no model-00002\.safetensors"),
        ({"a": "../x.safetensors"}, "must lie in the folder"),
        ({"a": 3}, "has no weight_map"),
        ([], "has no weight_map"),
    ]:
        index.write_text(json.dumps({"weight_map": places}))
        with pytest.raises(CheckpointError, match=problem):
            Engine.open(tmp_path)
    shutil.copy(llama / "model.safetensors", tmp_path / "model-1.safetensors")
    index.write_text(json.dumps({"weight_map": {"lm_head.weight": "model-1.safetensors"}}))
    with pytest.raises(CheckpointError, match=r"The weights lack model\.embed_tokens"):
        Engine.open(tmp_path)


def test_a_fused_matrix_that_is_none(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    save(make("gpt2"), tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    name = next(n for n in tensors if n.endswith("h.1.attn.c_attn.weight"))
    tensors[name] = np.zeros((48, 100), np.float32)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"h\.1\.attn\.c_attn\.weight has shape \(48, 100\)"):
        Engine.open(tmp_path)
