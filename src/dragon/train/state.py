"""Saving and resuming: a run's `last/` folder is a model folder that also holds the training state.

Written as a whole, beside and renamed: a killed run has its last checkpoint, never half of one.
"""

from pathlib import Path
from typing import Any

import torch

from dragon.checkpoint import write_checkpoint
from dragon.errors import CheckpointError
from dragon.model.transformer import Transformer

STATE_FILE = "training_state.pt"


def save(
    folder: Path,
    model: Transformer,
    tokenizer: Path | None,
    optimizer: torch.optim.Optimizer | None,
    progress: dict[str, Any],
) -> None:
    """Write a checkpoint; with an optimizer also what resuming needs.

    Args:
        folder: replaced as a whole.
        model, tokenizer: as in `write_checkpoint`.
        optimizer: None for a checkpoint that is only to be used.
        progress: step, best validation loss and the like; also written into config.json.
    """

    def also(fresh: Path) -> None:
        if optimizer is not None:
            state = {
                "optimizer": optimizer.state_dict(),
                "progress": progress,
                "torch_rng": torch.get_rng_state(),
            }
            torch.save(state, fresh / STATE_FILE)

    write_checkpoint(
        folder, model.config, model.numpy_tensors(), tokenizer, {"training": progress}, also
    )


def load_state(
    folder: Path, model: Transformer, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Restore model, optimizer and random state in place; returns the progress.

    Raises:
        CheckpointError: if there is nothing to resume from.
    """
    path = folder / STATE_FILE
    if not path.exists():
        raise CheckpointError(f"Nothing to resume at {folder}.", "Start without --resume.")
    load_weights(folder, model)
    state = torch.load(path, weights_only=True)
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["torch_rng"])
    return dict(state["progress"])


def load_weights(folder: Path, model: Transformer) -> None:
    """Copy a checkpoint's tensors into a model, by name; a missing tensor keeps its initial value."""
    from safetensors.numpy import load_file

    try:
        tensors = load_file(folder / "model.safetensors")
    except Exception as error:
        raise CheckpointError(f"{folder}: model.safetensors cannot be read: {error}.") from None
    for name, parameter in model.named_parameters():
        if name in tensors and tensors[name].shape != tuple(parameter.shape):
            raise CheckpointError(
                f"{folder}: {name} has shape {tensors[name].shape}, not {tuple(parameter.shape)}.",
                "Set model.* to the shape of the checkpoint.",
            )
    model.load_numpy(tensors)
