"""Adapters in PEFT's files: adapter_config.json and adapter_model.safetensors, both ways.

In: low-rank updates by the names of `dragon.weights`, or a folder that PEFT wrote. Out: the other.
PEFT names an update after the module of the base: `base_model.model.` and the family's own name.
GPT-2 has queries, keys and values in one matrix: three updates are written as one of three times
the rank, B in blocks. https://huggingface.co/docs/peft/developer_guides/checkpoint
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from dragon.checkpoint import CONFIG_FILE, WEIGHTS_FILE, read_json
from dragon.config import LoraConfig
from dragon.data.shards import file_hash
from dragon.engine.folder import GPT2_BLOCK, INDEX_FILE
from dragon.engine.safetensors import Tensor, open_safetensors
from dragon.errors import CheckpointError
from dragon.weights import Shape, layer_name

ADAPTER_CONFIG_FILE = "adapter_config.json"
ADAPTER_FILE = "adapter_model.safetensors"
PREFIX = "base_model.model."
BASE_HASH = "dragon_base_sha256"
KEY = re.compile(r"(.+)\.lora_([AB])(?:\.default)?\.weight")
OUR_BLOCK = re.compile(r"model\.layers\.(\d+)\.(.+)\.weight")
GPT2_BLOCK_NAME = re.compile(r"(?:transformer\.)?h\.(\d+)\.(.+)")
THEIR_BLOCK = {ours: theirs for theirs, ours in GPT2_BLOCK.items()}
# Settings of PEFT under which an update is more than scale * B A, and the values that are not so.
PLAIN: dict[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "use_dora": (False, None),
    "bias": ("none", None),
    "modules_to_save": (None, []),
    "layer_replication": (None, []),
    "lora_bias": (False, None),
}

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Update:
    """W + scale * B A of one matrix: a [r, in], b [out, r]."""

    a: Floats
    b: Floats
    scale: float

    def delta(self) -> Floats:
        """[out, in] what is added to the matrix."""
        return np.asarray(self.scale * (self.b @ self.a), dtype=np.float32)


Updates = Mapping[str, Update]


@dataclass(frozen=True, slots=True)
class Adapter:
    """An opened adapter.

    Attributes:
        updates: by the names of `dragon.weights`.
        base: the folder or name of the model that it was made for, as its maker wrote it.
        base_hash: SHA-256 of that model's weights; empty where its maker wrote none.
    """

    updates: dict[str, Update]
    base: str
    base_hash: str


def base_hash(folder: Path) -> str:
    """What tells a base from another of the same shape: the hash of its weights or of their index.

    Raises:
        CheckpointError: if the folder has neither.
    """
    for name in (WEIGHTS_FILE, INDEX_FILE):
        if (folder / name).is_file():
            return file_hash(folder / name)
    raise CheckpointError(f"{folder} has no {WEIGHTS_FILE}.", "Give a folder with safetensors.")


def write_adapter(
    folder: Path, updates: Updates, config: LoraConfig, base: Path, hashed: str
) -> None:
    """Write both files into a folder that exists.

    Args:
        updates: by the names of `dragon.weights`, all of rank `config.r`.
        base: folder of the model that they belong to; its config.json decides the names.
        hashed: its `base_hash`.
    """
    gpt2 = read_json(base, CONFIG_FILE).get("model_type") == "gpt2"
    named = dict(_as_gpt2(updates) if gpt2 else _as_llama(updates))
    ranks = {module: len(u.a) for module, u in named.items()}
    wider = {module: rank for module, rank in ranks.items() if rank != config.r}
    values = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(base),
        "r": config.r,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "target_modules": sorted({_kind(module) for module in ranks}),
        "rank_pattern": {re.escape(m): rank for m, rank in wider.items()},
        "alpha_pattern": {re.escape(m): config.alpha * r / config.r for m, r in wider.items()},
        "fan_in_fan_out": gpt2,
        "bias": "none",
        "modules_to_save": None,
        "inference_mode": True,
    }
    (folder / ADAPTER_CONFIG_FILE).write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    tensors = {}
    for module, update in named.items():
        tensors[f"{PREFIX}{module}.lora_A.weight"] = np.ascontiguousarray(update.a)
        tensors[f"{PREFIX}{module}.lora_B.weight"] = np.ascontiguousarray(update.b)
    save_file(tensors, folder / ADAPTER_FILE, metadata={"format": "pt", BASE_HASH: hashed})
    (folder / ADAPTER_FILE).chmod((folder / ADAPTER_CONFIG_FILE).stat().st_mode)


def read_adapter(folder: Path) -> Adapter:
    """Open an adapter, ours or PEFT's.

    Raises:
        CheckpointError: if a file is missing or damaged, or the adapter is of another kind.
    """
    if not (folder / ADAPTER_CONFIG_FILE).is_file():
        raise CheckpointError(
            f"{folder} holds no adapter: it has no {ADAPTER_CONFIG_FILE}.",
            "Give a folder that PEFT or a run with [lora] wrote.",
        )
    values = read_json(folder, ADAPTER_CONFIG_FILE)
    for name, plain in PLAIN.items():
        if values.get(name, plain[-1]) not in plain:
            raise CheckpointError(
                f"{folder / ADAPTER_CONFIG_FILE}: {name} is {values[name]!r}.",
                "Only plain LoRA is supported.",
            )
    path = folder / ADAPTER_FILE
    pairs = _pairs(path, open_safetensors(path))
    updates: dict[str, Update] = {}
    for module, (a, b) in pairs.items():
        update = Update(a, b, _scale(folder, values, module, len(a)))
        updates.update(_as_ours(f"{path}: {module}", module, update))
    return Adapter(updates, str(values.get("base_model_name_or_path")), _stored_hash(path))


def check_fits(adapter: Adapter, shapes: Mapping[str, Shape], where: Path, base: Path) -> None:
    """Check that each update belongs to a matrix of the base and has its shape.

    Raises:
        CheckpointError: naming the first one that does not.
    """
    for name, update in adapter.updates.items():
        made_for = f"It was made for {adapter.base}: give that one."
        if name not in shapes:
            raise CheckpointError(f"{where} adapts {name}, which {base} has not.", made_for)
        shape = (len(update.b), update.a.shape[1])
        if shapes[name] != shape:
            raise CheckpointError(
                f"{where} adapts {name} of shape {shape}; in {base} it has {shapes[name]}.",
                made_for,
            )


def _as_llama(updates: Updates) -> Iterator[tuple[str, Update]]:
    for name, update in updates.items():
        yield name.removesuffix(".weight"), update


def _as_gpt2(updates: Updates) -> Iterator[tuple[str, Update]]:
    for name, update in updates.items():
        match = OUR_BLOCK.fullmatch(name)
        assert match, name
        if match[2] in THEIR_BLOCK:
            yield f"transformer.h.{match[1]}.{THEIR_BLOCK[match[2]]}", update
    layers = sorted({int(m[1]) for name in updates if (m := OUR_BLOCK.fullmatch(name))})
    for layer in layers:
        names = [layer_name(layer, f"self_attn.{letter}_proj.weight") for letter in "qkv"]
        if any(name in updates for name in names):
            yield f"transformer.h.{layer}.attn.c_attn", _fused([updates.get(n) for n in names])


def _fused(parts: list[Update | None]) -> Update:
    """Updates of queries, keys and values as one: A below A, B in blocks, zero where none is."""
    given = [part for part in parts if part is not None]
    out, rank = given[0].b.shape
    b = np.zeros((3 * out, rank * len(given)), dtype=np.float32)
    column = 0
    for row, part in enumerate(parts):
        if part is not None:
            b[row * out : (row + 1) * out, column : column + rank] = part.b
            column += rank
    return Update(np.concatenate([part.a for part in given]), b, given[0].scale)


def _kind(module: str) -> str:
    """What PEFT's target_modules calls it: the last part, or two where one has two meanings."""
    *_, before, last = module.split(".")
    return f"{before}.{last}" if last == "c_proj" else last


