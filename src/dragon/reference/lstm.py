r"""Long short-term memory: a row is read in the light of all rows before it, one after another.

A cell $c$ carries what is remembered; four gates decide what is written into it (input $i$ and
candidate $g$), kept (forget $f$) and shown (output $o$). Hochreiter and Schmidhuber 1997; the
forget gate is that of Gers et al. 2000. Tensors are those of `torch.nn.LSTM`, with the gates in the
order i, f, g, o.

Shapes: B batch, T time, C channels in, D size of the cell; ... any leading axes.
"""

from typing import NamedTuple

import numpy as np

from dragon.reference.activations import sigmoid, sigmoid_backward
from dragon.reference.arrays import Array, namespace
from dragon.reference.linear import linear, linear_backward


class Saved(NamedTuple):
    """Of `lstm`: its input [B, T, C], gates [B, T, 4D], cells and states [B, T, D]."""

    x: Array
    gates: Array
    cells: Array
    states: Array


def gates_of(z: Array) -> Array:  # [..., 4D] -> [..., 4D]
    r"""$i = \sigma(z_i)$, $f = \sigma(z_f)$, $g = \tanh(z_g)$, $o = \sigma(z_o)$.

    >>> gates_of(np.array([0.0, 1000.0, 0.0, -1000.0])).tolist()
    [0.5, 1.0, 0.0, 0.0]
    """
    xp = namespace(z)
    i, f, g, o = _four(z)
    return xp.concat((sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)), axis=-1)


def gates_backward(d: Array, gates: Array) -> Array:  # [..., 4D], [..., 4D] -> [..., 4D]
    r"""From the output alone: $\sigma' = \sigma(1 - \sigma)$, and $\tanh' = 1 - \tanh^2$.

    >>> gates_backward(np.ones(4), np.array([0.5, 1.0, 0.5, 0.0])).tolist()
    [0.25, 0.0, 0.75, 0.0]
    """
    di, df, dg, do = _four(d)
    i, f, g, o = _four(gates)
    through = sigmoid_backward(di, i), sigmoid_backward(df, f), dg * (1 - g**2)
    return np.concatenate((*through, sigmoid_backward(do, o)), axis=-1)


def cell(gates: Array, c: Array) -> tuple[Array, Array]:  # [..., 4D], [..., D] -> [..., D] twice
    r"""$c' = f \odot c + i \odot g$ and $h = o \odot \tanh(c')$.

    The cell is added to, not multiplied by a matrix: what it holds can last.

    Returns:
        The state $h$ and the cell $c'$.

    >>> h, c = cell(np.array([1.0, 0.5, 0.25, 1.0]), np.array([2.0]))
    >>> h.round(4).tolist(), c.tolist()
    ([0.8483], [1.25])
    """
    i, f, g, o = _four(gates)
    after = f * c + i * g
    return o * namespace(c).tanh(after), after


def cell_backward(
    dh: Array, d_after: Array, gates: Array, c: Array, after: Array
) -> tuple[Array, Array]:  # [..., D] twice, [..., 4D], [..., D] twice -> [..., 4D], [..., D]
    r"""Gradients of the gates and of the cell before.

    $c'$ is used twice, by $h$ and by the next row: $dc' = d_{next} + dh \odot o \odot (1 -
    \tanh^2 c')$. Then $do = dh \odot \tanh c'$, $di = dc' \odot g$, $dg = dc' \odot i$,
    $df = dc' \odot c$, and $dc = dc' \odot f$: with an open forget gate the gradient comes through
    whole.

    >>> gates, c = np.array([1.0, 0.5, 0.25, 1.0]), np.array([2.0])
    >>> d_gates, dc = cell_backward(np.zeros(1), np.ones(1), gates, c, np.array([1.25]))
    >>> d_gates.tolist(), dc.tolist()
    ([0.25, 2.0, 1.0, 0.0], [0.5])
    """
    i, f, g, o = _four(gates)
    shown = np.tanh(after)
    d_after = d_after + dh * o * (1 - shown**2)
    d_gates = np.concatenate((d_after * g, d_after * c, d_after * i, dh * shown), axis=-1)
    return d_gates, d_after * f


