r"""Where a token stands: added to it (learned, sinusoidal) or turned into it (rotary).

Shapes: B batch, H heads, T time, C channels, D head size. Learned positions are an `embedding` of
the numbers 0, 1, 2, ...; the two others have nothing to learn, so their tables are constants.
"""

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.reference.arrays import Array, namespace
from dragon.rotary import rope_frequencies, rope_magnitude

Doubles = NDArray[np.float64]


def sinusoids(start: int, length: int, channels: int) -> Doubles:  # -> [T, C]
    r"""$\sin(t\,\omega_i)$, then $\cos(t\,\omega_i)$, with $\omega_i = 10000^{-2i/C}$.

    Vaswani et al. 2017 (arXiv:1706.03762, section 3.5), the sines in the first half. A constant is
    added to the embedding, so the gradient of the embedding passes unchanged.

    >>> sinusoids(0, 2, 2).round(4).tolist()
    [[0.0, 1.0], [0.8415, 0.5403]]
    """
    half = -(-channels // 2)
    frequency = 10000.0 ** (-2.0 * np.arange(half) / channels)
    angle = np.arange(start, start + length)[:, None] * frequency
    return np.concatenate((np.sin(angle), np.cos(angle)), axis=1)[:, :channels]


def rotary_table(config: ModelConfig, start: int, length: int) -> tuple[Doubles, Doubles]:
    r"""$\cos(t\,\theta_i)$ and $\sin(t\,\theta_i)$, [T, D/2] each, in double precision.

    $\theta_i$ is `rope_theta` to the power of $-2i/D$, stretched as `dragon.rotary` says.

    >>> c = ModelConfig(hidden_size=2, num_attention_heads=1, num_key_value_heads=1)
    >>> [table.round(4).tolist() for table in rotary_table(c, 0, 2)]
    [[[1.0], [0.5403]], [[0.0], [0.8415]]]
    """
    angle = np.outer(np.arange(start, start + length), rope_frequencies(config))
    size = rope_magnitude(config)
    return size * np.cos(angle), size * np.sin(angle)


def rotate(x: Array, cos: Array, sin: Array) -> Array:  # [B, H, T, D], [T, D/2] twice -> same
    r"""Turn channel pair $(x_i, x_{i+D/2})$ of position $t$ by the angle $t\,\theta_i$.

    $$y_i = x_i \cos - x_{i+D/2} \sin, \qquad y_{i+D/2} = x_i \sin + x_{i+D/2} \cos$$

    With the rotation $R_t$ a score is $(R_t q)^\top (R_s k) = q^\top R_{s-t} k$: it depends on the
    distance alone (Su et al. 2021, arXiv:2104.09864). The halves are paired as in Hugging Face's
    Llama.

    >>> quarter = np.array([[0.0]]), np.array([[1.0]])
    >>> rotate(np.array([[[[1.0, 0.0]]]]), *quarter).tolist()
    [[[[0.0, 1.0]]]]
    """
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return namespace(x).concat((a * cos - b * sin, a * sin + b * cos), axis=-1)


def rotate_backward(dy: Array, cos: Array, sin: Array) -> Array:  # [B, H, T, D] -> same
    r"""A rotation's transpose is the rotation back: $dx = R_t^\top dy = R_{-t}\,dy$.

    >>> quarter = np.array([[0.0]]), np.array([[1.0]])
    >>> rotate_backward(np.array([[[[0.0, 1.0]]]]), *quarter).tolist()
    [[[[1.0, 0.0]]]]
    """
    return rotate(dy, cos, -sin)
