"""A GGUF file as a model folder of ours.

In: FILE.gguf of a GPT-2, Llama, Mistral, Qwen2 or Qwen3. Out: config.json, model.safetensors in
float32, tokenizer files. A file that we wrote carries its configuration; of others it is read from
llama.cpp's settings.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dragon.checkpoint import (
    GENERATION_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    check_tensors,
    write_checkpoint,
)
from dragon.config import ModelConfig, from_dict
from dragon.errors import CheckpointError, ConfigError
from dragon.interop.gguf_file import Gguf, open_gguf
from dragon.interop.gguf_names import (
    CONFIG_KEY,
    FUSED,
    ROPE_FREQS,
    Values,
    our_name,
    to_halves,
    turned_heads,
)
from dragon.interop.gguf_tokenizer import read_tokenizer
from dragon.rotary import rope_frequencies
from dragon.weights import layer_name, tensor_shapes

SUPPORTED = ("gpt2", "llama", "qwen2", "qwen3")
LLAMA3_CONTEXT = 8192  # before it was stretched: the only one in use, and no setting names it


def import_gguf(file: Path, target: Path) -> None:
    """Write a model folder from a GGUF file, beside and renamed.

    Args:
        file: the GGUF file.
        target: the new folder; replaced as a whole.

    Raises:
        CheckpointError: if the file is damaged or of another architecture.
        TokenizerError: if its tokenizer is.
        ConfigError: if quantised blocks need the library `gguf` and it is missing.
    """
    gguf = open_gguf(file)
    architecture = gguf.settings.get("general.architecture")
    if architecture not in SUPPORTED:
        raise CheckpointError(
            f"{file}: architecture {architecture!r} is not supported.",
            f"Supported: {', '.join(SUPPORTED)}.",
        )
    config = _config(gguf, architecture, file)
    tensors = _tensors(gguf, architecture, config)
    check_tensors(config, {name: t.shape for name, t in tensors.items()})
    inner = read_tokenizer(gguf.settings, str(file))
    written = {name: tensors[name] for name in tensor_shapes(config)}

    def also(folder: Path) -> None:
        ends = gguf.settings.get("tokenizer.ggml.eos_token_id")
        generation = {"do_sample": False, "eos_token_id": ends}
        (folder / GENERATION_FILE).write_text(json.dumps(generation) + "\n", "utf-8")
        if inner is not None:
            (folder / TOKENIZER_FILE).write_text(inner.to_str(pretty=True) + "\n", "utf-8")
            text = json.dumps(_tokenizer_config(gguf.settings), indent=2, ensure_ascii=False)
            (folder / TOKENIZER_CONFIG_FILE).write_text(text + "\n", "utf-8")

    write_checkpoint(target, config, written, also=also)


def _config(gguf: Gguf, architecture: str, file: Path) -> ModelConfig:
    ours = gguf.settings.get(CONFIG_KEY)
    try:
        values = json.loads(ours) if isinstance(ours, str) else None
        values = values if isinstance(values, dict) else _settings(gguf, architecture, file)
        return from_dict(ModelConfig, values, "model")
    except (ConfigError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file}: {error}") from None


def _settings(gguf: Gguf, architecture: str, file: Path) -> dict[str, Any]:
    def setting(name: str, *otherwise: Any) -> Any:
        key = f"{architecture}.{name}"
        if key not in gguf.settings and not otherwise:
            raise CheckpointError(f"{file} has no setting {key}.", "It is incomplete.")
        return gguf.settings.get(key, *otherwise)

    names = gguf.tensors.keys()
    vocabulary = gguf.tensors.get("token_embd.weight")
    if vocabulary is None:
        raise CheckpointError(f"{file} has no token_embd.weight.", "It is incomplete.")
    values = {
        "vocab_size": vocabulary.shape[0],
        "hidden_size": setting("embedding_length"),
        "intermediate_size": setting("feed_forward_length"),
        "num_hidden_layers": setting("block_count"),
        "num_attention_heads": setting("attention.head_count"),
        "max_position_embeddings": setting("context_length"),
        "tie_word_embeddings": "output.weight" not in names,
        "mlp_bias": "blk.0.ffn_up.bias" in names,
        "attention_bias": "blk.0.attn_output.bias" in names,
    }
    heads = values["num_attention_heads"]
    if architecture == "gpt2":
        values |= {"position": "learned", "norm": "layernorm", "activation": "gelu_tanh"}
        norm = setting("attention.layer_norm_epsilon")
        return values | {
            "num_key_value_heads": heads,
            "norm_eps": norm,
            "tie_word_embeddings": _is_tied(gguf),
        }
    values |= {
        "num_key_value_heads": setting("attention.head_count_kv", heads),
        "norm_eps": setting("attention.layer_norm_rms_epsilon"),
        "rope_theta": setting("rope.freq_base", 10000.0),
        "head_dim": setting("attention.key_length", 0),
        "qk_norm": architecture == "qwen3",
        "qkv_bias": "blk.0.attn_q.bias" in names and "blk.0.attn_output.bias" not in names,
    }
    return values | _rope(gguf, setting, values, file)


def _rope(
    gguf: Gguf, setting: Callable[..., Any], values: dict[str, Any], file: Path
) -> dict[str, Any]:
    kind = setting("rope.scaling.type", "none")
    if ROPE_FREQS in gguf.tensors:
        return _llama3(gguf, values, file)
    if kind == "none":
        return {}
    if kind not in ("linear", "yarn"):
        raise CheckpointError(f"{file}: rope.scaling.type {kind!r} is not supported.")
    scaling = {"rope_scaling": kind, "rope_factor": setting("rope.scaling.factor")}
    if kind == "yarn":
        scaling["rope_original_positions"] = setting("rope.scaling.original_context_length")
    return scaling


def _llama3(gguf: Gguf, values: dict[str, Any], file: Path) -> dict[str, Any]:
    """Llama 3's scaling from the table that it left, if its usual settings explain it."""
    table = gguf.tensors[ROPE_FREQS].f32()
    scaling = {
        "rope_scaling": "llama3",
        "rope_factor": float(table.max()) if table.size else 0.0,
        "rope_original_positions": LLAMA3_CONTEXT,
    }
    plain = rope_frequencies(from_dict(ModelConfig, values, "model"))
    ours = plain / rope_frequencies(from_dict(ModelConfig, values | scaling, "model"))
    if table.shape != ours.shape or not np.allclose(table, ours, rtol=1e-3):
        raise CheckpointError(
            f"{file}: {ROPE_FREQS} is not the table of Llama 3.", "It is not supported."
        )
    return scaling