def lstm(
    x: Array, w: Array, u: Array, b: Array
) -> tuple[Array, Saved]:  # [B, T, C], [4D, C], [4D, D], [4D] -> [B, T, D]
    r"""$z_t = W x_t + U h_{t-1} + b$, then the gates and the cell; $h_0 = c_0 = 0$.

    What the rows themselves say, $W x_t + b$, is one product for all of them.

    >>> x, w = np.array([[[1.0], [0.0]]]), np.array([[0.0], [0.0], [1.0], [0.0]])
    >>> y, _ = lstm(x, w, np.zeros((4, 1)), np.array([50.0, 50.0, 0.0, 50.0]))
    >>> y.round(4).tolist()  # gates wide open: what was seen once is remembered
    [[[0.642], [0.642]]]
    """
    xp = namespace(x)
    said = linear(x, w, b)  # [B, T, 4D]
    h = c = xp.zeros_like(said[:, 0, : u.shape[1]])
    rows = []
    for t in range(x.shape[1]):
        gates = gates_of(said[:, t, :] + linear(h, u))
        h, c = cell(gates, c)
        rows.append((gates, c, h))
    saved = Saved(x, *(xp.stack(kind, axis=1) for kind in zip(*rows, strict=True)))
    return saved.states, saved


def lstm_backward(
    dy: Array, w: Array, u: Array, s: Saved
) -> tuple[Array, Array, Array, Array]:  # [B, T, D] -> [B, T, C], [4D, C], [4D, D], [4D]
    r"""Backpropagation through time: the rows once more, last first.

    $h_t$ is used by the output and by the next row, so $dh_t = dy_t + dz_{t+1} U$; the cell's
    gradient is carried in the same way. With every $dz_t$ known, $W$, $U$ and $b$ are those of one
    linear map of all rows: $dW = \sum_t dz_t^\top x_t$, $dU = \sum_t dz_t^\top h_{t-1}$,
    $db = \sum_t dz_t$, $dx_t = dz_t W$.

    >>> x, w = np.array([[[1.0], [0.0]]]), np.array([[0.0], [0.0], [1.0], [0.0]])
    >>> u, b = np.zeros((4, 1)), np.array([50.0, 50.0, 0.0, 50.0])
    >>> last = np.array([[[0.0], [1.0]]])  # the second output, by the first row
    >>> lstm_backward(last, w, u, lstm(x, w, u, b)[1])[0].round(4).tolist()
    [[[0.2469], [0.5878]]]
    """
    h_before, c_before = _moved_on(s.states), _moved_on(s.cells)
    dz = np.empty_like(s.gates)
    dh = dc = np.zeros_like(c_before[:, 0])
    for t in reversed(range(dy.shape[1])):
        d_gates, dc = cell_backward(dy[:, t] + dh, dc, s.gates[:, t], c_before[:, t], s.cells[:, t])
        dz[:, t] = gates_backward(d_gates, s.gates[:, t])
        dh = dz[:, t] @ u
    dx, dw, db = linear_backward(dz, s.x, w)
    return dx, dw, linear_backward(dz, h_before, u)[1], db


def _four(z: Array) -> tuple[Array, Array, Array, Array]:  # [..., 4D] -> [..., D] four times
    d = z.shape[-1] // 4
    return z[..., :d], z[..., d : 2 * d], z[..., 2 * d : 3 * d], z[..., 3 * d :]


def _moved_on(x: Array) -> Array:  # [B, T, D] -> what each row finds: that of the row before
    return np.concatenate((np.zeros_like(x[:, :1]), x[:, :-1]), axis=1)
