"""Several processes as one run, started by torchrun: who am I, and what is shared.

In: the environment that torchrun sets. Out: a `Processes`, which is alone where there is no other.
Each does every so many of a step's forward passes, so that the run is the same run however many
there are.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

from dragon.config import TrainConfig
from dragon.errors import ConfigError
from dragon.train.precision import device_of


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a run.

    Attributes:
        rank: number of this one, from 0.
        count: of all.
        device: that this one computes on.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """The mean over all processes; every one has the same names."""
        if self.count == 1:
            return values
        names = sorted(values)
        sums = torch.tensor([values[n] for n in names], dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return dict(zip(names, (sums / self.count).tolist(), strict=True))

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def join_processes(config: TrainConfig) -> Iterator[Processes]:
    """Join the others of a run under torchrun.

    Raises:
        ConfigError: if a step's forward passes cannot be shared evenly, or for what needs whole
            matrices while they would be cut.
    """
    count, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    if count == 1:
        yield Processes(0, 1, device_of())
        return
    if config.accumulate % count:
        raise ConfigError(
            f"train.accumulate is {config.accumulate} and there are {count} processes.",
            f"Set it to a multiple of {count}: it counts the passes of all.",
        )
    for name, plain in (("optimizer", "adamw"), ("ema", 0.0), ("facts", "")):
        if config.parallel == "fsdp" and getattr(config, name) != plain:
            raise ConfigError(
                f"train.{name} is {getattr(config, name)} and train.parallel is fsdp.",
                "That needs whole matrices in each process: set train.parallel=ddp.",
            )
    device = device_of(int(os.environ.get("LOCAL_RANK", 0)))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(rank, count, device)
    finally:
        dist.destroy_process_group()