def _is_tied(gguf: Gguf) -> bool:
    """Whether a GPT-2's output matrix, which llama.cpp wants written out, is its embedding."""
    output = gguf.tensors.get("output.weight")
    return output is None or output.data == gguf.tensors["token_embd.weight"].data


def _tensors(gguf: Gguf, architecture: str, config: ModelConfig) -> dict[str, Values]:
    tensors: dict[str, Values] = {}
    for name, tensor in gguf.tensors.items():
        ours = our_name(name)
        if ours is not None:
            values = tensor.f32()
            heads = turned_heads(config, ours) if architecture == "llama" else 0
            fits = heads and not len(values) % (2 * heads)
            tensors[ours] = to_halves(values, heads) if fits else values
    for layer in range(config.num_hidden_layers if architecture == "gpt2" else 0):
        for kind in ("weight", "bias"):
            fused = gguf.tensors.get(f"blk.{layer}.{FUSED}.{kind}")
            if fused is not None and not fused.shape[0] % 3:
                for letter, part in zip("qkv", np.split(fused.f32(), 3), strict=True):
                    tensors[layer_name(layer, f"self_attn.{letter}_proj.{kind}")] = part
    return tensors


def _tokenizer_config(settings: dict[str, Any]) -> dict[str, Any]:
    tokens = settings.get("tokenizer.ggml.tokens", [])
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
    }
    for role, name in (("bos_token", "bos"), ("eos_token", "eos")):
        id = settings.get(f"tokenizer.ggml.{name}_token_id")
        if isinstance(id, int) and 0 <= id < len(tokens):
            config[role] = tokens[id]
    if isinstance(template := settings.get("tokenizer.chat_template"), str):
        config["chat_template"] = template
    return config
