"""The reference model's files: a model folder like everyone's, or one plain JSON file.

In: a path. Out: configuration, tensors and tokenizer; and the way back.

    {"format": "dragon-reference", "version": 1, "config": {...},
     "tokenizer": {...}, "tensors": {"model.embed_tokens.weight": [[0.01, ...], ...], ...}}
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dragon.checkpoint import (
    TOKENIZER_FILE,
    config_from_json,
    config_to_json,
    write_checkpoint,
)
from dragon.config import ModelConfig
from dragon.errors import CheckpointError
from dragon.reference.arrays import Array
from dragon.tokenizer import load_tokenizer
from dragon.weights import tensor_shapes

if TYPE_CHECKING:
    from dragon.tokenizer.files import AnyTokenizer

FORMAT, VERSION = "dragon-reference", 1


class Model(NamedTuple):
    """All that is needed to read and write."""

    config: ModelConfig
    tensors: dict[str, Array]
    tokenizer: "AnyTokenizer"


def open_model(path: Path, precision: str = "float32") -> Model:
    """Open a model folder, float or int8, or a plain JSON file.

    Raises:
        CheckpointError: if it is neither, damaged or incomplete.
        TokenizerError: if it has no tokenizer.
    """
    if path.suffix == ".json" and not path.is_dir():
        return _read_json(path, precision)
    from dragon.engine.loading import load

    config, weights = load(path)
    tensors = {name: matrix.f32().astype(precision) for name, matrix in weights.items()}
    return Model(config, tensors, load_tokenizer(path))


def save_model(path: Path, model: Model, extras: Mapping[str, Any] | None = None) -> None:
    """Write a model folder, or one JSON file if the path ends in .json; whole or not at all."""
    if path.suffix == ".json":
        _write_json(path, model)
        return
    with TemporaryDirectory() as folder:
        model.tokenizer.save(Path(folder))
        tensors = {name: np.asarray(t, np.float32) for name, t in model.tensors.items()}
        write_checkpoint(path, model.config, tensors, Path(folder), extras)


def _write_json(path: Path, model: Model) -> None:
    with TemporaryDirectory() as folder:
        model.tokenizer.save(Path(folder))
        tokenizer = json.loads((Path(folder) / TOKENIZER_FILE).read_text("utf-8"))
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": config_to_json(model.config),
        "tokenizer": tokenizer,
        "tensors": {name: tensor.tolist() for name, tensor in model.tensors.items()},
    }
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _read_json(path: Path, precision: str) -> Model:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"There is no model {path}.", "Give a folder or a .json.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON: {error}.") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no {FORMAT} file.", "Write one with --out NAME.json.")
    if content.get("version") != VERSION:
        raise CheckpointError(
            f"{path} has version {content.get('version')!r}.", f"This program reads {VERSION}."
        )
    config, tensors, tokenizer = (
        _part(path, content, name) for name in ("config", "tensors", "tokenizer")
    )
    shape = config_from_json(config)
    checked = _tensors(path, shape, tensors, precision)
    with TemporaryDirectory() as folder:
        (Path(folder) / TOKENIZER_FILE).write_text(json.dumps(tokenizer), "utf-8")
        return Model(shape, checked, load_tokenizer(Path(folder)))


def _part(path: Path, content: dict[str, Any], name: str) -> dict[str, Any]:
    part = content.get(name)
    if not isinstance(part, dict):
        raise CheckpointError(f"{path}: {name} is {type(part).__name__}.", "It must be an object.")
    return part


def _tensors(
    path: Path, config: ModelConfig, lists: dict[str, Any], precision: str
) -> dict[str, Array]:
    shapes = tensor_shapes(config)
    for name in (*shapes, *lists):
        if name not in lists or name not in shapes:
            problem = "is missing" if name in shapes else "belongs to no such model"
            raise CheckpointError(f"{path}: the tensor {name} {problem}.", "It is incomplete.")
    tensors = {}
    for name, shape in shapes.items():
        try:
            tensor = np.array(lists[name], dtype=np.float64)
        except (TypeError, ValueError):
            raise CheckpointError(
                f"{path}: {name} is no table of numbers.", "All rows must be equally long."
            ) from None
        if tensor.shape != shape:
            raise CheckpointError(f"{path}: {name} has shape {tensor.shape}; expected {shape}.")
        if not np.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {name} holds a value that is not finite.")
        tensors[name] = tensor.astype(precision)
    return tensors
