"""Saving and resuming: a run's `last/` folder is a model folder that also holds the training state.

Written as a whole, beside and renamed: a killed run has its last checkpoint, never half of one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.tensor import DTensor

from dragon.checkpoint import write_checkpoint, written_beside
from dragon.config import LoraConfig
from dragon.errors import CheckpointError
from dragon.model.lora import adapters
from dragon.model.transformer import Transformer
from dragon.train.adapter import Update, write_adapter
from dragon.train.optimizer import Optimizers
from dragon.train.processes import Processes
from dragon.train.spread import whole
from dragon.train.tokenizer_files import copy_tokenizer

STATE_FILE = "training_state.pt"

Metrics = dict[str, float]


@dataclass(slots=True)
class Progress:
    """How far a run has come.

    Attributes:
        step: steps done.
        best: lowest validation loss.
        tokens: tokens read, padding included.
        seconds: time spent in steps.
        metrics: figures of the last step, which are logged only after the checkpoint is safe.
    """

    step: int = 0
    best: float = math.inf
    tokens: int = 0
    seconds: float = 0.0
    metrics: Metrics = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """What config.json tells of the training; JSON has no infinity."""
        values = asdict(self)
        del values["metrics"]
        return {name: value for name, value in values.items() if math.isfinite(value)}


@dataclass(frozen=True, slots=True)
class Base:
    """The frozen model below an adapter.

    Attributes:
        folder: where it lies.
        digest: see `dragon.train.adapter.base_hash`.
        lora: what is trained on it.
    """

    folder: Path
    digest: str
    lora: LoraConfig


@dataclass(frozen=True, slots=True)
class Saver:
    """Writes checkpoints: whole models, or adapters in PEFT's files where there is a base.

    Attributes:
        tokenizer: folder whose tokenizer goes into each.
        base: None where all weights are trained.
        complete: adds what the objective knows.
        processes: of which the first one writes.
    """

    tokenizer: Path
    base: Base | None
    complete: Callable[[Path], None]
    processes: Processes

    def save(
        self,
        folder: Path,
        model: Transformer,
        optimizer: Optimizers | None,
        scaler: torch.amp.GradScaler,
        progress: Progress,
        live: Mapping[str, Tensor],
    ) -> None:
        """Write a checkpoint; with an optimizer also what resuming needs.

        Args:
            folder: replaced as a whole.
            model: its trained weights are written.
            optimizer: None for a checkpoint that is only to be used.
            scaler: of the loss.
            progress: its summary is also written into config.json.
            live: the weights to go on from, where others are written (`MovingAverage`); else none.

        Raises:
            CheckpointError: if it cannot be written, the disk being full perhaps; the checkpoint
                that was there is as it was.
        """
        # Beside a base only the adapter is written.
        kept = {n: p for n, p in model.named_parameters() if p.requires_grad or not self.base}
        values = {name: whole(p.detach()) for name, p in kept.items()}
        if self.processes.count > 1:
            # FSDP resizes its buffers, and may not while an array looks into them.
            values = {name: value.clone() for name, value in values.items()}
        state: dict[str, Any] = {}
        if optimizer is not None:
            state = {
                "optimizer": _optimizer_state(model, optimizer),
                "progress": asdict(progress),
                "torch_rng": torch.get_rng_state(),
                "cuda_rng": torch.cuda.get_rng_state_all(),
                "scaler": scaler.state_dict(),
                "live": dict(live),
                "adapter": values if self.base else {},
            }
        if not self.processes.is_first:
            return
        try:
            self._write(folder, model, values, state, progress)
        except (OSError, RuntimeError, SafetensorError) as error:  # PyTorch raises RuntimeError
            said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            raise CheckpointError(
                f"The checkpoint {folder} cannot be written: {said}.",
                "The one before it is as it was. Free some space and go on with --resume.",
            ) from error

    def _write(
        self,
        folder: Path,
        model: Transformer,
        values: Mapping[str, Tensor],
        state: dict[str, Any],
        progress: Progress,
    ) -> None:
        def also(fresh: Path) -> None:
            copy_tokenizer(self.tokenizer, fresh)
            self.complete(fresh)
            if state:
                torch.save(state, fresh / STATE_FILE)

        if self.base is None:
            extras = {"training": progress.summary()}
            arrays = {name: value.float().cpu().numpy() for name, value in values.items()}
            write_checkpoint(folder, model.config, arrays, None, extras, also)
            return
        with written_beside(folder) as fresh:
            base = self.base
            write_adapter(fresh, _updates(model, values), base.lora, base.folder, base.digest)
            also(fresh)


def _optimizer_state(model: Transformer, optimizer: Optimizers) -> Any:
    """As one process would have it, whether the weights are cut in parts or not."""
    if not any(isinstance(p, DTensor) for p in model.parameters()):
        return optimizer.state_dict()
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    return [get_optimizer_state_dict(model, part, options=options) for part in optimizer.parts]


def _updates(model: Transformer, values: Mapping[str, Tensor]) -> dict[str, Update]:
    def array(name: str) -> NDArray[np.float32]:
        return values[name].float().cpu().numpy()

    updates = {}
    for name, layer in adapters(model):
        module = name.removesuffix("weight")
        updates[name] = Update(array(f"{module}lora_a"), array(f"{module}lora_b"), layer.scale)
    return updates


def load_state(
    folder: Path, model: Transformer, optimizer: Optimizers, scaler: torch.amp.GradScaler
) -> tuple[Progress, dict[str, Tensor]]:
    """Restore optimizer and random state in place, and an adapter's values.

    Returns:
        The progress, and the weights to go on from where the checkpoint holds averaged ones.

    Raises:
        CheckpointError: if there is nothing to resume from, or it is damaged.
    """
    path = folder / STATE_FILE
    if not path.exists():
        raise CheckpointError(f"Nothing to resume at {folder}.", "Start without --resume.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        _restore(model, state.get("adapter", {}))
        _load_optimizer(model, optimizer, state["optimizer"])
        scaler.load_state_dict(state.get("scaler", {}))
    except Exception as error:  # unpickling raises anything
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} is damaged: {said}.", "Start a new run.") from None
    torch.set_rng_state(state["torch_rng"])
    if torch.cuda.is_available() and "cuda_rng" in state:
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    return Progress(**state["progress"]), state.get("live", {})


def _load_optimizer(model: Transformer, optimizer: Optimizers, saved: Any) -> None:
    states = [saved] if isinstance(saved, dict) else saved  # one optimizer, before there were two
    if not any(isinstance(p, DTensor) for p in model.parameters()):
        optimizer.load_state_dict(states)
        return
    options = StateDictOptions(full_state_dict=True)
    for part, state in zip(optimizer.parts, states, strict=True):
        set_optimizer_state_dict(model, part, state, options=options)


def _restore(model: Transformer, trained: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in trained:
                parameter.copy_(trained[name])
