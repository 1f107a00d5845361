"""A moving average of the weights, which is saved and evaluated in place of the last step's.

In: a model while it trains. Out: the same model with other values, for a while.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """An exponential moving average (Polyak and Juditsky 1992; as in BiDAF, arXiv:1611.01603).

    The first steps count for more, so that the random start is soon forgotten.

    Args:
        model: whose trained parameters are averaged.
        decay: what is kept of the average at each step; 0 is the model itself.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._mean = {n: p.detach().clone() for n, p in self._live.items()} if decay else {}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        if not self._mean:
            return
        kept = min(self.decay, (step - 1) / (step + 9))
        live = [p.detach() for p in self._live.values()]
        torch._foreach_lerp_(list(self._mean.values()), live, 1 - kept)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the model has the averaged weights; afterwards its own again, to the bit."""
        if not self._mean:
            yield
            return
        own = {n: p.detach().clone() for n, p in self._live.items()}
        _copy(self._mean, self._live)
        try:
            yield
        finally:
            _copy(own, self._live)

    def live(self) -> dict[str, Tensor]:
        """The model's own weights, to go on from; none where nothing is averaged."""
        return {n: p.detach().clone() for n, p in self._live.items()} if self._mean else {}

    def resume(self, live: Mapping[str, Tensor]) -> None:
        """Give the model its own weights back, where it was made with averaged ones."""
        if self._mean and live:
            _copy(live, self._live)


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    for name, value in target.items():
        value.copy_(source[name])
