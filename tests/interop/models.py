"""Small models of every family with a tokenizer, as folders of ours."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.weights import tensor_shapes
from tests.tokenizer.foreign import write

SMALL: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
GPT2: dict[str, Any] = {
    **SMALL,
    "num_key_value_heads": 4,
    "position": "learned",
    "norm": "layernorm",
    "activation": "gelu_tanh",
    "attention_bias": True,
    "mlp_bias": True,
}
# A family's configuration, and the kind of tokenizer that it comes with.
MODELS: dict[str, tuple[dict[str, Any], str]] = {
    "gpt2": (GPT2, "gpt-2"),
    "gpt2-untied": ({**GPT2, "tie_word_embeddings": False}, "gpt-2"),
    "llama": ({**SMALL, "tie_word_embeddings": False}, "llama-2"),
    "llama-tied": (SMALL, "smollm"),
    "llama-linear": ({**SMALL, "rope_scaling": "linear", "rope_factor": 2.0}, "llama-2"),
    "llama3": (
        {
            **SMALL,
            "rope_scaling": "llama3",
            "rope_factor": 8.0,
            "rope_original_positions": 8192,
            "rope_theta": 500000.0,
        },
        "llama-bpe",
    ),
    "mistral": ({**SMALL, "sliding_window": 48, "head_dim": 32}, "llama-2"),
    "qwen2": ({**SMALL, "qkv_bias": True}, "qwen2"),
    "qwen2-yarn": (
        {
            **SMALL,
            "qkv_bias": True,
            "rope_scaling": "yarn",
            "rope_factor": 4.0,
            "rope_original_positions": 32,
        },
        "qwen2",
    ),
    "qwen3": ({**SMALL, "qk_norm": True, "head_dim": 32, "norm_eps": 1e-6}, "qwen2"),
}


def make(name: str, folder: Path, **changed: Any) -> Path:
    """Write a model; its values are large enough that every part of it is felt."""
    values, kind = MODELS[name]
    tokens = write(kind, folder.with_name(f"{folder.name}-tokenizer"))
    vocab = json.loads((tokens / "tokenizer.json").read_text("utf-8"))
    ids = [*vocab["model"]["vocab"].values(), *(t["id"] for t in vocab["added_tokens"])]
    config = ModelConfig(**{"vocab_size": max(ids) + 4, **values, **changed})
    write_checkpoint(folder, config, tensors(config), tokens)
    return folder


def tensors(config: ModelConfig) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    made = {}
    for name, shape in tensor_shapes(config).items():
        values = random.standard_normal(shape) * (0.2 if len(shape) == 1 else shape[-1] ** -0.5)
        made[name] = (values + ("norm.weight" in name)).astype(np.float32)
        if "embed_tokens" in name:
            made[name] *= 4
    return made
