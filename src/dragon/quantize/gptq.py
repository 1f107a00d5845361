"""GPTQ: rounding column by column, where what is left to round makes up for the error so far.

In: a matrix and the inputs that it sees on calibration texts. Out: values and scales as round to
nearest gives them, with a smaller error of the product. Frantar et al. 2022 (arXiv:2210.17323).
Shapes: N, K rows and columns (out, in), M tokens.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.engine.body import Floats, Run
from dragon.engine.embedding import Embedding, Ids
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import NumpyBody
from dragon.quantize.rtn import Integers, packed, scales_of
from dragon.weights import layer_name

Doubles = NDArray[np.float64]
DAMPING = 0.01  # of the mean diagonal: keeps the Hessian invertible (the paper's value)
LAZY = 128  # columns whose updates are collected before the rest of the matrix sees them
# Matrices that read the same rows share a Hessian.
READERS = {
    "self_attn.q_proj": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "self_attn.o_proj": ("self_attn.o_proj",),
    "mlp.up_proj": ("mlp.up_proj", "mlp.gate_proj"),
    "mlp.down_proj": ("mlp.down_proj",),
}


def gptq(matrix: Floats, hessian: Doubles, group: int, bits: int) -> tuple[Integers, Floats]:
    """Quantise a matrix [N, K] against the inputs' second moments [K, K].

    Returns:
        int8 values [N, K] and scales [N, ceil(K / group)].
    """
    n, k = matrix.shape
    work = matrix.astype(np.float32)
    upper = _inverse_root(hessian)
    low, high = (-127, 127) if bits == 8 else (-8, 7)
    values = np.zeros((n, k), np.int8)
    scales = np.ones((n, -(-k // group)), np.float32)
    for begin in range(0, k, LAZY):
        end = min(begin + LAZY, k)
        errors = np.zeros((n, end - begin), np.float32)
        for j in range(begin, end):
            if j % group == 0:  # the scale of weights as they have become
                scales[:, j // group] = scales_of(work[:, j : j + group], bits)
            scale = scales[:, j // group]
            values[:, j] = np.clip(np.rint(work[:, j] / scale), low, high)
            error = (work[:, j] - values[:, j] * scale) / upper[j, j]
            # To the end of the group too, if it goes past the lazy block: its scale comes first.
            work[:, j + 1 : end] -= np.outer(error, upper[j, j + 1 : end])
            errors[:, j - begin] = error
        work[:, end:] -= errors @ upper[begin:end, end:]
    return values, scales


def _inverse_root(hessian: Doubles) -> Floats:
    """The upper Cholesky factor of the damped inverse, by which errors spread to later columns."""
    damped = hessian.copy()
    diagonal = np.einsum("ii->i", damped)  # a view
    diagonal[diagonal == 0] = 1  # an input that was never seen: any rounding will do
    diagonal += DAMPING * diagonal.mean()
    inverse = np.linalg.inv(damped)
    root: Floats = np.linalg.cholesky((inverse + inverse.T) / 2).T.astype(np.float32)
    return root


class _Recorder(NumpyBody):
    """The NumPy kernels, which note the second moments of what each matrix reads."""

    def __init__(self, config: ModelConfig, weights: dict[str, Matrix]) -> None:
        super().__init__(config, weights)
        self.moments: dict[str, Doubles] | None = None

    def _linear(self, name: str, x: Floats) -> Floats:
        if self.moments is not None and name.split(".", 3)[-1] in READERS:
            moment = (x.T @ x).astype(np.float64)
            self.moments[name] = self.moments.get(name, 0) + moment
        return super()._linear(name, x)


def gptq_blocks(
    config: ModelConfig,
    weights: dict[str, Matrix],
    texts: Sequence[Ids],
    group: int,
    bits: int,
) -> dict[str, Matrix]:
    """Quantise the matrices of all blocks, each on the inputs that those before it now give.

    Args:
        weights: of a float model.
        texts: ids [M] of calibration texts, each within the context.

    Returns:
        The packed matrices by name.
    """
    body = _Recorder(config, dict(weights))
    embedding = Embedding(config, weights)
    states = [embedding(ids, np.arange(len(ids), dtype=np.int32)) for ids in texts]
    result: dict[str, Matrix] = {}
    for layer in range(config.num_hidden_layers):
        body.moments = {}
        for x in states:
            _through(body, layer, x)
        moments, body.moments = body.moments, None
        for reader, names in READERS.items():
            moment = moments[layer_name(layer, reader)]
            for part in names:
                name = f"{layer_name(layer, part)}.weight"
                if name in weights:
                    rounded = gptq(weights[name].f32(), moment, group, bits)
                    result[name] = packed(*rounded, group, bits)
                    body.weights[name] = result[name].f32()
        states = [_through(body, layer, x) for x in states]
        for name in [name for name in body.weights if name.startswith(layer_name(layer, ""))]:
            del body.weights[name]
    return result


def _through(body: NumpyBody, layer: int, x: Floats) -> Floats:
    whole = body.config.attention == "bidirectional"
    run: Any = Run(body.new_cache(len(x), once=True), 0, len(x), len(x) if whole else 0)
    return body.block(layer, x, [run])
