"""The transformer body in plain NumPy: every variant of `ModelConfig`, the fallback and the oracle.

Shapes: M rows of all sequences, n rows of one, C channels, H heads, K key/value heads, D head size,
S tokens in the cache, V vocabulary.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.engine.body import Floats, KeptAs, Linear, Recurrence, Run
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_cache import NumpyCache
from dragon.rotary import rope_table
from dragon.weights import layer_name

SQRT_HALF = np.float32(0.5**0.5)
SQRT_2_BY_PI = np.float32((2 / np.pi) ** 0.5)


def rms_norm(x: Floats, weight: Floats, eps: float) -> Floats:
    """Zhang and Sennrich 2019 (arXiv:1910.07467)."""
    power: Floats = np.mean(x * x, axis=-1, keepdims=True)
    normed: Floats = x / np.sqrt(power + np.float32(eps))
    return normed * weight


def layer_norm(x: Floats, weight: Floats, bias: Floats, eps: float) -> Floats:
    """Ba et al. 2016 (arXiv:1607.06450)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    return rms_norm(centred, weight, eps) + bias


def norm(x: Floats, weight: Floats, bias: Floats | None, eps: float) -> Floats:
    """Rows [M, C] normed by weight [C]: with a bias [C] a LayerNorm, without one an RMSNorm."""
    return rms_norm(x, weight, eps) if bias is None else layer_norm(x, weight, bias, eps)


def silu(x: Floats) -> Floats:
    """X * sigmoid(x); the exponent is clipped where float32 would overflow."""
    growth: Floats = 1 + np.exp(np.minimum(-x, np.float32(88)))
    return x / growth


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + e^-x), without overflow."""
    half = np.float32(0.5)
    y: Floats = half * np.tanh(half * x) + half
    return y


def erf(x: Floats) -> Floats:
    """Abramowitz and Stegun 7.1.26, |error| <= 1.5e-7: NumPy has no error function."""
    t = 1 / (1 + np.float32(0.3275911) * np.abs(x))
    series = np.float32(1.061405429) * t - np.float32(1.453152027)
    for coefficient in (1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(coefficient)
    magnitude: Floats = 1 - series * t * np.exp(-x * x)
    return np.copysign(magnitude, x)


def gelu(x: Floats) -> Floats:
    """The exact form, x Phi(x) (arXiv:1606.08415)."""
    return np.float32(0.5) * x * (1 + erf(x * SQRT_HALF))


def gelu_tanh(x: Floats) -> Floats:
    """GPT-2's form, by a hyperbolic tangent (arXiv:1606.08415, section 2)."""
    inner: Floats = SQRT_2_BY_PI * (x + np.float32(0.044715) * x * x * x)
    turned: Floats = np.tanh(inner)
    return np.float32(0.5) * x * (1 + turned)


def relu(x: Floats) -> Floats:
    """max(x, 0)."""
    return np.maximum(x, 0)


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "swiglu": silu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "relu": relu,
}


def softmax(scores: Floats) -> Floats:
    """Over the last axis."""
    weights: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights


def rotate(x: Floats, cos: Floats, sin: Floats) -> Floats:
    """Rotate heads [n, H, D] by angles [n, D/2], the halves paired as in Hugging Face's Llama."""
    a, b = np.split(x, 2, axis=-1)
    cos, sin = cos[:, None, :], sin[:, None, :]
    return np.concatenate((a * cos - b * sin, b * cos + a * sin), axis=-1)