def _pairs(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, tuple[Floats, Floats]]:
    found: dict[str, dict[str, Floats]] = {}
    for key, tensor in tensors.items():
        match = KEY.fullmatch(key.removeprefix(PREFIX))
        if match is None or tensor.array.ndim != 2:
            raise CheckpointError(
                f"{path}: {key} is no part of a low-rank update.", "Only plain LoRA is supported."
            )
        found.setdefault(match[1], {})[match[2]] = tensor.f32()
    for module, pair in found.items():
        if len(pair) < 2 or len(pair["A"]) != pair["B"].shape[1] or not len(pair["A"]):
            shapes = {f"lora_{side}": values.shape for side, values in pair.items()}
            raise CheckpointError(f"{path}: {module} has {shapes}.", "The file is damaged.")
    if not found:
        raise CheckpointError(f"{path} holds no update in f32, f16 or bf16.", "Save it in f32.")
    return {module: (pair["A"], pair["B"]) for module, pair in found.items()}


def _scale(folder: Path, values: Mapping[str, Any], module: str, rank: int) -> float:
    alpha = values.get("lora_alpha", 8)
    patterns = values.get("alpha_pattern") or {}
    for pattern, special in patterns.items() if isinstance(patterns, dict) else ():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            alpha = special
            break
    if not isinstance(alpha, (int, float)) or not math.isfinite(alpha):
        raise CheckpointError(f"{folder / ADAPTER_CONFIG_FILE}: alpha is {alpha!r} for {module}.")
    return alpha / (math.sqrt(rank) if values.get("use_rslora") else rank)


def _as_ours(where: str, module: str, update: Update) -> Iterator[tuple[str, Update]]:
    """An update by the names of `dragon.weights`; a fused one becomes three."""
    match = GPT2_BLOCK_NAME.fullmatch(module)
    if match is None:
        known = module.startswith(("model.", "lm_head"))
        yield f"{module if known else f'model.{module}'}.weight", update
    elif match[2] == "attn.c_attn":
        if len(update.b) % 3:
            raise CheckpointError(
                f"{where} has {len(update.b)} rows, which hold no queries, keys and values.",
                "The file is damaged.",
            )
        for letter, part in zip("qkv", np.split(update.b, 3), strict=True):
            name = layer_name(int(match[1]), f"self_attn.{letter}_proj.weight")
            yield name, Update(update.a, part, update.scale)
    elif match[2] in GPT2_BLOCK:
        yield layer_name(int(match[1]), f"{GPT2_BLOCK[match[2]]}.weight"), update
    else:
        raise CheckpointError(f"{where} is no matrix of GPT-2.", "The file is damaged.")


def _stored_hash(path: Path) -> str:
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return str(header.get("__metadata__", {}).get(BASE_HASH, ""))
