"""A whole model in one readable JSON file: its configuration, vocabulary and weights.

In: a model folder. Out: FILE.json, a row of a matrix on a line; and the way back, to the bit.
Packed weights are written as the numbers that they stand for.

    {"format": "dragon-json", "version": 1, "config": {...}, "extras": {...}, "files": {...},
     "tensors": {"model.norm.weight": {"shape": [4], "rows": [[1.0, 0.5, -2.0, 1.0]]}, ...}}

`files` holds the tokenizer's files, `extras` what else config.json has under `dragon`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from dragon.checkpoint import (
    CONFIG_FILE,
    GENERATION_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    read_json,
    replaced_beside,
    write_checkpoint,
)
from dragon.config import ModelConfig, from_dict
from dragon.errors import CheckpointError, ConfigError
from dragon.interop.source import Source, open_source
from dragon.weights import tensor_shapes

FORMAT, VERSION = "dragon-json", 1
FILES = (TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, GENERATION_FILE)

Floats = NDArray[np.float32]


def export_json(folder: Path, target: Path) -> None:
    """Write a model as one JSON file, beside and renamed.

    Args:
        folder: of the model, of any kind.
        target: the new file.

    Raises:
        CheckpointError: if the folder is damaged, or a weight is no finite number.
    """
    source = open_source(folder, target, causal=False)
    known = ModelConfig.__dataclass_fields__
    extras = {
        name: value
        for name, value in read_json(folder, CONFIG_FILE).get("dragon", {}).items()
        if name not in known and name != "quantization"
    }
    head = {
        "format": FORMAT,
        "version": VERSION,
        "config": asdict(source.config),
        "extras": extras,
        "files": dict(_files(source)),
    }
    with replaced_beside(target) as fresh, fresh.open("w", encoding="utf-8") as file:
        text = json.dumps(head, ensure_ascii=False, indent=1)
        file.write(text.removesuffix("\n}") + ',\n "tensors": {')
        for place, name in enumerate(source.matrices):
            file.write(",\n" if place else "\n")
            _write_tensor(file, name, source.f32(name))
        file.write("\n }\n}\n")


def import_json(file: Path, target: Path) -> None:
    """Write a model folder from a JSON file, beside and renamed.

    Args:
        file: as `export_json` writes it.
        target: the new folder; replaced as a whole.

    Raises:
        CheckpointError: if the file is malformed or does not hold its model.
    """
    values = _read(file)
    try:
        config = from_dict(ModelConfig, values["config"], "config")
    except ConfigError as error:
        raise CheckpointError(f"{file}: {error}") from None
    tensors = {}
    for name, shape in tensor_shapes(config).items():
        if name not in values["tensors"]:
            raise CheckpointError(f"{file} lacks {name}.", "It is incomplete.")
        tensors[name] = _read_tensor(file, name, shape, values["tensors"][name])

    def also(folder: Path) -> None:
        for name, content in values["files"].items():
            if name in FILES:
                text = json.dumps(content, ensure_ascii=False, indent=2)
                (folder / name).write_text(text + "\n", "utf-8")

    write_checkpoint(target, config, tensors, extras=values["extras"], also=also)


def _files(source: Source) -> Iterator[tuple[str, Any]]:
    for name in FILES:
        if (source.folder / name).is_file():
            yield name, read_json(source.folder, name)
        elif name == TOKENIZER_FILE and source.tokenizer is not None:
            yield name, source.tokenizer.to_json()  # from vocab.json and merges.txt


def _write_tensor(file: TextIO, name: str, values: Floats) -> None:
    if not np.isfinite(values).all():
        raise CheckpointError(f"{name} holds a value that is no finite number.", "It is damaged.")
    file.write(f'  {json.dumps(name)}: {{"shape": {list(values.shape)}, "rows": [')
    for place, row in enumerate(values.reshape(-1, values.shape[-1])):
        file.write((",\n   " if place else "\n   ") + f"[{', '.join(_shortest(row))}]")
    file.write("]}")


def _shortest(row: Floats) -> Iterator[str]:
    """The shortest decimals that stand for these float32, and for no others even as doubles."""
    for value, text in zip(row, row.astype(str), strict=True):
        yield text if np.float32(float(text)) == value else repr(float(value))


def _read(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} is not readable JSON: {error}.") from None
    if not isinstance(values, dict) or (values.get("format"), values.get("version")) != (
        FORMAT,
        VERSION,
    ):
        raise CheckpointError(
            f"{file} is no {FORMAT} file of version {VERSION}.",
            "Write it with `dragon export json`.",
        )
    for name in ("config", "extras", "files", "tensors"):
        if not isinstance(values.get(name), dict):
            raise CheckpointError(f"{file}: {name} is no object.", "The file is malformed.")
    return values


def _read_tensor(file: Path, name: str, shape: tuple[int, ...], entry: Any) -> Floats:
    rows = entry.get("rows") if isinstance(entry, dict) else None
    try:
        with np.errstate(over="ignore"):  # becomes infinite, and is refused as that
            values = np.array(rows, np.float64).astype(np.float32)
    except (TypeError, ValueError, OverflowError):
        raise CheckpointError(f"{file}: {name} holds something else than numbers.") from None
    if values.size != int(np.prod(shape)) or values.shape[-1:] != shape[-1:]:
        raise CheckpointError(
            f"{file}: {name} has rows {values.shape}; the configuration says {shape}.",
            "The file is malformed.",
        )
    if not np.isfinite(values).all():
        raise CheckpointError(f"{file}: {name} holds a value that is no finite number.")
    return values.reshape(shape)
