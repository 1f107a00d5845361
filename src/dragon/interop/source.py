"""A model that is to be written for another program: opened, and checked to be one it can run.

In: a model folder. Out: its configuration, its matrices, and the tokens that begin and end a text.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.engine.loading import load
from dragon.engine.matrices import Dense, Matrix
from dragon.engine.safetensors import Tensor
from dragon.errors import InputError, TokenizerError
from dragon.tokenizer.files import AnyTokenizer, load_tokenizer
from dragon.tokenizer.template import end_ids


@dataclass(frozen=True, slots=True)
class Source:
    """An opened model.

    Attributes:
        matrices: by the names of `dragon.weights`.
        tokenizer: None where the folder has none.
        begin: token that stands before every text; None for none.
        ends: tokens that end an answer.
    """

    folder: Path
    config: ModelConfig
    matrices: dict[str, Matrix]
    tokenizer: AnyTokenizer | None
    begin: int | None
    ends: tuple[int, ...]

    def tensor(self, name: str) -> Tensor:
        """A tensor as it is stored, or as float32 where that is a packed form of ours."""
        matrix = self.matrices[name]
        return matrix.tensor if isinstance(matrix, Dense) else Tensor("F32", matrix.f32())

    def f32(self, name: str) -> NDArray[np.float32]:
        """A tensor's values."""
        return self.matrices[name].f32()


def open_source(folder: Path, target: Path, *, causal: bool = True) -> Source:
    """Open a model folder.

    Args:
        folder: of the model.
        target: where it will be written, which must be another place.
        causal: whether only a plain language model will do.

    Raises:
        CheckpointError: if the folder is damaged.
        InputError: if the model is none that other programs compute, or target is the folder.
    """
    if folder.resolve() == target.resolve():
        raise InputError(f"{target} is the model itself.", "Give another place to write to.")
    config, matrices = load(folder)
    if causal and config.reader_head == "recurrent":
        raise InputError(
            "This model reads with a recurrent head, which other programs do not compute.",
            "Give a language model, or use `dragon export json`.",
        )
    if causal and config.attention != "causal":
        raise InputError(
            f"This model's attention is {config.attention}, which other programs do not compute.",
            "Give a causal one, or use `dragon export json`.",
        )
    if causal and config.pointer_head:
        raise InputError(
            "This model has a pointer head, which other programs do not compute.",
            "Give one without, or use `dragon export json`.",
        )
    tokenizer = _tokenizer(folder)
    start = tokenizer.encode_prompt("") if tokenizer else []
    ends = sorted(end_ids(folder, tokenizer)) if tokenizer else []
    return Source(folder, config, matrices, tokenizer, start[0] if start else None, tuple(ends))


def _tokenizer(folder: Path) -> AnyTokenizer | None:
    try:
        return load_tokenizer(folder)
    except TokenizerError:
        if any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
            raise
        return None
