"""Words in their context without PyTorch: what `dragon.model.context` adds to embedded tokens.

Shapes: M tokens of all prompts, C channels.
"""

from collections.abc import Mapping, Sequence

from dragon.config import ModelConfig
from dragon.engine.body import Body, Floats
from dragon.engine.matrices import Matrix
from dragon.engine.numpy_body import norm
from dragon.engine.recurrent import Layer

PREFIX = "dragon.context"


class Context:
    """The layer of one model.

    Args:
        config: of the model.
        body: whose kernels compute it.
        weights: of the model, by name.
    """

    def __init__(self, config: ModelConfig, body: Body, weights: Mapping[str, Matrix]) -> None:
        def matrix(name: str) -> Matrix:
            return weights[f"{PREFIX}.{name}"]

        self._eps = config.norm_eps
        self._weight = matrix("norm.weight").f32()
        self._bias = matrix("norm.bias").f32() if config.norm == "layernorm" else None
        self._layer = Layer(body, matrix, "layer")
        self._out = body.linear(matrix("out.weight"), matrix("out.bias").f32())

    def __call__(self, x: Floats, lengths: Sequence[int]) -> Floats:
        """Embedded tokens [M, C] of prompts of these lengths -> what is added to them [M, C]."""
        normed = norm(x, self._weight, self._bias, self._eps)
        return self._out(self._layer(normed, lengths))
