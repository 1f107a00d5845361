r"""Finite differences: what a gradient has to agree with, found by trying.

$$\frac{L(w + h u) - L(w - h u)}{2h} = \langle \nabla L, u \rangle + O(h^2)$$

for a random direction $u$ in each tensor. In double precision both sides agree to about $10^{-8}$.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dragon.config import ModelConfig
from dragon.reference.arrays import Array
from dragon.reference.losses import language_loss, reading_loss
from dragon.reference.softmax import IGNORED
from dragon.reference.sublayers import Gradients
from dragon.weights import tensor_shapes

Loss = Callable[[Mapping[str, Array]], float]

# The error of a step falls with h^2 and rounding rises with 1/h; and a step may cross the corner of
# a ReLU, where there is no slope to find. A right gradient fits at one, a wrong one at none.
STEPS = (1e-4, 1e-5, 1e-6)
GOOD = 1e-8  # no further step is tried


@dataclass(frozen=True, slots=True)
class Check:
    """One tensor.

    Attributes:
        name: of the tensor.
        gradient: slope along the direction by the backward pass.
        difference: the same by finite differences.
        error: |gradient - difference| as a share of the larger one's size.
    """

    name: str
    gradient: float
    difference: float
    error: float


def check_gradients(
    loss: Loss, parameters: Mapping[str, Array], gradients: Mapping[str, Array], seed: int = 0
) -> list[Check]:
    """Hold every gradient against finite differences.

    Args:
        loss: of some parameters.
        parameters: float64 tensors by name.
        gradients: of the loss at these parameters, by the backward pass.
        seed: of the directions.

    >>> w = {"w": np.array([1.0, 2.0])}
    >>> [check] = check_gradients(lambda p: float((p["w"] ** 2).sum()), w, {"w": 2 * w["w"]})
    >>> check.error < 1e-8
    True
    """
    random = np.random.default_rng(seed)
    return [
        _check(loss, parameters, name, gradients[name], random.standard_normal(value.shape))
        for name, value in parameters.items()
    ]


def _check(
    loss: Loss, parameters: Mapping[str, Array], name: str, gradient: Array, direction: Array
) -> Check:
    direction = direction / np.linalg.norm(direction)
    along = float(np.vdot(gradient, direction))
    best = Check(name, along, np.inf, np.inf)
    for h in STEPS:
        there, back = (
            loss({**parameters, name: parameters[name] + sign * h * direction}) for sign in (1, -1)
        )
        difference = (there - back) / (2 * h)
        # Where the slope is nothing, rounding is all there is: such slopes count as equal.
        size = max(abs(along), abs(difference), 1e-4)
        error = abs(along - difference) / size
        if error < best.error:
            best = Check(name, along, difference, error)
        if best.error < GOOD:
            break
    return best


def check_network(config: ModelConfig, seed: int = 0) -> list[Check]:
    """Check a random network on random tokens: next-token loss, and the reading loss of a reader.

    Args:
        config: its shape; at least 4 positions.
        seed: of weights, tokens and directions.

    Returns:
        A check for every tensor that a loss depends on.
    """
    random = np.random.default_rng(seed)
    tensors = _tensors(config, random)
    rows = 2, min(6, config.max_position_embeddings)
    ids, targets = random.integers(0, config.vocab_size, (2, *rows))
    targets[0, 0] = IGNORED

    def writing(p: Mapping[str, Array]) -> tuple[float, Gradients]:
        return language_loss(p, config, ids, targets, prefix=rows[1] // 2)

    checks = _check_loss(writing, tensors, seed)
    if config.is_reader:
        columns = [random.integers(0, size, rows) for size in config.reader_features]
        features, answers = np.stack(columns, -1), random.integers(0, rows[1], (2, 2))

        def reading(p: Mapping[str, Array]) -> tuple[float, Gradients]:
            return reading_loss(p, config, ids, features, answers)

        checks += _check_loss(reading, tensors, seed)
    return checks


def _check_loss(
    loss: Callable[[Mapping[str, Array]], tuple[float, Gradients]],
    tensors: Mapping[str, Array],
    seed: int,
) -> list[Check]:
    _, grads = loss(tensors)
    reached = {name: value for name, value in tensors.items() if name in grads}
    return check_gradients(lambda p: loss({**tensors, **p})[0], reached, grads, seed)


def _tensors(config: ModelConfig, random: np.random.Generator) -> dict[str, Array]:
    """Weights of a size at which every part matters: those of a fresh model hardly do."""
    tensors = {}
    for name, shape in tensor_shapes(config).items():
        value = random.standard_normal(shape) * (0.3 if len(shape) == 1 else shape[-1] ** -0.5)
        tensors[name] = value + float("norm" in name and name.endswith("weight"))
    return tensors
