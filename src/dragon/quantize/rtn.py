"""Round to nearest: each group of 64 weights becomes int8 with one scale.

In: a checkpoint folder in float. Out: the same folder with its matrices in the layout of
`dragon.engine.int8_layout`, declared in config.json under `dragon.quantization`. Norms, biases,
learned positions, reader features, the pointer head and the span scorer stay in float: small.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.checkpoint import CONFIG_FILE, WEIGHTS_FILE, read_config, read_json, written_beside
from dragon.engine.folder import open_weights
from dragon.engine.int8_layout import GROUP, pack
from dragon.engine.safetensors import Tensor
from dragon.errors import CheckpointError, ConfigError, InputError
from dragon.weights import tensor_shapes

Values = NDArray[Any]
EPSILON = np.float32(1e-30)  # a group of zeros must not divide by zero


def round_to_nearest(
    matrix: NDArray[np.float32], group: int = GROUP
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantise a matrix [N, K] symmetrically in groups along K.

    Returns:
        int8 values [N, K] in -127..127 and scales [N, ceil(K / group)]; the error of a value is at
        most half its scale.
    """
    n, k = matrix.shape
    groups = -(-k // group)
    padded = np.zeros((n, groups * group), np.float32)
    padded[:, :k] = matrix
    grouped = padded.reshape(n, groups, group)
    scales = np.maximum(np.abs(grouped).max(axis=2) / np.float32(127), EPSILON)
    values = np.clip(np.rint(grouped / scales[:, :, None]), -127, 127).astype(np.int8)
    return values.reshape(n, -1)[:, :k], scales


def quantize_checkpoint(source: Path, target: Path, bits: int = 8, group: int = GROUP) -> None:
    """Write a quantised copy of a checkpoint folder, beside and renamed.

    Args:
        source: a model folder with float weights.
        target: the new folder; replaced as a whole.
        bits: 8.
        group: weights that share a scale: 64, which the kernels are built for.

    Raises:
        ConfigError: for bits or a group that the kernels do not read.
        InputError: if target is source.
        CheckpointError: if source is damaged or already quantised.
    """
    if (bits, group) != (8, GROUP):
        raise ConfigError(f"{bits} bits in groups of {group}.", f"Use 8 bits in groups of {GROUP}.")
    if source.resolve() == target.resolve():
        raise InputError(f"{target} is the source itself.", "Give another folder to write to.")
    config, values = read_config(source), read_json(source, CONFIG_FILE)
    if "quantization" in values.get("dragon", {}):
        raise CheckpointError(f"{source} is already quantised.", "Give the float checkpoint.")
    tensors = open_weights(source)
    matrices = [name for name in tensor_shapes(config) if is_quantised(name)]
    missing = [name for name in tensor_shapes(config) if name not in tensors]
    if missing:
        raise CheckpointError(f"{source} lacks {missing[0]}.", "The checkpoint is incomplete.")
    values.setdefault("dragon", {})["quantization"] = {
        "method": "rtn",
        "bits": bits,
        "group": group,
        "layout": "rows16_columns4",
    }
    with written_beside(target) as fresh:
        for path in source.iterdir():
            if path.is_file() and path.name not in (WEIGHTS_FILE, CONFIG_FILE):
                shutil.copyfile(path, fresh / path.name)
        (fresh / CONFIG_FILE).write_text(json.dumps(values, indent=2) + "\n", "utf-8")
        write_aligned(fresh / WEIGHTS_FILE, dict(_quantised(tensors, matrices)))


def is_quantised(name: str) -> bool:
    """Whether the matrix `name` of a checkpoint is worth quantising: the big ones."""
    return bool(re.search(r"(_proj|lm_head|embed_tokens)\.weight$", name))


def _quantised(tensors: dict[str, Tensor], matrices: list[str]) -> Iterator[tuple[str, Values]]:
    for name in matrices:
        q8, scale = pack(*round_to_nearest(tensors[name].f32()))
        yield f"{name}.q8", q8
        yield f"{name}.scale", scale
    for name, tensor in tensors.items():
        if name not in matrices:
            yield name, tensor.f32()


def write_aligned(path: Path, tensors: dict[str, Values]) -> None:
    """Write safetensors whose tensors begin at multiples of 64 bytes as far as their sizes allow.

    The safetensors library orders by type and pads the header to 8 bytes only; the packed tensors
    are multiples of 64 bytes, so they go first, after a header padded to 64.
    """
    names = {"float32": "F32", "uint8": "U8"}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for name, values in tensors.items():
        end = position + values.nbytes
        header[name] = {
            "dtype": names[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            file.write(np.ascontiguousarray(values).data)
