"""The learning rate of each step."""

import math

from dragon.config import TrainConfig


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then from the peak to the minimum at the last step.

    >>> c = TrainConfig(steps=10, warmup_steps=2, learning_rate=1.0, min_learning_rate=0.1)
    >>> [round(learning_rate(c, s), 2) for s in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    >>> c = TrainConfig(steps=10, warmup_steps=2, learning_rate=1.0, min_learning_rate=0.2,
    ...     schedule="wsd", decay_share=0.4)
    >>> [round(learning_rate(c, s), 2) for s in (2, 5, 6, 8, 10)]
    [1.0, 1.0, 1.0, 0.6, 0.2]
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    span = max(1, config.steps - config.warmup_steps)
    done = min(1.0, (step - config.warmup_steps) / span)
    if config.schedule == "cosine":
        left = 0.5 * (1 + math.cos(math.pi * done))
    elif config.schedule == "linear":
        left = 1 - done
    else:
        falling = max(1.0, config.decay_share * config.steps)
        left = min(1.0, max(0.0, config.steps - step) / falling)
    return config.min_learning_rate + left * (config.learning_rate - config.min_learning_rate)
