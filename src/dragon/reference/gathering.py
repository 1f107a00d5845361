r"""What the recurrent head gathers: rows as they are, a pooled question, how well a row fits it.

Unlike in a block (`dragon.reference.attention`) there is one head and no value matrix: what a row
gathers is a mean of rows, weighted by how much they concern it.

Shapes: B batch, T rows, C channels, D size of queries and keys.
"""

import math

import numpy as np

from dragon.reference.arrays import Array, namespace
from dragon.reference.pointer import copy_weights, copy_weights_backward
from dragon.reference.softmax import softmax, softmax_backward


def gather(
    x: Array, q: Array, k: Array, seen: Array
) -> tuple[Array, Array]:  # [B, T, C], [B, T, D] twice, [B, T] -> [B, T, C], [B, T, T]
    r"""$y = A x$ with $A = \mathrm{softmax}(q k^\top / \sqrt D)$ over the rows that all may see.

    DrQA's aligned question (Chen et al. 2017, arXiv:1704.00051, section 3.2).

    Returns:
        What was gathered, and the weights $A$.

    >>> x, same = np.array([[[1.0], [3.0], [9.0]]]), np.zeros((1, 3, 1))
    >>> gather(x, same, same, np.array([[True, True, False]]))[0].tolist()
    [[[2.0], [2.0], [2.0]]]
    """
    weights = copy_weights(q, k, seen[:, None, :])
    return namespace(x).matmul(weights, x), weights


def gather_backward(
    dy: Array, x: Array, q: Array, k: Array, weights: Array
) -> tuple[Array, Array, Array]:  # -> [B, T, C], [B, T, D] twice
    r"""$dx = A^\top dy$ and $dA = dy\,x^\top$; from $dA$ to $q$ and $k$ as in the pointer head.

    >>> x, q, a = np.array([[[1.0], [3.0]]]), np.ones((1, 2, 1)), np.full((1, 2, 2), 0.5)
    >>> dx, _, dk = gather_backward(np.array([[[1.0], [0.0]]]), x, q, q, a)
    >>> dx.tolist(), dk.tolist()
    ([[[0.5], [0.5]]], [[[-0.5], [0.5]]])
    """
    dq, dk = copy_weights_backward(dy @ x.swapaxes(-1, -2), q, k, weights)
    return weights.swapaxes(-1, -2) @ dy, dq, dk


def pool(
    x: Array, scores: Array, seen: Array
) -> tuple[Array, Array]:  # [B, T, C], [B, T], [B, T] -> [B, C], [B, T]
    r"""$y = \sum_t a_t x_t$ with $a = \mathrm{softmax}(s)$ over the rows seen: they become one.

    Returns:
        The mean, and its weights $a$.

    >>> x, seen = np.array([[[1.0], [3.0], [9.0]]]), np.array([[True, True, False]])
    >>> pool(x, np.array([[0.0, np.log(3.0), 5.0]]), seen)[0].tolist()
    [[2.5]]
    """
    xp = namespace(x)
    weights = softmax(xp.where(seen, scores, xp.full_like(scores, -math.inf)))
    return xp.matmul(weights[:, None, :], x)[:, 0, :], weights


def pool_backward(
    dy: Array, x: Array, weights: Array
) -> tuple[Array, Array]:  # [B, C], [B, T, C], [B, T] -> [B, T, C], [B, T]
    r"""$dx_t = a_t\,dy$; $da_t = \langle dy, x_t \rangle$, and through the softmax to the scores.

    >>> x, a = np.array([[[1.0], [3.0]]]), np.array([[0.25, 0.75]])
    >>> [d.tolist() for d in pool_backward(np.array([[1.0]]), x, a)]
    [[[[0.25], [0.75]]], [[-0.375, 0.375]]]
    """
    da = np.einsum("bc,btc->bt", dy, x)
    return weights[..., None] * dy[:, None, :], softmax_backward(da, weights)


def fit(x: Array, asks: Array) -> Array:  # [B, T, C], [B, K, C] -> [B, T, K]
    r"""$\langle x_t, u_k \rangle / \sqrt C$: how well each row answers each of K requests.

    With $u = W g$ of a pooled question $g$ it is DrQA's bilinear score $x^\top W g$ (section 3.2).

    >>> fit(np.array([[[1.0, 2.0, 0.0, 0.0]]]), np.array([[[4.0, 3.0, 0.0, 0.0]]])).tolist()
    [[[5.0]]]
    """
    xp = namespace(x)
    return xp.matmul(x, xp.matrix_transpose(asks)) / math.sqrt(x.shape[-1])


def fit_backward(dy: Array, x: Array, asks: Array) -> tuple[Array, Array]:
    r"""A product: $dx = dy\,u / \sqrt C$ and $du = dy^\top x / \sqrt C$.

    >>> x, u = np.array([[[1.0, 2.0, 0.0, 0.0]]]), np.array([[[4.0, 3.0, 0.0, 0.0]]])
    >>> [d.tolist() for d in fit_backward(np.array([[[2.0]]]), x, u)]
    [[[[4.0, 3.0, 0.0, 0.0]]], [[[1.0, 2.0, 0.0, 0.0]]]]
    """
    dy = dy / math.sqrt(x.shape[-1])
    return dy @ asks, dy.swapaxes(-1, -2) @ x
