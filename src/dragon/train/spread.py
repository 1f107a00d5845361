"""The model on one process or many: as it is, copied (DDP) or cut in parts (FSDP).

In: a model and an objective. Out: losses whose gradients are those of all processes together.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from dragon.config import TrainConfig
from dragon.model.transformer import Transformer
from dragon.train.objective import Objective
from dragon.train.processes import Processes


class _Losses(nn.Module):
    """What PyTorch wraps: it wants one forward method, an objective calls several of a model."""

    def __init__(self, model: Transformer, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def forward(self, batch: Any, train: bool) -> tuple[Tensor, dict[str, Tensor]]:
        return self.objective.loss(self.model, batch, train)


class Spread:
    """Losses of a model that may be on several processes.

    Args:
        model: on its device; with `fsdp` its weights are cut here, in place.
    """

    def __init__(
        self, model: Transformer, objective: Objective, config: TrainConfig, processes: Processes
    ) -> None:
        self._losses = losses = _Losses(model, objective)
        self._run: nn.Module = losses
        self._copied = processes.count > 1 and config.parallel == "ddp"
        self._cut = processes.count > 1 and config.parallel == "fsdp"
        if self._copied:
            # A mouth that the objective does not use has no gradient.
            mouths = any(True for _ in model.dragon.parameters())
            mouths = mouths or not model.config.tie_word_embeddings
            self._run = DistributedDataParallel(
                losses, forward_sync_buffers=False, find_unused_parameters=mouths
            )
        if self._cut:
            for block in model.model.layers:
                fully_shard(block)
            fully_shard(losses)

    def __call__(self, batch: Any, train: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch and figures to log."""
        run = self._losses if self._copied and not train else self._run
        out: tuple[Tensor, dict[str, Tensor]] = run(batch, train)
        return out

    def summing(self, last: bool) -> AbstractContextManager[Any]:
        """For a forward pass: gradients are exchanged after a step's last one only."""
        if self._cut:
            self._run.set_requires_gradient_sync(last)  # type: ignore[operator]
        if self._copied and not last:
            return self._run.no_sync()  # type: ignore[operator,no-any-return]
        return nullcontext()


def whole(value: Tensor) -> Tensor:
    """A tensor that may be spread over the processes, as all of it."""
    gathered: torch.Tensor = value.full_tensor() if isinstance(value, DTensor) else value
    return gathered
