r"""What an MLP does to each number by itself, and the slope of it.

In: an array of any shape. Out: an array of the same shape. Each `op_backward` takes the gradient
$dy = \partial L/\partial y$ and what the forward pass had, and returns $\partial L/\partial x$: by
the chain rule $dx = dy \cdot f'(x)$.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev

from dragon.reference.arrays import Array, namespace


def relu(x: Array) -> Array:
    r"""$\mathrm{relu}(x) = \max(x, 0)$.

    >>> relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    xp = namespace(x)
    return xp.where(x > 0, x, xp.zeros_like(x))


def relu_backward(dy: Array, x: Array) -> Array:
    r"""Slope 1 above zero and 0 below; at the corner itself 0, one of its subgradients.

    >>> relu_backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0])).tolist()
    [0.0, 5.0]
    """
    return np.where(x > 0, dy, np.zeros_like(dy))


def sigmoid(x: Array) -> Array:
    r"""$\sigma(x) = 1 / (1 + e^{-x})$, by the branch that cannot overflow.

    For negative $x$ the fraction is multiplied by $e^x$ above and below: $e^x / (1 + e^x)$.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    xp = namespace(x)
    small = xp.exp(-xp.abs(x))
    return xp.where(x < 0, small, xp.ones_like(x)) / (1 + small)


def sigmoid_backward(dy: Array, y: Array) -> Array:
    r"""From the output alone: $\sigma' = e^{-x}/(1+e^{-x})^2 = \sigma (1 - \sigma)$.

    >>> sigmoid_backward(np.array([1.0]), np.array([0.5])).tolist()
    [0.25]
    """
    return dy * y * (1 - y)


def silu(x: Array) -> Array:
    r"""$\mathrm{silu}(x) = x\,\sigma(x)$ (Elfwing et al. 2017, arXiv:1702.03118).

    >>> silu(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.7311]
    """
    return x * sigmoid(x)


def silu_backward(dy: Array, x: Array) -> Array:
    r"""Product rule: $(x\sigma)' = \sigma + x\,\sigma(1-\sigma) = \sigma\,(1 + x(1 - \sigma))$.

    >>> silu_backward(np.array([1.0]), np.array([0.0])).tolist()
    [0.5]
    """
    s = sigmoid(x)
    return dy * s * (1 + x * (1 - s))


def swiglu(gate: Array, up: Array) -> Array:
    r"""$\mathrm{swiglu}(g, u) = \mathrm{silu}(g)\,u$ (Shazeer 2020, arXiv:2002.05202).

    >>> swiglu(np.array([1.0]), np.array([2.0])).round(4).tolist()
    [1.4621]
    """
    return silu(gate) * up


def swiglu_backward(dy: Array, gate: Array, up: Array) -> tuple[Array, Array]:
    r"""Each factor's gradient has the other factor in it: $dg = dy\,u\,\mathrm{silu}'(g)$.

    Returns:
        The gradients of gate and up; $du = dy\,\mathrm{silu}(g)$.

    >>> dg, du = swiglu_backward(np.array([1.0]), np.array([0.0]), np.array([2.0]))
    >>> dg.tolist(), du.tolist()
    ([1.0], [0.0])
    """
    return silu_backward(dy * up, gate), dy * silu(gate)


def _erfc_series() -> tuple[float, ...]:
    """Chebyshev coefficients of log(erfc(x) / t) + x^2 over t = 2 / (2 + x), x in [0, 6]."""

    def smooth(u: Array) -> Array:  # u in [-1, 1] -> t in [1/4, 1]
        x = 2 / ((u * 3 + 5) / 8) - 2
        return np.array([math.log(math.erfc(v) * (2 + v) / 2) + v * v for v in x])

    return tuple(chebyshev.chebinterpolate(smooth, 21).tolist())


_ERFC = _erfc_series()


def erf(x: Array) -> Array:
    r"""$\mathrm{erf}(x) = \frac{2}{\sqrt\pi}\int_0^x e^{-t^2} dt$, to $10^{-15}$.

    The array API has no error function. $\mathrm{erfc}(x) = t\,e^{-x^2 + P(t)}$ with
    $t = 2/(2+x)$ leaves a function $P$ so smooth that 22 Chebyshev polynomials hold it; they are
    summed by Clenshaw's recurrence. From 6 on the result is 1 in double precision.

    >>> bool(abs(erf(np.array([0.5]))[0] - math.erf(0.5)) < 1e-15)
    True
    """
    xp = namespace(x)
    size = xp.clip(xp.abs(x), max=6.0)
    t = 2 / (2 + size)
    u = (8 * t - 5) / 3
    now, before = xp.zeros_like(u), xp.zeros_like(u)
    for coefficient in reversed(_ERFC[1:]):
        now, before = coefficient + 2 * u * now - before, now
    rest = t * xp.exp(_ERFC[0] + u * now - before - size * size)
    return xp.sign(x) * (1 - rest)


def gelu(x: Array) -> Array:
    r"""$\mathrm{gelu}(x) = x\,\Phi(x) = \frac{x}{2}(1 + \mathrm{erf}(x/\sqrt 2))$.

    $\Phi$ is the normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    >>> gelu(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8413]
    """
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_backward(dy: Array, x: Array) -> Array:
    r"""$(x\Phi)' = \Phi(x) + x\,\varphi(x)$ with the density $\varphi = e^{-x^2/2}/\sqrt{2\pi}$.

    >>> gelu_backward(np.array([1.0]), np.array([0.0])).tolist()
    [0.5]
    """
    below = 0.5 * (1 + erf(x / math.sqrt(2)))
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return dy * (below + x * density)


def gelu_tanh(x: Array) -> Array:
    r"""GPT-2's form: $\frac{x}{2}(1 + \tanh(\sqrt{2/\pi}\,(x + 0.044715\,x^3)))$.

    >>> gelu_tanh(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8412]
    """
    return 0.5 * x * (1 + namespace(x).tanh(_gelu_inner(x)))


def gelu_tanh_backward(dy: Array, x: Array) -> Array:
    r"""With $y = \frac{x}{2}(1 + h)$ and $h = \tanh z(x)$: $y' = \frac{1+h}{2} + \frac{x}{2} h'$.

    $h' = (1 - h^2)\,z'$ and $z' = \sqrt{2/\pi}\,(1 + 3 \cdot 0.044715\,x^2)$.

    >>> gelu_tanh_backward(np.array([1.0]), np.array([0.0])).tolist()
    [0.5]
    """
    h = np.tanh(_gelu_inner(x))
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return dy * (0.5 * (1 + h) + 0.5 * x * (1 - h * h) * slope)


def _gelu_inner(x: Array) -> Array:
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
