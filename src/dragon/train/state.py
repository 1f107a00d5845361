"""Saving and resuming: a run's `last/` folder is a model folder that also holds the training state.

Written as a whole, beside and renamed: a killed run has its last checkpoint, never half of one.
"""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from dragon.checkpoint import WEIGHTS_FILE, write_checkpoint
from dragon.errors import CheckpointError
from dragon.model.transformer import Transformer

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


def save(
    folder: Path,
    model: Transformer,
    tokenizer: Path | None,
    optimizer: torch.optim.Optimizer | None,
    progress: Progress,
) -> None:
    """Write a checkpoint; with an optimizer also what resuming needs.

    Args:
        folder: replaced as a whole.
        model, tokenizer: as in `write_checkpoint`.
        optimizer: None for a checkpoint that is only to be used.
        progress: its summary is also written into config.json.

    Raises:
        CheckpointError: if it cannot be written, the disk being full perhaps; the checkpoint
            that was there is as it was.
    """

    def also(fresh: Path) -> None:
        if optimizer is not None:
            state = {
                "optimizer": optimizer.state_dict(),
                "progress": asdict(progress),
                "torch_rng": torch.get_rng_state(),
                "cuda_rng": torch.cuda.get_rng_state_all(),
            }
            torch.save(state, fresh / STATE_FILE)

    extras = {"training": progress.summary()}
    try:
        write_checkpoint(folder, model.config, model.numpy_tensors(), tokenizer, extras, also)
    except (OSError, RuntimeError, SafetensorError) as error:  # PyTorch raises RuntimeError here
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise CheckpointError(
            f"The checkpoint {folder} cannot be written: {said}.",
            "The one before it is as it was. Free some space and go on with --resume.",
        ) from error


def load_state(folder: Path, model: Transformer, optimizer: torch.optim.Optimizer) -> Progress:
    """Restore model, optimizer and random state in place; returns the progress.

    Raises:
        CheckpointError: if there is nothing to resume from, or it is damaged.
    """
    path = folder / STATE_FILE
    if not path.exists():
        raise CheckpointError(f"Nothing to resume at {folder}.", "Start without --resume.")
    load_weights(folder, model)
    try:
        state = torch.load(path, weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
    except Exception as error:  # unpickling raises anything
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} is damaged: {said}.", "Start a new run.") from None
    torch.set_rng_state(state["torch_rng"])
    if torch.cuda.is_available() and "cuda_rng" in state:
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    return Progress(**state["progress"])


def load_weights(folder: Path, model: Transformer) -> None:
    """Copy a checkpoint's tensors into a model, by name; missing ones keep their initial values.

    Raises:
        CheckpointError: if the file is missing or damaged, quantised, or of other shapes.
    """
    from safetensors.numpy import load_file

    try:
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: {WEIGHTS_FILE} cannot be read: {error}.", "Give a whole model folder."
        ) from None
    if "model.embed_tokens.weight" not in tensors:
        raise CheckpointError(
            f"{folder} has no embeddings in float.", "Give a checkpoint that is not quantised."
        )
    for name, parameter in model.named_parameters():
        if name in tensors and tensors[name].shape != tuple(parameter.shape):
            raise CheckpointError(
                f"{folder}: {name} has shape {tensors[name].shape}, not {tuple(parameter.shape)}.",
                "Set model.* to the shape of the checkpoint.",
            )
    model.load_numpy(tensors)
