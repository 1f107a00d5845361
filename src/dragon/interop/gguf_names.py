"""What GGUF calls the tensors and settings of our families.

In: our names. Out: llama.cpp's; and the way back. Rows of queries and keys stand in another order
for the architecture `llama`: there the rotation turns neighbours, in ours halves.
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.weights import layer_name

Values = NDArray[Any]

# By family; Mistral is a Llama whose window llama.cpp does not know.
ARCHITECTURES = {
    "gpt2": "gpt2",
    "llama": "llama",
    "mistral": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
}
TOP = {
    "model.embed_tokens": "token_embd",
    "model.embed_positions": "position_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
}
BLOCK = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
FUSED = "attn_qkv"  # GPT-2 only
ROPE_FREQS = "rope_freqs.weight"
CONFIG_KEY = "dragon.config"

_OURS = {theirs: ours for ours, theirs in (TOP | BLOCK).items()}
_LAYER = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")
_OUR_LAYER = re.compile(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)")


def gguf_name(name: str) -> str:
    """Llama.cpp's name of one of our tensors.

    >>> gguf_name("model.layers.3.mlp.up_proj.weight")
    'blk.3.ffn_up.weight'
    """
    if match := _OUR_LAYER.fullmatch(name):
        return f"blk.{match[1]}.{BLOCK[match[2]]}.{match[3]}"
    part, _, kind = name.rpartition(".")
    return f"{TOP[part]}.{kind}"


def our_name(name: str) -> str | None:
    """Our name of one of llama.cpp's tensors; None for one that we have no place for.

    >>> our_name("blk.3.ffn_up.weight")
    'model.layers.3.mlp.up_proj.weight'
    """
    if match := _LAYER.fullmatch(name):
        part = _OURS.get(match[2])
        return layer_name(int(match[1]), f"{part}.{match[3]}") if part in BLOCK else None
    part, _, kind = name.rpartition(".")
    return f"{_OURS[part]}.{kind}" if _OURS.get(part) in TOP else None


def turned_heads(config: ModelConfig, name: str) -> int:
    """Heads of a tensor whose rows the architecture `llama` orders differently; 0 for others."""
    if "self_attn.q_proj." in name:
        return config.num_attention_heads
    return config.num_key_value_heads if "self_attn.k_proj." in name else 0


def to_neighbours(rows: Values, heads: int) -> Values:
    """Rows [H D, ...] whose halves are rotated together -> neighbours are."""
    halves = rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


def to_halves(rows: Values, heads: int) -> Values:
    """The inverse of `to_neighbours`.

    >>> to_neighbours(np.arange(8), 2).tolist()
    [0, 2, 1, 3, 4, 6, 5, 7]
    >>> to_halves(to_neighbours(np.arange(8), 2), 2).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    pairs = rows.reshape(heads, len(rows) // heads // 2, 2, *rows.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(rows.shape)
