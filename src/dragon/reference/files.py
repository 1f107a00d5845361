"""The reference model's files are everyone's: a model folder, float or packed.

In: a folder. Out: configuration, tensors and tokenizer; and the way back. `dragon.interop` turns a
folder into one plain JSON file.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.reference.arrays import Array
from dragon.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from dragon.tokenizer import Tokenizer


class Model(NamedTuple):
    """All that is needed to read and write."""

    config: ModelConfig
    tensors: dict[str, Array]
    tokenizer: "Tokenizer"


def open_model(folder: Path, precision: str = "float32") -> Model:
    """Open a model folder, float or packed.

    Raises:
        CheckpointError: if it is none, is damaged or incomplete.
        TokenizerError: if it has no tokenizer.
    """
    from dragon.engine.loading import load

    config, weights = load(folder)
    tensors = {name: matrix.f32().astype(precision) for name, matrix in weights.items()}
    return Model(config, tensors, load_tokenizer(folder))


def save_model(folder: Path, model: Model) -> None:
    """Write a model folder, whole or not at all."""
    with TemporaryDirectory() as beside:
        model.tokenizer.save(Path(beside))
        tensors = {name: np.asarray(t, np.float32) for name, t in model.tensors.items()}
        write_checkpoint(folder, model.config, tensors, Path(beside))
