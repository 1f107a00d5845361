"""A model as a folder that `transformers` opens, with its family's own names and nothing of ours.

In: a model folder, float or packed. Out: config.json, model.safetensors, tokenizer files. Tensors
stay in the type that they are stored in; packed ones become float32.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dragon.checkpoint import (
    CONFIG_FILE,
    GENERATION_FILE,
    TOKENIZER_CONFIG_FILE,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    written_beside,
)
from dragon.config.families import to_hugging_face
from dragon.engine.folder import GPT2_BLOCK, GPT2_TOP
from dragon.engine.matrices import Dense
from dragon.engine.safetensors import Entry, Tensor, write_safetensors
from dragon.errors import InputError
from dragon.interop.source import Source, open_source
from dragon.tokenizer.foreign import ADDED_FILE, MERGES_FILE, VOCAB_FILE
from dragon.tokenizer.template import TEMPLATE_FILE
from dragon.weights import layer_name

COPIED = (
    TOKENIZER_FILE,
    TOKENIZER_CONFIG_FILE,
    TEMPLATE_FILE,
    VOCAB_FILE,
    MERGES_FILE,
    ADDED_FILE,
    "special_tokens_map.json",
    "tokenizer.model",
)
DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def export_hugging_face(folder: Path, target: Path) -> None:
    """Write a model for `transformers`, beside and renamed.

    Args:
        folder: of the model.
        target: the new folder; replaced as a whole.

    Raises:
        CheckpointError: if the folder is damaged.
        InputError: if no family of `transformers` computes what the model does.
    """
    source = open_source(folder, target)
    values = to_hugging_face(source.config)
    if values is None:
        raise InputError(
            "No family of transformers computes this model: "
            f"{source.config.position} positions, {source.config.norm} "
            f"({source.config.norm_placement}), {source.config.activation}.",
            "Use `dragon export json`.",
        )
    gpt2 = values["model_type"] == "gpt2"
    entries = dict(_gpt2_entries(source) if gpt2 else _same_entries(source))
    special = {"bos_token_id": source.begin, "eos_token_id": _one_or_all(source.ends)}
    kind = entries[next(iter(entries))][0]
    with written_beside(target) as fresh:
        write_safetensors(fresh / WEIGHTS_FILE, entries)
        _write_json(fresh / CONFIG_FILE, {**values, **special, "torch_dtype": DTYPES[kind]})
        _write_json(fresh / GENERATION_FILE, {**special, "do_sample": False})
        for name in COPIED:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, fresh / name)


def _same_entries(source: Source) -> Iterator[tuple[str, Entry]]:
    for name in source.matrices:
        if not name.startswith("dragon."):  # other mouths; the language model is whole without
            yield name, _entry(source, name)


def _entry(source: Source, name: str, transposed: bool = False) -> Entry:
    matrix = source.matrices[name]
    kind = matrix.tensor.dtype if isinstance(matrix, Dense) else "F32"
    shape = tuple(matrix.shape)
    if transposed:
        return kind, shape[::-1], lambda: source.tensor(name).array.T
    return kind, shape, lambda: source.tensor(name).array


def _gpt2_entries(source: Source) -> Iterator[tuple[str, Entry]]:
    for theirs, ours in GPT2_TOP.items():
        yield f"transformer.{theirs}", _entry(source, ours)
    for layer in range(source.config.num_hidden_layers):
        for theirs, ours in GPT2_BLOCK.items():
            for kind in ("weight", "bias"):
                turned = kind == "weight" and not theirs.startswith("ln_")
                entry = _entry(source, layer_name(layer, f"{ours}.{kind}"), turned)
                yield f"transformer.h.{layer}.{theirs}.{kind}", entry
        for kind in ("weight", "bias"):
            yield f"transformer.h.{layer}.attn.c_attn.{kind}", _fused(source, layer, kind)
    if not source.config.tie_word_embeddings:
        yield "lm_head.weight", _entry(source, "lm_head.weight")


def _fused(source: Source, layer: int, kind: str) -> Entry:
    """Queries, keys and values side by side, [in, 3 out], as GPT-2 has them."""
    names = [layer_name(layer, f"self_attn.{letter}_proj.{kind}") for letter in "qkv"]
    kinds = {_entry(source, name)[0] for name in names}
    rows, *columns = source.matrices[names[0]].shape

    def make() -> Any:
        parts: list[Tensor] = [source.tensor(name) for name in names]
        return np.concatenate([p.array if len(kinds) == 1 else p.f32() for p in parts]).T

    return kinds.pop() if len(kinds) == 1 else "F32", (*columns, 3 * rows), make


def _one_or_all(ends: tuple[int, ...]) -> int | list[int] | None:
    return list(ends) if len(ends) > 1 else ends[0] if ends else None


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
