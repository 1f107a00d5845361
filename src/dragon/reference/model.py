r"""The body, there and back: ids become states; the gradient of the states reaches every tensor.

In: token ids [B, T] and the tensors of `dragon.weights` by name, of NumPy, PyTorch or JAX. Out:
states [B, T, C]; on the way back a gradient for every tensor (NumPy).

Shapes: B batch, T rows, S rows seen, C channels, F features.
"""

from dataclasses import dataclass, field

import numpy as np

from dragon.config import ModelConfig
from dragon.reference.arrays import Array, constant
from dragon.reference.blocks import BlockSaved, Cache, Drop, block, block_backward
from dragon.reference.context import Saved as ContextSaved
from dragon.reference.context import context, context_backward
from dragon.reference.linear import dropout, dropout_backward, embedding, embedding_backward
from dragon.reference.positions import sinusoids
from dragon.reference.sublayers import Gradients, Parameters, add, norm, norm_backward

TOKENS, POSITIONS = "model.embed_tokens.weight", "model.embed_positions.weight"


@dataclass
class Saved:
    """Of `states`: what the way back needs.

    Attributes:
        ids, features: as they were read.
        kept, share: dropout of the embedding.
        blocks: of each block.
        last: [B, T, C] before the final norm.
        context: of the words around each word, where a reader has it.
    """

    ids: Array
    features: Array | None
    kept: Array | None
    share: float
    blocks: list[BlockSaved] = field(default_factory=list)
    last: Array = None
    context: ContextSaved | None = None


def states(
    p: Parameters,
    c: ModelConfig,
    ids: Array,
    mask: Array,
    features: Array | None = None,
    cache: Cache | None = None,
    drop: Drop | None = None,
) -> tuple[Array, Saved]:
    """Final states [B, T, C].

    Args:
        p: tensors by name.
        c: their configuration.
        ids: [B, T].
        mask: [T, S], True where a row may look at a column.
        features: [B, T, F] where a reader reads.
        cache: what was read before; gains these rows.
        drop: dropout; none by default.

    Returns:
        The states, and what `states_backward` needs.
    """
    drop = drop or Drop()
    x, of_context = embedding(p[TOKENS], ids), None
    if c.reader_context and features is not None:
        around, of_context = context(p, c, x)
        x = x + around
    for table, column in _columns(features):
        x = x + embedding(p[table], column)
    saved = Saved(ids, features, drop.mask(x.shape), drop.share, context=of_context)
    x = _placed(p, c, dropout(x, saved.kept, drop.share), cache.length if cache else 0)
    for layer in range(c.num_hidden_layers):
        x, of_block = block(p, c, layer, x, mask, cache, drop)
        saved.blocks.append(of_block)
    if cache is not None:
        cache.length += x.shape[1]
    saved.last = x
    return (norm(p, c, "model.norm", x) if c.norm_placement == "pre" else x), saved


def states_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, dy: Array, saved: Saved
) -> None:
    """From the gradient of the states [B, T, C] to that of every tensor below them."""
    if c.norm_placement == "pre":
        dy = norm_backward(p, c, grads, "model.norm", dy, saved.last)
    for layer in reversed(range(c.num_hidden_layers)):
        dy = block_backward(p, c, grads, layer, dy, saved.blocks[layer])
    if c.position == "learned":
        d_table = np.zeros_like(p[POSITIONS])
        d_table[: dy.shape[1]] = dy.sum(axis=0)
        add(grads, POSITIONS, d_table)
    dy = dropout_backward(dy, saved.kept, saved.share)
    for table, column in _columns(saved.features):
        add(grads, table, embedding_backward(dy, p[table], column))
    if saved.context is not None:
        dy = dy + context_backward(p, c, grads, dy, saved.context)
    add(grads, TOKENS, embedding_backward(dy, p[TOKENS], saved.ids))


def _placed(p: Parameters, c: ModelConfig, x: Array, start: int) -> Array:  # [B, T, C] -> same
    if c.position == "learned":
        return x + p[POSITIONS][start : start + x.shape[1], :]
    if c.position == "sinusoidal":
        return x + constant(sinusoids(start, x.shape[1], c.hidden_size), x)
    return x


def _columns(features: Array | None) -> list[tuple[str, Array]]:
    """The name of each feature table and its indices [B, T]."""
    if features is None:
        return []
    return [
        (f"dragon.features.{table}.weight", features[..., table])
        for table in range(features.shape[-1])
    ]
