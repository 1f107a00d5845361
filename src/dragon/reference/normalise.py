r"""The norms, over the last axis.

Shapes: ... any leading axes, C channels. $m$ is the mean over channels. Weight and bias are [C].
"""

import numpy as np

from dragon.reference.arrays import Array, namespace


def rms_norm(x: Array, weight: Array, eps: float) -> Array:  # [..., C], [C] -> [..., C]
    r"""$y = w \odot x / r$ with $r = \sqrt{m(x^2) + \epsilon}$ (Zhang and Sennrich 2019).

    Only the direction of $x$ is left of it: $y(ax) = y(x)$ for $a > 0$, but for $\epsilon$.

    >>> rms_norm(np.array([3.0, 4.0]), np.ones(2), 0.0).round(4).tolist()
    [0.8485, 1.1314]
    """
    return weight * (x / _root(x, eps))


def rms_norm_backward(
    dy: Array, x: Array, weight: Array, eps: float
) -> tuple[Array, Array]:  # -> [..., C], [C]
    r"""$dx = (g - n\,m(g \odot n)) / r$ with $n = x/r$, $g = w \odot dy$; $dw = \sum dy \odot n$.

    Derivation: $n_i = x_i / r$ and $\partial r/\partial x_j = x_j/(C r) = n_j / C$, hence
    $\partial n_i/\partial x_j = (\delta_{ij} - n_i n_j / C) / r$. Multiplied by $g_i$ and summed
    over $i$ this is the formula: what points along $n$ is taken out, because a longer $x$ changes
    nothing.

    >>> dx, dw = rms_norm_backward(np.array([1.0, 0.0]), np.array([3.0, 4.0]), np.ones(2), 0.0)
    >>> dx.round(4).tolist(), dw.round(4).tolist()
    ([0.181, -0.1358], [0.8485, 0.0])
    """
    r = _root(x, eps)
    n = x / r
    g = dy * weight
    dx = (g - n * np.mean(g * n, axis=-1, keepdims=True)) / r
    return dx, _over_rows(dy * n)


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Array:  # [..., C] -> same
    r"""$y = w \odot c / \sqrt{m(c^2) + \epsilon} + b$ with $c = x - m(x)$ (Ba et al. 2016).

    That is the RMS norm of the centred input, plus a bias; it does not see a constant added to
    every channel.

    >>> layer_norm(np.array([1.0, 3.0]), np.ones(2), np.zeros(2), 0.0).tolist()
    [-1.0, 1.0]
    """
    return rms_norm(_centred(x), weight, eps) + bias


def layer_norm_backward(
    dy: Array, x: Array, weight: Array, eps: float
) -> tuple[Array, Array, Array]:  # -> [..., C], [C], [C]
    r"""The RMS norm's gradient $dc$, centred: $dx = dc - m(dc)$; $db = \sum dy$.

    Derivation: $c_i = x_i - m(x)$ has $\partial c_i/\partial x_j = \delta_{ij} - 1/C$, a symmetric
    projection, so its transpose takes the mean off the gradient as it took it off the input.

    >>> dy, x = np.array([1.0, 0.0, 0.0]), np.array([1.0, 2.0, 4.0])
    >>> dx, dw, db = layer_norm_backward(dy, x, np.ones(3), 0.0)
    >>> bool(abs(dx.sum()) < 1e-15), db.tolist()
    (True, [1.0, 0.0, 0.0])
    """
    dc, dw = rms_norm_backward(dy, _centred(x), weight, eps)
    return dc - np.mean(dc, axis=-1, keepdims=True), dw, _over_rows(dy)


def _centred(x: Array) -> Array:
    return x - namespace(x).mean(x, axis=-1, keepdims=True)


def _root(x: Array, eps: float) -> Array:  # [..., C] -> [..., 1]
    xp = namespace(x)
    return xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)


def _over_rows(x: Array) -> Array:  # [..., C] -> [C]
    return x.reshape(-1, x.shape[-1]).sum(axis=0)
