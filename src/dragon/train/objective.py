"""What the training loop asks of an objective, and what most of them leave as it is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dragon.model.transformer import Transformer


class Objective(ABC):
    """Turns data into batches, whose order depends on seed and step alone, and their losses."""

    @abstractmethod
    def batches(self, start_step: int) -> Iterator[Any]:
        """Endless training batches from a step on, `accumulate` for each step."""

    @abstractmethod
    def batches_an_epoch(self) -> int:
        """How many batches hold all of the data once."""

    @abstractmethod
    def loss(self, model: Transformer, batch: Any, train: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch and figures to log."""

    @abstractmethod
    def validation(self) -> Iterator[Any]:
        """The same `eval_batches` validation batches at every call."""

    @abstractmethod
    def stream(self) -> npt.NDArray[np.uint16]:
        """[N] all training tokens, one after the other."""

    def count_tokens(self, batch: Any) -> int:
        """How many tokens a batch has, padding included."""
        ids: Tensor = batch[0] if isinstance(batch, tuple) else batch.ids
        return ids.numel()

    def figures(self, model: Transformer) -> dict[str, float]:
        """What else is measured at every evaluation, under these names."""
        return {}

    def is_done(self, figures: dict[str, float]) -> bool:
        """Whether the run has reached its aim, by the figures of an evaluation."""
        return False

    def notes(self) -> Iterator[str]:
        """What a user should know of the data before the first step."""
        yield from ()

    def complete(self, folder: Path) -> None:  # noqa: B027 -- most have nothing to add
        """Add to a checkpoint what only the objective knows."""
