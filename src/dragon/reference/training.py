"""A dataset and a model become a better model: epochs, batches, gradients, Adam.

Plain on purpose; models that ship are trained by `dragon.train`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dragon.config import ModelConfig
from dragon.errors import ConfigError
from dragon.reference.arrays import Array
from dragon.reference.blocks import Drop
from dragon.reference.examples import Example, batches
from dragon.reference.losses import language_loss
from dragon.reference.optimizer import Optimizer, clipped
from dragon.reference.settings import StageConfig
from dragon.weights import tensor_shapes


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the data gave.

    Attributes:
        number: from 1.
        loss: mean cross-entropy of the predicted tokens, in nats.
        tokens_per_s: tokens read a second, padding left out.
    """

    number: int
    loss: float
    tokens_per_s: float


def starting_values(config: ModelConfig, seed: int, precision: str) -> dict[str, Array]:
    """Random tensors: Normal(0, 0.02), into the residual stream divided by sqrt(2L), as GPT-2's.

    Norm weights start at 1, biases at 0.
    """
    random = np.random.default_rng(seed)
    values: dict[str, Array] = {}
    for name, shape in tensor_shapes(config).items():
        if len(shape) < 2:
            value = np.full(shape, float("norm" in name and name.endswith("weight")))
        else:
            residual = name.endswith(("o_proj.weight", "down_proj.weight"))
            size = 0.02 / ((2 * config.num_hidden_layers) ** 0.5 if residual else 1.0)
            value = random.standard_normal(shape) * size
        values[name] = value.astype(precision)
    return values


def train(
    parameters: dict[str, Array],
    config: ModelConfig,
    stage: StageConfig,
    examples: Sequence[Example],
    pad: int,
    watch: Callable[[Epoch], None] = lambda _: None,
) -> list[Epoch]:
    """Train in place.

    Args:
        parameters: tensors by name; replaced by better ones.
        config: of the model.
        stage: how.
        examples: what to learn.
        pad: id that fills a batch.
        watch: is told of every epoch.

    Raises:
        ConfigError: if the model sees what it is to predict, or the loss is no number any more.
    """
    if config.attention != "causal":
        raise ConfigError(
            f"model.attention is {config.attention}.", "To learn to write it must be causal."
        )
    random = np.random.default_rng(stage.seed)
    optimizer, drop = (
        Optimizer(stage.learning_rate, stage.weight_decay),
        Drop(stage.dropout, random),
    )
    for name, value in parameters.items():
        parameters[name] = value.astype(stage.precision)
    epochs: list[Epoch] = []
    for number in range(1, stage.epochs + 1):
        started, total, counted, read = time.perf_counter(), 0.0, 0, 0
        for ids, targets in batches(examples, stage.batch_size, pad, random):
            loss, grads = language_loss(parameters, config, ids, targets, drop=drop)
            if not np.isfinite(loss):
                raise ConfigError(
                    f"The loss became {loss} in epoch {number}.", "Lower the learning rate."
                )
            optimizer.step(parameters, clipped(grads, stage.clip))
            predicted = int((targets >= 0).sum())
            total, counted = total + loss * predicted, counted + predicted
            read += int((ids != pad).sum())
        seconds = time.perf_counter() - started
        epochs.append(Epoch(number, total / counted, read / seconds))
        watch(epochs[-1])
    return epochs
