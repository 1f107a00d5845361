r"""Attention: every row asks (query), every row offers (key) and brings (value).

Shapes: B batch, T rows that ask, S rows that can be seen, H query heads, K key/value heads with
G = H / K query heads each, D head size.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.reference.arrays import Array, namespace
from dragon.reference.softmax import softmax, softmax_backward


def visible(config: ModelConfig, start: int, length: int, prefix: int = 0) -> NDArray[np.bool_]:
    """Who sees whom, [T, S]: True where row start + t may look at column s; S = start + length.

    Args:
        config: `attention` and `sliding_window` decide.
        start: rows that were read before.
        length: rows that ask now, T.
        prefix: with prefix attention, how many first columns everyone sees.

    >>> c = ModelConfig(attention="prefix")
    >>> visible(c, 0, 3, prefix=2).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    row, column = np.ogrid[start : start + length, : start + length]
    if config.attention == "bidirectional":
        return np.full((length, start + length), True)
    seen: NDArray[np.bool_] = column <= row
    if config.sliding_window:
        seen = seen & (column > row - config.sliding_window)
    return seen | (column < prefix) if config.attention == "prefix" else seen


def split_heads(x: Array, heads: int) -> Array:  # [B, T, H*D] -> [B, H, T, D]
    """Cut the channels into heads; the way back is `merge_heads`.

    >>> split_heads(np.array([[[1, 2, 3, 4]]]), 2).tolist()
    [[[[1, 2]], [[3, 4]]]]
    """
    xp = namespace(x)
    b, t, width = x.shape
    return xp.permute_dims(xp.reshape(x, (b, t, heads, width // heads)), (0, 2, 1, 3))


def merge_heads(x: Array) -> Array:  # [B, H, T, D] -> [B, T, H*D]
    """Put the heads side by side again; moving numbers about, its gradient is `split_heads`.

    >>> merge_heads(np.array([[[[1, 2]], [[3, 4]]]])).tolist()
    [[[1, 2, 3, 4]]]
    """
    xp = namespace(x)
    b, heads, t, d = x.shape
    return xp.reshape(xp.permute_dims(x, (0, 2, 1, 3)), (b, t, heads * d))


def attend(
    q: Array, k: Array, v: Array, mask: Array
) -> tuple[Array, Array]:  # [B, H, T, D], [B, K, S, D] twice, [T, S] -> [B, H, T, D], [B, H, T, S]
    r"""$y = P v$ with $P = \mathrm{softmax}(q k^\top / \sqrt D)$ (Vaswani et al. 2017).

    Dividing by $\sqrt D$ keeps the scores of random vectors at variance 1. With K < H heads the G
    queries of a group share a key and a value (Ainslie et al. 2023, arXiv:2305.13245): their rows
    are laid under one another, so that one product serves the group.

    Returns:
        What was gathered, and the weights $P$.

    >>> one = np.array([[[[1.0, 0.0]]]])
    >>> k, v = np.zeros((1, 1, 2, 2)), np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> attend(one, k, v, np.array([[True, True]]))[0].tolist()
    [[[[2.0, 3.0]]]]
    """
    xp = namespace(q)
    (b, heads, t, d), (kv, s) = q.shape, k.shape[1:3]
    under = xp.reshape(q, (b, kv, heads // kv * t, d))  # [B, K, G*T, D]
    scores = xp.matmul(under, xp.matrix_transpose(k)) / math.sqrt(d)  # [B, K, G*T, S]
    scores = xp.reshape(scores, (b, heads, t, s))
    weights = softmax(xp.where(mask, scores, xp.full_like(scores, -math.inf)))
    mixed = xp.matmul(xp.reshape(weights, (b, kv, heads // kv * t, s)), v)
    return xp.reshape(mixed, q.shape), weights


def attend_backward(
    dy: Array, q: Array, k: Array, v: Array, weights: Array
) -> tuple[Array, Array, Array]:  # -> [B, H, T, D], [B, K, S, D] twice
    r"""$dv = P^\top dy$, $dP = dy\,v^\top$, $ds = P \odot (dP - \sum dP \odot P)$,
    $dq = ds\,k / \sqrt D$, $dk = ds^\top q / \sqrt D$.

    $y = Pv$ and $s = q k^\top/\sqrt D$ are products, softmax stands between them. A masked score
    has $P = 0$, hence no gradient. A key that a group shares gets the sum over the group: the
    rows lie under one another, and the product sums over all of them.

    >>> one, v = np.array([[[[1.0, 0.0]]]]), np.array([[[[1.0, 0.0], [0.0, 0.0]]]])
    >>> half = np.full((1, 1, 1, 2), 0.5)
    >>> dq, dk, dv = attend_backward(one, one, np.zeros((1, 1, 2, 2)), v, half)
    >>> dk.round(4).tolist(), dv.tolist()
    ([[[[0.1768, 0.0], [-0.1768, 0.0]]]], [[[[0.5, 0.0], [0.5, 0.0]]]])
    """
    (b, heads, t, d), (kv, s) = q.shape, k.shape[1:3]
    rows = (b, kv, heads // kv * t)
    p, g = weights.reshape(*rows, s), dy.reshape(*rows, d)
    ds = softmax_backward(g @ v.swapaxes(-1, -2), p) / math.sqrt(d)
    dk = ds.swapaxes(-1, -2) @ q.reshape(*rows, d)
    return (ds @ k).reshape(q.shape), dk, p.swapaxes(-1, -2) @ g
