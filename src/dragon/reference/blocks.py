r"""A block: attention and MLP, each with its norm, its dropout and the way around it.

Shapes: B batch, T time, S rows seen, C channels, K key/value heads, D head size.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from dragon.config import ModelConfig
from dragon.reference.arrays import Array
from dragon.reference.sublayers import (
    Around,
    AttentionSaved,
    Gradients,
    KeysValues,
    MlpSaved,
    Parameters,
    after,
    around_backward,
    attention,
    attention_backward,
    before,
    mlp,
    mlp_backward,
)
from dragon.weights import layer_name

ATTENTION_NORM, MLP_NORM = "input_layernorm", "post_attention_layernorm"


@dataclass
class Cache:
    """What a sequence leaves behind for its next tokens.

    Attributes:
        length: rows read so far, S.
        layers: rotated keys and values [B, K, S, D] of every block.
        ids: [B, S] tokens read, kept for a pointer head.
        pointer: [B, S, C] keys of the pointer head.
    """

    length: int = 0
    layers: dict[int, KeysValues] = field(default_factory=dict)
    ids: Array | None = None
    pointer: Array | None = None


@dataclass
class Drop:
    """Dropout while training: its share, and the random numbers that its masks come from."""

    share: float = 0.0
    random: np.random.Generator = field(default_factory=np.random.default_rng)

    def mask(self, shape: tuple[int, ...]) -> Array | None:
        """True where a value is kept; None where all are."""
        return self.random.random(shape) >= self.share if self.share else None


class BlockSaved(NamedTuple):
    """Of one block; `attention.weights` [B, H, T, S] are its attention maps."""

    attention: AttentionSaved
    around_attention: Around
    mlp: MlpSaved
    around_mlp: Around


def block(
    p: Parameters,
    c: ModelConfig,
    layer: int,
    x: Array,
    mask: Array,
    cache: Cache | None,
    drop: Drop,
) -> tuple[Array, BlockSaved]:
    """Block number `layer`, [B, T, C] -> [B, T, C]; the cache gains its keys and values."""
    past = cache.layers.get(layer) if cache else None
    inner, name = layer_name(layer, "self_attn"), layer_name(layer, ATTENTION_NORM)
    y, of_attention = attention(p, c, inner, before(p, c, name, x), mask, past)
    x, around_attention = after(p, c, name, x, y, drop.mask(y.shape), drop.share)
    inner, name = layer_name(layer, "mlp"), layer_name(layer, MLP_NORM)
    y, of_mlp = mlp(p, c, inner, before(p, c, name, x))
    x, around_mlp = after(p, c, name, x, y, drop.mask(y.shape), drop.share)
    if cache is not None:
        cache.layers[layer] = of_attention.k, of_attention.v
    return x, BlockSaved(of_attention, around_attention, of_mlp, around_mlp)


def block_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, layer: int, dy: Array, s: BlockSaved
) -> Array:
    """Backward of `block`, read without a past: the MLP half first."""

    def into_mlp(d: Array) -> Array:
        return mlp_backward(p, c, grads, layer_name(layer, "mlp"), d, s.mlp)

    def into_attention(d: Array) -> Array:
        return attention_backward(p, c, grads, layer_name(layer, "self_attn"), d, s.attention)

    name = layer_name(layer, MLP_NORM)
    dy = around_backward(p, c, grads, name, dy, s.around_mlp, into_mlp)
    name = layer_name(layer, ATTENTION_NORM)
    return around_backward(p, c, grads, name, dy, s.around_attention, into_attention)
