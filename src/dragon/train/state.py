"""Saving and resuming: a run's `last/` folder is a model folder that also holds the training state.

Written as a whole, beside and renamed: a killed run has its last checkpoint, never half of one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from dragon.checkpoint import write_checkpoint, written_beside
from dragon.config import LoraConfig
from dragon.errors import CheckpointError
from dragon.model.lora import adapters
from dragon.model.transformer import Transformer
from dragon.train.adapter import Update, write_adapter
from dragon.train.start import load_weights
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
    """

    tokenizer: Path
    base: Base | None
    complete: Callable[[Path], None]

    def save(
        self,
        folder: Path,
        model: Transformer,
        optimizer: torch.optim.Optimizer | None,
        progress: Progress,
    ) -> None:
        """Write a checkpoint; with an optimizer also what resuming needs.

        Args:
            folder: replaced as a whole.
            model: its trained weights are written.
            optimizer: None for a checkpoint that is only to be used.
            progress: its summary is also written into config.json.

        Raises:
            CheckpointError: if it cannot be written, the disk being full perhaps; the checkpoint
                that was there is as it was.
        """
        try:
            self._write(folder, model, optimizer, progress)
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
        optimizer: torch.optim.Optimizer | None,
        progress: Progress,
    ) -> None:
        def also(fresh: Path) -> None:
            copy_tokenizer(self.tokenizer, fresh)
            self.complete(fresh)
            if optimizer is not None:
                torch.save(_state(model, optimizer, progress, self.base), fresh / STATE_FILE)

        if self.base is None:
            extras = {"training": progress.summary()}
            write_checkpoint(folder, model.config, model.numpy_tensors(), None, extras, also)
            return
        with written_beside(folder) as fresh:
            base = self.base
            write_adapter(fresh, _updates(model), base.lora, base.folder, base.digest)
            also(fresh)


def _state(
    model: Transformer,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    base: Base | None,
) -> dict[str, Any]:
    trained = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    return {
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
        "torch_rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state_all(),
        "adapter": trained if base else {},
    }


def _updates(model: Transformer) -> dict[str, Update]:
    return {
        name: Update(
            layer.lora_a.detach().float().cpu().numpy(),
            layer.lora_b.detach().float().cpu().numpy(),
            layer.scale,
        )
        for name, layer in adapters(model)
    }


def load_state(folder: Path, model: Transformer, optimizer: torch.optim.Optimizer) -> Progress:
    """Restore model, optimizer and random state in place; returns the progress.

    Raises:
        CheckpointError: if there is nothing to resume from, or it is damaged.
    """
    path = folder / STATE_FILE
    if not path.exists():
        raise CheckpointError(f"Nothing to resume at {folder}.", "Start without --resume.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
    except Exception as error:  # unpickling raises anything
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} is damaged: {said}.", "Start a new run.") from None
    if state.get("adapter"):
        _restore(model, state["adapter"])
    else:
        load_weights(folder, model)
    torch.set_rng_state(state["torch_rng"])
    if torch.cuda.is_available() and "cuda_rng" in state:
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    return Progress(**state["progress"])


def _restore(model: Transformer, trained: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in trained:
                parameter.copy_(trained[name])
