"""The mean of several checkpoints' weights: often better than each (model soups).

In: model folders of one shape. Out: a model folder. Wortsman et al. 2022, arXiv:2203.05482: members
that share their beginning lie in one basin, and the middle of a basin is a good place.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dragon.checkpoint import write_checkpoint
from dragon.engine.loading import load
from dragon.errors import CheckpointError, InputError


def average(folders: Sequence[Path], out: Path, weights: Sequence[float] = ()) -> None:
    """Write the mean of models into a folder, with the first one's tokenizer.

    Args:
        folders: models of one configuration, in floats or quantised.
        out: a new folder; one that is there is replaced as a whole.
        weights: how much each counts; empty for all alike.

    Raises:
        InputError: for fewer than two folders, weights of another number, or of sum 0.
        CheckpointError: if a folder is no model, or one of another shape.
    """
    if len(folders) < 2:
        raise InputError(f"{len(folders)} model to average.", "Name two folders or more.")
    shares = np.array(weights or [1.0] * len(folders), dtype=np.float64)
    if len(shares) != len(folders) or not np.isfinite(shares).all() or shares.sum() <= 0:
        raise InputError(
            f"weights are {list(weights)} for {len(folders)} models.",
            "Give each model one, of a sum above 0.",
        )
    shares /= shares.sum()
    config, first = load(folders[0])
    mean = {name: shares[0] * matrix.f32() for name, matrix in first.items()}
    for share, folder in zip(shares[1:], folders[1:], strict=True):
        theirs, tensors = load(folder)
        if theirs != config:
            raise CheckpointError(
                f"{folder} has another configuration than {folders[0]}.",
                "Average checkpoints of one model.",
            )
        for name, matrix in tensors.items():
            mean[name] += share * matrix.f32()
    whole = {name: values.astype(np.float32) for name, values in mean.items()}
    write_checkpoint(out, config, whole, folders[0])
