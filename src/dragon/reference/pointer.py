r"""The pointer head: the next token is a word of the vocabulary or a copy of one already read.

Shapes: B batch, T rows, S tokens read (the last T of them are the rows'), C channels, V vocabulary.
The gate $g$ is the probability of the vocabulary (See et al. 2017, arXiv:1704.04368, equation 9).
"""

import math

import numpy as np

from dragon.reference.arrays import Array, namespace
from dragon.reference.softmax import softmax, softmax_backward

FLOOR = 1e-12  # of a probability, before its logarithm is taken


def copy_weights(q: Array, k: Array, mask: Array) -> Array:  # [B, T, C], [B, S, C] -> [B, T, S]
    r"""$A = \mathrm{softmax}(q k^\top / \sqrt C)$ over the tokens that a row may see.

    >>> copy_weights(np.zeros((1, 1, 2)), np.zeros((1, 2, 2)), np.array([[True, True]])).tolist()
    [[[0.5, 0.5]]]
    """
    xp = namespace(q)
    scores = xp.matmul(q, xp.matrix_transpose(k)) / math.sqrt(q.shape[-1])
    return softmax(xp.where(mask, scores, xp.full_like(scores, -math.inf)))


def copy_weights_backward(da: Array, q: Array, k: Array, a: Array) -> tuple[Array, Array]:
    r"""As in attention: $ds = A \odot (dA - \sum dA \odot A)$, $dq = ds\,k/\sqrt C$, $dk$ likewise.

    >>> a, q, k = np.full((1, 1, 2), 0.5), np.ones((1, 1, 1)), np.zeros((1, 2, 1))
    >>> copy_weights_backward(np.array([[[1.0, 0.0]]]), q, k, a)[1].tolist()
    [[[0.25], [-0.25]]]
    """
    ds = softmax_backward(da, a) / math.sqrt(q.shape[-1])
    return ds @ k, ds.swapaxes(-1, -2) @ q


def mix(
    logits: Array, copied: Array, gate: Array, ids: Array
) -> Array:  # [B, T, V], [B, T, S], [B, T, 1], [B, S] -> [B, T, V]
    r"""$\log(g\,\mathrm{softmax}(l) + (1 - g)\,A\,O)$ with one-hot rows $O_{sv} = [id_s = v]$.

    $A O$ adds up what points at the same word, wherever it stands.

    >>> half, gate = np.array([[[0.5, 0.5]]]), np.array([[[0.5]]])
    >>> mix(np.zeros((1, 1, 2)), half, gate, np.array([[1, 1]])).round(4).tolist()
    [[[-1.3863, -0.2877]]]
    """
    xp = namespace(logits)
    p = gate * softmax(logits) + (1 - gate) * xp.matmul(copied, _one_hot(ids, logits))
    return xp.log(xp.clip(p, min=FLOOR))


def mix_backward(
    dy: Array, y: Array, logits: Array, copied: Array, gate: Array, ids: Array
) -> tuple[Array, Array, Array]:
    r"""Gradients of logits, copy weights and gate; $dp = dy / p$ where $p$ is above the floor.

    $p$ is linear in each of the three: $d\,\mathrm{softmax}(l) = g\,dp$, $dA = (1-g)\,dp\,O^\top$
    (that is, $dp$ read at the ids), $dg = \sum_v dp_v (\mathrm{softmax}(l) - AO)_v$.

    >>> logits, half, gate = np.zeros((1, 1, 2)), np.array([[[0.5, 0.5]]]), np.array([[[0.5]]])
    >>> y = mix(logits, half, gate, np.array([[1, 1]]))
    >>> dg = mix_backward(np.array([[[0.0, 1.0]]]), y, logits, half, gate, np.array([[1, 1]]))[2]
    >>> dg.round(4).tolist()
    [[[-0.6667]]]
    """
    one_hot, p = _one_hot(ids, logits), softmax(logits)
    dp = np.where(y > math.log(FLOOR), dy * np.exp(-y), np.zeros_like(dy))
    d_gate = (dp * (p - copied @ one_hot)).sum(axis=-1, keepdims=True)
    d_copied = ((1 - gate) * dp) @ one_hot.swapaxes(-1, -2)
    return softmax_backward(gate * dp, p), d_copied, d_gate


def _one_hot(ids: Array, like: Array) -> Array:  # [B, S], [B, T, V] -> [B, S, V]
    xp = namespace(like)
    vocabulary = xp.arange(like.shape[-1], dtype=ids.dtype)
    return xp.astype(ids[..., None] == vocabulary, like.dtype)
