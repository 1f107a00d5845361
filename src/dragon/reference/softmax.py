r"""Scores become probabilities, and probabilities a loss.

Shapes: ... any leading axes, N rows, V classes (the vocabulary, or positions).
"""

import numpy as np

from dragon.reference.arrays import Array, namespace

# A target that no loss is taken of: padding, or a prompt that is not to be learnt.
IGNORED = -1


def softmax(s: Array) -> Array:  # [..., V] -> [..., V]
    r"""$p_i = e^{s_i} / \sum_j e^{s_j}$ over the last axis.

    A constant $a$ added to all scores cancels, $e^{s_i + a} = e^a e^{s_i}$; with $a = -\max s$
    nothing overflows. A score of $-\infty$ has probability 0.

    >>> softmax(np.array([0.0, np.log(3.0), -np.inf])).tolist()
    [0.25, 0.75, 0.0]
    """
    xp = namespace(s)
    weights = xp.exp(s - xp.max(s, axis=-1, keepdims=True))
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def softmax_backward(dp: Array, p: Array) -> Array:  # [..., V], [..., V] -> [..., V]
    r"""$ds_j = p_j\,(dp_j - \sum_i dp_i\,p_i)$, from the output alone.

    Derivation: $\partial p_i/\partial s_j = p_i(\delta_{ij} - p_j)$ by the quotient rule;
    multiplied by $dp_i$ and summed over $i$. The result adds up to 0, as the shift above demands.

    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.25, 0.75])).tolist()
    [0.1875, -0.1875]
    """
    return p * (dp - np.sum(dp * p, axis=-1, keepdims=True))


def log_sum_exp(s: Array) -> Array:  # [..., V] -> [...]
    r"""$\log \sum_j e^{s_j} = a + \log \sum_j e^{s_j - a}$ with $a = \max s$.

    >>> float(log_sum_exp(np.array([1000.0, 1000.0]))) == 1000 + float(np.log(2))
    True
    """
    xp = namespace(s)
    highest = xp.max(s, axis=-1, keepdims=True)
    return xp.log(xp.sum(xp.exp(s - highest), axis=-1)) + highest[..., 0]


def cross_entropy(s: Array, targets: Array) -> Array:  # [N, V], [N] -> []
    r"""Mean of $-\log p_{t}$ over the rows: $-\log p_t = \log \sum_j e^{s_j} - s_t$.

    Rows whose target is `IGNORED` do not count; at least one row must.

    >>> float(cross_entropy(np.array([[0.0, 0.0], [9.0, 9.0]]), np.array([0, -1])))
    0.6931471805599453
    """
    xp = namespace(s)
    counts = targets != IGNORED
    column = xp.where(counts, targets, xp.zeros_like(targets))
    chosen = xp.take_along_axis(s, column[:, None], axis=-1)[:, 0]
    nats = xp.where(counts, log_sum_exp(s) - chosen, xp.zeros_like(chosen))
    return xp.sum(nats) / xp.sum(xp.astype(counts, s.dtype))


def cross_entropy_backward(s: Array, targets: Array) -> Array:  # [N, V], [N] -> [N, V]
    r"""$ds = (p - \mathrm{onehot}(t)) / n$: push up the target, push down what was believed.

    Derivation: $\partial \log\sum_j e^{s_j} / \partial s_i = e^{s_i} / \sum_j e^{s_j} = p_i$, and
    $\partial s_t/\partial s_i = \delta_{it}$. $n$ is the number of rows that count.

    >>> cross_entropy_backward(np.array([[0.0, 0.0]]), np.array([0])).tolist()
    [[-0.5, 0.5]]
    """
    rows = np.flatnonzero(targets != IGNORED)
    ds = np.zeros_like(s)
    ds[rows] = softmax(s[rows])
    ds[rows, targets[rows]] -= 1
    return ds / len(rows)
