r"""Adam and AdamW: the gradients become the next parameters.

In: a parameter $w$, its gradient $g$, and the running means $m$, $v$ of $g$ and $g^2$ from the step
before. Out: all three after step $t = 1, 2, \dots$
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from dragon.reference.arrays import Array
from dragon.reference.sublayers import Gradients

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def adam(
    w: Array, g: Array, m: Array, v: Array, t: int, rate: float
) -> tuple[Array, Array, Array]:  # all of one shape
    r"""Kingma and Ba 2014 (arXiv:1412.6980, algorithm 1).

    $$m_t = \beta_1 m_{t-1} + (1 - \beta_1) g, \qquad v_t = \beta_2 v_{t-1} + (1 - \beta_2) g^2$$
    $$w_t = w_{t-1} - \eta \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}$$

    The means start at 0 and are too small at first by exactly $1 - \beta^t$: hence the divisions.
    The first step is therefore $\eta$ in the direction of the gradient's sign, whatever its size.

    >>> w, m, v = adam(np.array([1.0]), np.array([50.0]), np.zeros(1), np.zeros(1), 1, 0.1)
    >>> w.round(6).tolist()
    [0.9]
    """
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    size = np.sqrt(v / (1 - BETA2**t)) + EPSILON
    return w - (rate / (1 - BETA1**t)) * (m / size), m, v


def adamw(
    w: Array, g: Array, m: Array, v: Array, t: int, rate: float, decay: float
) -> tuple[Array, Array, Array]:
    r"""Adam with decoupled decay, $w \leftarrow (1 - \eta\lambda)\,w$ (arXiv:1711.05101).

    Added to the gradient instead, the decay would be divided by $\sqrt{v}$ with it, and
    weights with large gradients would hardly decay.

    >>> nothing = np.zeros(1)
    >>> adamw(np.array([1.0]), nothing, nothing, nothing, 1, 0.1, 0.5)[0].tolist()
    [0.95]
    """
    return adam((1 - rate * decay) * w, g, m, v, t, rate)


def clipped(grads: Mapping[str, Array], longest: float) -> Gradients:
    r"""Gradients whose norm over all tensors is at most `longest`, the same for all; 0 is no limit.

    >>> clipped({"w": np.array([3.0, 4.0])}, 1.0)["w"].round(2).tolist()
    [0.6, 0.8]
    """
    length = sum(float(np.vdot(g, g)) for g in grads.values()) ** 0.5
    share = min(1.0, longest / length) if longest and length else 1.0
    return {name: g * g.dtype.type(share) for name, g in grads.items()}


@dataclass
class Optimizer:
    """AdamW for a whole model; matrices decay, norms, biases and embedding tables do not.

    Attributes:
        rate: learning rate.
        decay: 0 is Adam.
        steps: taken so far.
    """

    rate: float
    decay: float = 0.0
    steps: int = 0
    _means: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def step(self, parameters: dict[str, Array], grads: Mapping[str, Array]) -> None:
        """Replace each parameter that has a gradient by its next value."""
        self.steps += 1
        for name, g in grads.items():
            m, v = self._means.get(name, (np.zeros_like(g), np.zeros_like(g)))
            is_matrix = g.ndim > 1 and "embed" not in name and "features" not in name
            decay = self.decay if is_matrix else 0.0
            parameters[name], m, v = adamw(parameters[name], g, m, v, self.steps, self.rate, decay)
            self._means[name] = m, v
