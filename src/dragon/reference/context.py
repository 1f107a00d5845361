r"""Words in their context, there and back: what the words around each word say is added to it.

$$y = W\,[\overrightarrow{\mathrm{LSTM}}(n); \overleftarrow{\mathrm{LSTM}}(n)] + b, \qquad
n = \mathrm{norm}(x)$$

Peters et al. 2018 (arXiv:1802.05365), with one layer. Shapes: B batch, T time, C channels.
"""

from typing import NamedTuple

from dragon.config import ModelConfig
from dragon.reference.arrays import Array
from dragon.reference.both_ways import BothSaved, both_ways, both_ways_backward
from dragon.reference.sublayers import (
    Gradients,
    Parameters,
    norm,
    norm_backward,
    project,
    project_backward,
)

CONTEXT = "dragon.context"
NORM, LAYER, OUT = (f"{CONTEXT}.{part}" for part in ("norm", "layer", "out"))


class Saved(NamedTuple):
    """Of `context`: its input [B, T, C], what each direction kept, both ends [B, T, 2C]."""

    x: Array
    layer: BothSaved
    read: Array


def context(p: Parameters, c: ModelConfig, x: Array) -> tuple[Array, Saved]:
    """Embedded tokens [B, T, C] -> what is added to them [B, T, C]."""
    read, of_layer = both_ways(p, LAYER, norm(p, c, NORM, x))
    return project(p, OUT, read), Saved(x, of_layer, read)


def context_backward(p: Parameters, c: ModelConfig, grads: Gradients, dy: Array, s: Saved) -> Array:
    """Backward of `context`: the gradient of its input [B, T, C]."""
    d_read = project_backward(p, grads, OUT, dy, s.read)
    d_normed = both_ways_backward(p, grads, LAYER, d_read, s.layer)
    return norm_backward(p, c, grads, NORM, d_normed, s.x)
