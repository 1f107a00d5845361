"""A recurrent layer that reads forwards and, beside it, backwards.

In: rows. Out: what each direction made of them, side by side. Tensors are named as in
`torch.nn.LSTM`. Shapes: B batch, T time, C channels in, D size of a cell.
"""

import numpy as np

from dragon.reference import lstm
from dragon.reference.arrays import Array, namespace
from dragon.reference.sublayers import Gradients, Parameters, add

ENDS = ("l0", "l0_reverse")  # the names of torch.nn.LSTM for its two directions
BothSaved = tuple[lstm.Saved, lstm.Saved]


def both_ways(p: Parameters, name: str, x: Array) -> tuple[Array, BothSaved]:
    """The layer of this name, [B, T, C] -> [B, T, 2D]: forwards, and beside it backwards."""
    xp = namespace(x)
    forth, of_forth = lstm.lstm(x, *_tensors(p, name, ENDS[0]))
    back, of_back = lstm.lstm(xp.flip(x, axis=1), *_tensors(p, name, ENDS[1]))
    return xp.concat((forth, xp.flip(back, axis=1)), axis=-1), (of_forth, of_back)


def both_ways_backward(
    p: Parameters, grads: Gradients, name: str, dy: Array, s: BothSaved
) -> Array:
    """Backward of `both_ways`; what was turned round is turned round again."""
    forth, back = np.split(dy, 2, axis=-1)
    dx = _one_way_backward(p, grads, name, ENDS[0], forth, s[0])
    turned = _one_way_backward(p, grads, name, ENDS[1], np.flip(back, axis=1), s[1])
    return dx + np.flip(turned, axis=1)


def _one_way_backward(
    p: Parameters, grads: Gradients, name: str, end: str, dy: Array, s: lstm.Saved
) -> Array:
    w, u, _ = _tensors(p, name, end)
    dx, dw, du, db = lstm.lstm_backward(dy, w, u, s)
    # The two biases are one, written twice: each hears the same.
    for part, d in (("weight_ih", dw), ("weight_hh", du), ("bias_ih", db), ("bias_hh", db)):
        add(grads, f"{name}.{part}_{end}", d)
    return dx


def _tensors(p: Parameters, name: str, end: str) -> tuple[Array, Array, Array]:
    bias = p[f"{name}.bias_ih_{end}"] + p[f"{name}.bias_hh_{end}"]
    return p[f"{name}.weight_ih_{end}"], p[f"{name}.weight_hh_{end}"], bias