def attend(q: Floats, keys: Floats, values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Queries [n, H, D] over keys and values [S, K, D] -> [n, H, D]; mask [n, S] is True to see."""
    n, heads, d = q.shape
    kv = keys.shape[1]
    # [K, H/K * n, D]: the queries that share a key head stand together
    grouped = q.reshape(n, kv, heads // kv, d).transpose(1, 2, 0, 3).reshape(kv, -1, d)
    scores = grouped @ keys.transpose(1, 2, 0) / np.float32(d**0.5)
    scores = np.where(np.tile(mask, (heads // kv, 1)), scores, np.float32(-np.inf))
    mixed = softmax(scores) @ values.transpose(1, 0, 2)
    return mixed.reshape(kv, heads // kv, n, d).transpose(2, 0, 1, 3).reshape(n, heads, d)


def scan(weights: Floats, gates: Floats) -> Floats:
    """Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000).

    Args:
        weights: [2, H, 4 H] what a state says to the next step's gates, of both directions.
        gates: [T, 2, B, 4 H] what the inputs say to them.

    Returns:
        The states [T, 2, B, H].
    """
    half = weights.shape[1]
    h = np.zeros((*gates.shape[1:3], half), np.float32)
    cell, states = np.zeros_like(h), np.empty((len(gates), *h.shape), np.float32)
    for step, said in enumerate(gates):
        z = said + h @ weights
        keep = sigmoid(z[..., : 2 * half])  # input gate, forget gate
        cell = keep[..., half:] * cell + keep[..., :half] * np.tanh(z[..., 2 * half : 3 * half])
        h = states[step] = sigmoid(z[..., 3 * half :]) * np.tanh(cell)
    return states


class NumpyBody:
    """`dragon.engine.body.Body` in NumPy; with kv = "int8", keys and values are rounded to it."""

    name = "numpy"

    def __init__(
        self, config: ModelConfig, weights: Mapping[str, Matrix], kv: KeptAs | None = None
    ) -> None:
        self.config = config
        self.kv = kv
        self.matrices = weights
        self.weights: dict[str, Floats] = {}
        self._rope = rope_table(config, 0)

    def rope(self, start: int, end: int) -> tuple[Floats, Floats]:
        """Rows [start, end) of the rotary table, which grows with the longest sequence."""
        if end > len(self._rope[0]):
            self._rope = rope_table(self.config, max(end, 2 * len(self._rope[0])))
        cos, sin = self._rope
        return cos[start:end], sin[start:end]

    def new_cache(self, capacity: int, once: bool = False) -> NumpyCache:
        """Room for one sequence."""
        c = self.config
        slots = 1 if once else c.num_hidden_layers
        rounded = self.kv == "int8" and not once
        return NumpyCache(slots, capacity, c.num_key_value_heads, c.head_dim, rounded)

    def forward(self, x: Floats, runs: Sequence[Run]) -> Floats:
        """Embeddings [M, C] -> normed states [M, C]."""
        for layer in range(self.config.num_hidden_layers):
            x = self.block(layer, x, runs)
        for run in runs:  # no block, no keys: the tokens have been read all the same
            run.cache.length = max(run.cache.length, run.start + run.length)
        return self._norm("model.norm", x) if self.config.norm_placement == "pre" else x

    def block(self, layer: int, x: Floats, runs: Sequence[Run]) -> Floats:
        """One block of the residual stream [M, C]."""
        x = self._residual(layer_name(layer, "input_layernorm"), x, self._attention, layer, runs)
        return self._residual(layer_name(layer, "post_attention_layernorm"), x, self._mlp, layer)

    def head(self, states: Floats) -> Floats:
        """Normed states [M, C] -> logits [M, V]."""
        tied = self.config.tie_word_embeddings
        return states @ self._weight("model.embed_tokens.weight" if tied else "lm_head.weight").T

    def linear(self, matrix: Matrix, bias: Floats | None = None) -> Linear:
        """A matrix [N, K] and a bias [N]: [M, K] -> [M, N]."""
        weight, add = matrix.f32().T, np.float32(0) if bias is None else bias
        return lambda x: x @ weight + add

    def recurrence(self, forwards: Matrix, backwards: Matrix) -> Recurrence:
        """Gates [T, 2, B, 4 H] -> states [T, 2, B, H]."""
        return partial(scan, np.stack([forwards.f32().T, backwards.f32().T]))

    def _weight(self, name: str) -> Floats:
        # Kept after the first use: int8 and half precision are unpacked once, not at every step.
        if name not in self.weights:
            self.weights[name] = self.matrices[name].f32()
        return self.weights[name]

    def _linear(self, name: str, x: Floats) -> Floats:
        y = x @ self._weight(f"{name}.weight").T
        return y + self._weight(f"{name}.bias") if f"{name}.bias" in self.matrices else y

    def _norm(self, name: str, x: Floats) -> Floats:
        bias = self._weight(f"{name}.bias") if self.config.norm == "layernorm" else None
        return norm(x, self._weight(f"{name}.weight"), bias, self.config.norm_eps)

    def _head_norm(self, name: str, heads: Floats) -> Floats:
        return rms_norm(heads, self._weight(f"{name}.weight"), self.config.norm_eps)

    def _residual(
        self, norm_name: str, x: Floats, sublayer: Callable[..., Floats], *arguments: object
    ) -> Floats:
        if self.config.norm_placement == "pre":
            return x + sublayer(self._norm(norm_name, x), *arguments)
        return self._norm(norm_name, x + sublayer(x, *arguments))

    def _mlp(self, x: Floats, layer: int) -> Floats:
        activation = ACTIVATIONS[self.config.activation]
        h = self._linear(layer_name(layer, "mlp.up_proj"), x)
        if self.config.activation == "swiglu":
            h = activation(self._linear(layer_name(layer, "mlp.gate_proj"), x)) * h
        else:
            h = activation(h)
        return self._linear(layer_name(layer, "mlp.down_proj"), h)

    def _attention(self, x: Floats, layer: int, runs: Sequence[Run]) -> Floats:
        q, k, v = (
            self._linear(layer_name(layer, f"self_attn.{part}"), x).reshape(
                len(x), -1, self.config.head_dim
            )
            for part in ("q_proj", "k_proj", "v_proj")
        )
        if self.config.qk_norm:
            q = self._head_norm(layer_name(layer, "self_attn.q_norm"), q)
            k = self._head_norm(layer_name(layer, "self_attn.k_norm"), k)
        mixed = np.empty_like(q)
        row = 0
        for run in runs:
            rows = slice(row, row + run.length)
            mixed[rows] = self._attend_run(layer, q[rows], k[rows], v[rows], run)
            row += run.length
        return self._linear(layer_name(layer, "self_attn.o_proj"), mixed.reshape(len(x), -1))

    def _attend_run(self, layer: int, q: Floats, k: Floats, v: Floats, run: Run) -> Floats:
        end = run.start + run.length
        if self.config.position == "rope":
            cos, sin = self.rope(run.start, end)
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        keys, values = run.cache.store(layer, run.start, k, v)
        positions = np.arange(end)
        seen = np.maximum(positions[run.start :] + 1, run.visible)
        mask = positions[None, :] < seen[:, None]
        if self.config.sliding_window:
            mask &= positions[None, :] > positions[run.start :, None] - self.config.sliding_window
        return attend(q, keys, values, mask)
