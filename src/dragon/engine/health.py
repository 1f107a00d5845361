"""Damaged weights are found where they show: in what the model computes.

In: scores. Out: nothing, or an error that names the tensor. Looking through all weights when a
model is opened would read the whole file, which is what opening avoids.
"""

from collections.abc import Mapping

import numpy as np

from dragon.engine.body import Floats
from dragon.engine.matrices import Matrix
from dragon.errors import CheckpointError


def check_finite(scores: Floats, weights: Mapping[str, Matrix]) -> None:
    """Raise CheckpointError, with the tensor at fault, if a score is no finite number."""
    with np.errstate(all="ignore"):
        # The sum is the cheap question; large scores can overflow it without being wrong.
        if np.isfinite(scores.sum()) or np.isfinite(scores).all():
            return
        for name, matrix in weights.items():
            if not np.isfinite(matrix.f32()).all():
                raise CheckpointError(
                    f"{name} holds a value that is no finite number.", "The weights are damaged."
                )
    raise CheckpointError(
        "The model computes values that are no finite numbers.",
        "Its weights are too large for float32; the checkpoint is damaged.",
    )
