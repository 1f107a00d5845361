r"""The two mouths: states become next-token scores (language) or start and end scores (reading).

Shapes: B batch, T rows, S rows seen, C channels, F features, V vocabulary.
"""

from typing import NamedTuple

import numpy as np

from dragon.config import ModelConfig
from dragon.reference import recurrent
from dragon.reference.activations import sigmoid, sigmoid_backward
from dragon.reference.arrays import Array, constant, namespace
from dragon.reference.attention import visible
from dragon.reference.blocks import Cache
from dragon.reference.linear import linear, linear_backward
from dragon.reference.model import TOKENS, states
from dragon.reference.pointer import (
    copy_weights,
    copy_weights_backward,
    mix,
    mix_backward,
)
from dragon.reference.sublayers import Gradients, Parameters, add, project, project_backward


class PointerSaved(NamedTuple):
    """Of `language` with a pointer head, in the shapes of `dragon.reference.pointer`."""

    q: Array
    k: Array
    weights: Array
    gate: Array
    ids: Array
    logits: Array
    mixed: Array


def output_name(c: ModelConfig) -> str:
    """The matrix that turns states into logits; tied, it is the embedding table."""
    return TOKENS if c.tie_word_embeddings else "lm_head.weight"


def language(
    p: Parameters, c: ModelConfig, x: Array, ids: Array, mask: Array, cache: Cache | None = None
) -> tuple[Array, PointerSaved | None]:
    """States [B, T, C] -> next-token logits [B, T, V]; log-probabilities with a pointer head."""
    plain = linear(x, p[output_name(c)])
    if not c.pointer_head:
        return plain, None
    q, k = project(p, "dragon.pointer.query", x), project(p, "dragon.pointer.key", x)
    if cache is not None:
        if cache.pointer is not None:
            concat = namespace(x).concat
            k, ids = concat((cache.pointer, k), axis=1), concat((cache.ids, ids), axis=1)
        cache.pointer, cache.ids = k, ids
    weights = copy_weights(q, k, mask)
    gate = sigmoid(project(p, "dragon.pointer.gate", x))
    mixed = mix(plain, weights, gate, ids)
    return mixed, PointerSaved(q, k, weights, gate, ids, plain, mixed)


def language_backward(
    p: Parameters, c: ModelConfig, grads: Gradients, dy: Array, x: Array, s: PointerSaved | None
) -> Array:
    """From the gradient of the scores [B, T, V] to that of the states [B, T, C]."""
    dx = np.zeros_like(x)
    if s is not None:
        dy, d_weights, d_gate = mix_backward(dy, s.mixed, s.logits, s.weights, s.gate, s.ids)
        dq, dk = copy_weights_backward(d_weights, s.q, s.k, s.weights)
        d_gate = sigmoid_backward(d_gate, s.gate)
        for name, d in (("query", dq), ("key", dk), ("gate", d_gate)):
            dx = dx + project_backward(p, grads, f"dragon.pointer.{name}", d, x)
    d_states, dw, _ = linear_backward(dy, x, p[output_name(c)])
    add(grads, output_name(c), dw)
    return dx + d_states


def logits(
    p: Parameters, c: ModelConfig, ids: Array, prefix: int = 0, cache: Cache | None = None
) -> Array:
    """Ids [B, T] -> next-token logits [B, T, V], the way a text is read.

    Args:
        p: tensors by name, of any library.
        c: their configuration.
        ids: [B, T] of the same library.
        prefix: with prefix attention, how many first tokens everyone sees.
        cache: what was read before; gains these tokens.
    """
    start = cache.length if cache else 0
    mask = constant(visible(c, start, ids.shape[1], prefix), p[TOKENS])
    x, _ = states(p, c, ids, mask, cache=cache)
    return language(p, c, x, ids, mask, cache)[0]


def spans(
    p: Parameters, c: ModelConfig, x: Array, features: Array
) -> tuple[Array, recurrent.Saved | None]:
    """States [B, T, C] and features [B, T, F] -> start and end scores [B, T, 2]."""
    if c.reader_head == "recurrent":
        return recurrent.head(p, x, recurrent.asked_rows(features))
    return project(p, "dragon.span", x), None


def spans_backward(
    p: Parameters, grads: Gradients, dy: Array, x: Array, s: recurrent.Saved | None
) -> Array:
    """From the gradient of the scores [B, T, 2] to that of the states [B, T, C]."""
    if s is not None:
        return recurrent.head_backward(p, grads, dy, s)
    return project_backward(p, grads, "dragon.span", dy, x)


def span_scores(p: Parameters, c: ModelConfig, ids: Array, features: Array) -> Array:
    """Ids [B, T] and features [B, T, F] -> start and end scores [B, T, 2]; all see all."""
    mask = constant(np.full((ids.shape[1],) * 2, True), p[TOKENS])
    x, _ = states(p, c, ids, mask, features)
    return spans(p, c, x, features)[0]
