"""What ends a run before its last step: a loss that runs away, or one that falls no more.

In: the figures of the steps and evaluations, those of a resumed run's log first. Out: an error, or
True where it is time to stop.
"""

import math
from collections import deque
from statistics import fmean, median

from dragon.config import TrainConfig
from dragon.errors import DataError
from dragon.train.state import Metrics

RECENT, BEFORE = 8, 64  # steps


class Guard:
    """Looks at every step.

    Args:
        config: says what is too much.
        past: lines of the log so far.
    """

    def __init__(self, config: TrainConfig, past: list[Metrics]) -> None:
        self._config = config
        self._losses: deque[float] = deque(maxlen=RECENT + BEFORE)
        self._best, self._stale = math.inf, 0
        for line in past:
            self._losses.append(line["loss"])
            self._evaluate(line)

    @property
    def is_stale(self) -> bool:
        """Whether the validation loss has not fallen for `patience` evaluations."""
        return bool(self._config.patience) and self._stale >= self._config.patience

    def step(self, loss: float, norm: float, step: int, out: object) -> None:
        """Look at a step before it moves the weights.

        Raises:
            DataError: if the loss or its gradient is no number, or the loss has run away.
        """
        if not math.isfinite(loss + norm):
            raise DataError(
                f"The loss is {loss} and its gradient {norm} at step {step}.",
                f"Lower train.learning_rate; checkpoints are kept in {out}.",
            )
        self._losses.append(loss)
        spike = self._config.spike
        if not spike or len(self._losses) < RECENT + BEFORE:
            return
        losses = list(self._losses)
        usual, now = median(losses[:BEFORE]), fmean(losses[BEFORE:])
        if usual > 0 and now > spike * usual:
            raise DataError(
                f"The loss has risen from {usual:.3g} to {now:.3g} at step {step}.",
                f"Lower train.learning_rate or raise train.spike ({spike}); {out} has the last "
                "checkpoint before.",
            )

    def is_calm(self) -> bool:
        """Whether the last step's weights are worth keeping: its loss is no outlier."""
        losses = list(self._losses)
        if not self._config.spike or len(losses) < RECENT + BEFORE:
            return True
        return losses[-1] <= self._config.spike * median(losses[:BEFORE])

    def evaluated(self, metrics: Metrics) -> bool:
        """Count an evaluation; True where the run has stopped to improve."""
        self._evaluate(metrics)
        return self.is_stale

    def _evaluate(self, metrics: Metrics) -> None:
        if "val_loss" not in metrics:
            return
        better = metrics["val_loss"] < self._best
        self._best = min(self._best, metrics["val_loss"])
        self._stale = 0 if better else self._stale + 1
