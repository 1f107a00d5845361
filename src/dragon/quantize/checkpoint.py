"""A model folder with float weights becomes a smaller one that the engine maps as it lies.

In: a checkpoint folder in float. Out: the same folder with its matrices packed in 16, 8 or 4 bits,
declared in config.json under `dragon.quantization`. Norms, biases, learned positions, reader
features, the pointer head, the span scorer and what is small in a recurrent head stay in float.
"""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dragon.checkpoint import CONFIG_FILE, WEIGHTS_FILE, read_json, written_beside
from dragon.config import ModelConfig
from dragon.engine.embedding import Ids
from dragon.engine.int8_layout import GROUP, GROUPS
from dragon.engine.loading import LAYOUTS, load
from dragon.engine.matrices import Dense, Matrix
from dragon.errors import CheckpointError, ConfigError, InputError
from dragon.quantize.gptq import gptq_blocks
from dragon.quantize.rtn import quantized, tensors_of

Method = Literal["rtn", "gptq"]
Values = NDArray[Any]

VOCABULARY = re.compile(r"(lm_head|embed_tokens)\.weight$")
BLOCKS = re.compile(r"_proj\.weight$")
READER = re.compile(
    r"^dragon\.(reader\.(enter|join|revise|ask)|context\.out)\.weight$"
    r"|^dragon\.(reader\.layers\.\d+|context\.layer)\.weight_[ih]h_l0(_reverse)?$"
)


def quantize_checkpoint(
    source: Path,
    target: Path,
    bits: int = 8,
    group: int = GROUP,
    *,
    method: Method = "rtn",
    texts: Sequence[Ids] = (),
    embedding_bits: int | None = None,
) -> None:
    """Write a quantised copy of a checkpoint folder, beside and renamed.

    Args:
        source: a model folder with float weights, ours or another library's.
        target: the new folder; replaced as a whole.
        bits: 16 (bf16), 8 or 4.
        group: weights that share a scale.
        method: rtn rounds each weight to the nearest; gptq looks at calibration texts.
        texts: ids of the calibration texts, for gptq.
        embedding_bits: of the token embeddings and the output matrix; as many as bits, but 8 where
            these are 4: a vocabulary suffers most.

    Raises:
        ConfigError: for bits, a group or a method that there is not, or for gptq without texts.
        InputError: if target is source.
        CheckpointError: if source is damaged or already quantised.
    """
    _check(bits, group, method, texts)
    if source.resolve() == target.resolve():
        raise InputError(f"{target} is the source itself.", "Give another folder to write to.")
    values = read_json(source, CONFIG_FILE)
    config, weights = load(source)
    if not all(isinstance(matrix, Dense) for matrix in weights.values()):
        raise CheckpointError(f"{source} is already quantised.", "Give the float checkpoint.")
    values.setdefault("dragon", {})["quantization"] = {
        "method": method,
        "bits": bits,
        "group": group,
        "layout": LAYOUTS[bits],
    }
    vocabulary_bits = embedding_bits or max(bits, 8)
    with written_beside(target) as fresh:
        for path in source.iterdir():
            if path.is_file() and not _is_weights(path.name) and path.name != CONFIG_FILE:
                shutil.copyfile(path, fresh / path.name)
        (fresh / CONFIG_FILE).write_text(json.dumps(values, indent=2) + "\n", "utf-8")
        rounded = quantize_weights(config, weights, bits, group, vocabulary_bits, method, texts)
        write_aligned(fresh / WEIGHTS_FILE, dict(_in_file_order(rounded)))


def quantize_weights(
    config: ModelConfig,
    weights: dict[str, Matrix],
    bits: int,
    group: int = GROUP,
    embedding_bits: int | None = None,
    method: Method = "rtn",
    texts: Sequence[Ids] = (),
) -> dict[str, Matrix]:
    """The weights of a float model with their matrices quantised, in memory."""
    done = gptq_blocks(config, weights, texts, group, bits) if method == "gptq" else {}
    for name, matrix in weights.items():
        if name not in done and is_quantised(name):
            own = embedding_bits if VOCABULARY.search(name) else bits
            done[name] = quantized(matrix.f32(), own or bits, group)
    return {name: done.get(name, matrix) for name, matrix in weights.items()}


def is_quantised(name: str) -> bool:
    """Whether the matrix `name` of a checkpoint is worth quantising: the big ones."""
    return any(kind.search(name) for kind in (VOCABULARY, BLOCKS, READER))


def _check(bits: int, group: int, method: str, texts: Sequence[Ids]) -> None:
    if bits not in LAYOUTS or group not in GROUPS:
        raise ConfigError(
            f"{bits} bits in groups of {group}.",
            f"Use 16, 8 or 4 bits in groups of {', '.join(map(str, GROUPS))}.",
        )
    if method not in ("rtn", "gptq") or (method == "gptq" and bits == 16):
        raise ConfigError(f"method is {method} with {bits} bits.", "Use rtn; gptq has 8 and 4.")
    if method == "gptq" and not texts:
        raise ConfigError("gptq without calibration texts.", "Give --calibration FILE.")


def _is_weights(name: str) -> bool:
    return name.endswith((".safetensors", ".bin", ".safetensors.index.json"))


def _in_file_order(weights: dict[str, Matrix]) -> Iterator[tuple[str, Values]]:
    # What is packed comes first: its sizes keep the alignment.
    for wanted in (False, True):
        for name, matrix in weights.items():
            if isinstance(matrix, Dense) == wanted:
                yield from tensors_of(name, matrix).items()


def write_aligned(path: Path, tensors: dict[str, Values]) -> None:
    """Write safetensors whose tensors begin at multiples of 64 bytes as far as their sizes allow.

    The safetensors library orders by type and pads the header to 8 bytes only; the packed tensors
    are multiples of 32 bytes and mostly of 64, so they go first, after a header padded to 64.
    """
    names = {"float32": "F32", "uint8": "U8", "uint16": "BF16"}
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
