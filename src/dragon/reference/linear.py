r"""The operations that carry weights or add things up: embedding, linear, residual, dropout.

Shapes: ... any leading axes, C channels in, O out, V vocabulary. A matrix is stored [O, C].
"""

import numpy as np

from dragon.reference.arrays import Array, namespace


def embedding(table: Array, ids: Array) -> Array:  # [V, C], [...] -> [..., C]
    r"""Row $y_i = E_{id_i}$ for every id: a product with one-hot rows, without the zeros.

    >>> embedding(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 1, 0])).tolist()
    [[3.0, 4.0], [3.0, 4.0], [1.0, 2.0]]
    """
    xp = namespace(table)
    rows = xp.take(table, xp.reshape(ids, (-1,)), axis=0)
    return xp.reshape(rows, (*ids.shape, table.shape[1]))


def embedding_backward(dy: Array, table: Array, ids: Array) -> Array:  # [..., C] -> [V, C]
    r"""A row used several times adds up what it is told: $dE_v = \sum_{i:\,id_i = v} dy_i$.

    It is the transpose of the one-hot product, $dE = \mathrm{onehot}^\top dy$.

    >>> dy = np.array([[1.0, 0.0], [10.0, 0.0]])
    >>> embedding_backward(dy, np.zeros((3, 2)), np.array([1, 1])).tolist()
    [[0.0, 0.0], [11.0, 0.0], [0.0, 0.0]]
    """
    d_table = np.zeros_like(table)
    np.add.at(d_table, ids.reshape(-1), dy.reshape(-1, table.shape[1]))
    return d_table


def linear(x: Array, w: Array, b: Array | None = None) -> Array:  # [..., C], [O, C] -> [..., O]
    r"""$y = x W^\top + b$, that is $y_o = \sum_c W_{oc} x_c + b_o$.

    The output matrix of a model is one of these; where it is tied, $W$ is the embedding table, and
    the gradients of both uses add up.

    >>> w, b = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0.5, 0.0])
    >>> linear(np.array([[1.0, 2.0]]), w, b).tolist()
    [[1.5, 3.0]]
    """
    y = namespace(x).matmul(x, w.T)
    return y if b is None else y + b


def linear_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array, Array]:
    r"""$dx = dy\,W$, $dW = dy^\top x$, $db = \sum dy$.

    From $\partial y_o/\partial x_c = W_{oc}$: $dx_c = \sum_o dy_o W_{oc}$. From
    $\partial y_o/\partial W_{oc} = x_c$, summed over all rows $n$:
    $dW_{oc} = \sum_n dy_{no} x_{nc}$.

    >>> x, w = np.array([[2.0, 3.0]]), np.array([[4.0, 5.0]])
    >>> dx, dw, db = linear_backward(np.array([[1.0]]), x, w)
    >>> dx.tolist(), dw.tolist(), db.tolist()
    ([[4.0, 5.0]], [[2.0, 3.0]], [1.0])
    """
    rows_dy, rows_x = dy.reshape(-1, w.shape[0]), x.reshape(-1, w.shape[1])  # [N, O], [N, C]
    return dy @ w, rows_dy.T @ rows_x, rows_dy.sum(axis=0)


def residual(x: Array, y: Array) -> Array:
    r"""$x + y$: a sublayer adds to the stream instead of replacing it (He et al. 2015).

    >>> residual(np.array([1.0]), np.array([2.0])).tolist()
    [3.0]
    """
    return x + y


def residual_backward(dy: Array) -> tuple[Array, Array]:
    r"""Both arms get the whole gradient: it reaches the first layer without being multiplied.

    >>> [d.tolist() for d in residual_backward(np.array([1.0]))]
    [[1.0], [1.0]]
    """
    return dy, dy


def dropout(x: Array, kept: Array | None, share: float) -> Array:
    r"""$y = x \odot k / (1 - p)$ with a mask $k$ that is 0 with probability $p$.

    The division keeps the mean: $E[y] = x$ (Srivastava et al. 2014). The mask is drawn by the
    caller, who needs it again on the way back; None keeps everything.

    >>> dropout(np.array([1.0, 2.0]), np.array([True, False]), 0.5).tolist()
    [2.0, 0.0]
    """
    return x if kept is None else x * kept / (1 - share)


def dropout_backward(dy: Array, kept: Array | None, share: float) -> Array:
    r"""Linear in $x$, so the same mask and factor: $dx = dy \odot k / (1 - p)$.

    >>> dropout_backward(np.array([1.0, 2.0]), np.array([True, False]), 0.5).tolist()
    [2.0, 0.0]
    """
    return dropout(dy, kept, share)
