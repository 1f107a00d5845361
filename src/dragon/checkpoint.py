"""A checkpoint is a folder in Hugging Face's layout: read without PyTorch, written all or nothing.

In: a `ModelConfig`, tensors as NumPy arrays, tokenizer files. Out: config.json, model.safetensors,
tokenizer.json, tokenizer_config.json, generation_config.json. What Llama has no name for stands
under the key `dragon` of config.json.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from dragon.config import ModelConfig, from_dict
from dragon.config.families import family_of, to_hugging_face
from dragon.config.foreign import from_hugging_face
from dragon.errors import CheckpointError, ConfigError, InputError
from dragon.weights import tensor_shapes

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"
VECTORS_FILE = "word_vectors.npz"
# What is copied from a tokenizer's folder into those of its data and its models.
TOKENIZER_FILES = (TOKENIZER_FILE, TOKENIZER_CONFIG_FILE, VECTORS_FILE)
GENERATION_FILE = "generation_config.json"

# Fields of ModelConfig that Llama's config.json has under the same name.
LLAMA_FIELDS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
    "rope_theta",
    "attention_bias",
    "mlp_bias",
    "tie_word_embeddings",
)


def config_to_json(config: ModelConfig) -> dict[str, Any]:
    """The content of config.json: the family that computes the same, and all fields of ours."""
    values = asdict(config)
    plain = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "torch_dtype": "float32",
        "hidden_act": "silu" if config.activation == "swiglu" else config.activation,
        "rms_norm_eps": config.norm_eps,
        **{name: values.pop(name) for name in LLAMA_FIELDS},
    }
    # GPT-2 has other tensor names; `dragon export hf` writes those.
    family = to_hugging_face(config) if family_of(config) != "gpt2" else None
    return {**plain, **(family or {}), "dragon": values}


def config_from_json(values: dict[str, Any]) -> ModelConfig:
    """The configuration of one of our folders, or of another library's (`dragon.config.foreign`).

    Raises:
        CheckpointError: if the architecture is another one or a field has a wrong value.
    """
    extras = values.get("dragon", {})
    if not isinstance(extras, dict):
        raise CheckpointError(f"config.json: dragon is {extras!r}.", "It must be an object.")
    if "activation" in extras:
        known = {name: values[name] for name in LLAMA_FIELDS if values.get(name) is not None}
        known["norm_eps"] = values.get("rms_norm_eps", 1e-5)
    else:
        known = from_hugging_face(values)
    known |= {k: v for k, v in extras.items() if k in ModelConfig.__dataclass_fields__}
    try:
        return from_dict(ModelConfig, known, "config.json")
    except ConfigError as error:
        raise CheckpointError(f"config.json: {error.problem}", error.remedy) from None


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read one JSON object of a model folder.

    Raises:
        CheckpointError: if the folder or the file is missing or malformed.
    """
    path = folder / name
    if not folder.is_dir():
        raise CheckpointError(
            f"No model folder at {folder}.", "Give --model the name of a shipped model or a folder."
        )
    try:
        values = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder} has no {name}.", "It is not a complete model folder."
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON: {error}.") from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} holds no JSON object.")
    return values


def read_config(folder: Path) -> ModelConfig:
    """Read config.json of a model folder."""
    return config_from_json(read_json(folder, CONFIG_FILE))


def check_tensors(config: ModelConfig, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise CheckpointError unless every tensor of the model is there in its shape."""
    for name, shape in tensor_shapes(config).items():
        if name not in shapes:
            raise CheckpointError(f"The weights lack {name}.", "The checkpoint is incomplete.")
        if tuple(shapes[name]) != shape:
            raise CheckpointError(
                f"{name} has shape {tuple(shapes[name])}; config.json says {shape}.",
                "The weights belong to another configuration.",
            )


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces `target` when the block ends without an error.

    A reader sees the old folder or the new one, whole; an error leaves the old one. After kill -9
    between the two renames the old one lies aside, where `put_back` finds it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    put_back(target)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    try:
        yield fresh
        swap_in(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def swap_in(fresh: Path, target: Path) -> None:
    """Give a finished folder its name; what bore it before is removed after that."""
    aside = _aside(target)
    for path in [*fresh.rglob("*"), fresh]:
        _fsync(path)
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    fresh.rename(target)
    _fsync(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def replaced_beside(target: Path) -> Iterator[Path]:
    """Yield the path of a temporary file that replaces `target` when the block ends without error.

    Raises:
        InputError: if `target` is a folder.
    """
    if target.is_dir():
        raise InputError(f"{target} is a folder.", "Give the name of a file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        yield fresh
        _fsync(fresh)
        fresh.replace(target)
        _fsync(target.parent)
    finally:
        fresh.unlink(missing_ok=True)


def put_back(target: Path) -> None:
    """Undo half a replacement: where `target` is missing and its old folder lies aside, restore it.

    For the one process that writes `target`, before it reads or replaces it.
    """
    aside = _aside(target)
    if aside.exists() and not target.exists():
        aside.rename(target)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_checkpoint(
    folder: Path,
    config: ModelConfig,
    tensors: Mapping[str, np.ndarray],
    tokenizer_folder: Path | None = None,
    extras: Mapping[str, Any] | None = None,
    also: Callable[[Path], None] | None = None,
) -> None:
    """Write a whole model folder, beside and renamed.

    Args:
        folder: where; replaced as a whole.
        tensors: by the names of `tensor_shapes`.
        tokenizer_folder: tokenizer.json and tokenizer_config.json are copied from here.
        extras: further keys under `dragon` in config.json (calibration, training summary).
        also: writes further files into the folder before it is renamed.
    """
    from safetensors.numpy import save_file

    check_tensors(config, {name: t.shape for name, t in tensors.items()})
    values = config_to_json(config)
    values["dragon"].update(extras or {})
    with written_beside(folder) as fresh:
        save_file(
            {k: np.ascontiguousarray(t) for k, t in tensors.items()},
            fresh / WEIGHTS_FILE,
            metadata={"format": "pt"},
        )
        (fresh / CONFIG_FILE).write_text(json.dumps(values, indent=2) + "\n", "utf-8")
        # The library makes it readable for its owner alone; a model is shared as other files are.
        (fresh / WEIGHTS_FILE).chmod((fresh / CONFIG_FILE).stat().st_mode)
        (fresh / GENERATION_FILE).write_text(json.dumps({"do_sample": False}) + "\n", "utf-8")
        for name in TOKENIZER_FILES:
            if tokenizer_folder is not None and (tokenizer_folder / name).exists():
                shutil.copyfile(tokenizer_folder / name, fresh / name)
        if also is not None:
            also(fresh)


def update_extras(folder: Path, extras: Mapping[str, Any]) -> None:
    """Set keys under `dragon` in a model's config.json, beside and renamed.

    Raises:
        CheckpointError: if the folder is no model folder.
    """
    values = read_json(folder, CONFIG_FILE)
    values.setdefault("dragon", {}).update(extras)
    beside = folder / f"{CONFIG_FILE}.new"
    beside.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    _fsync(beside)
    beside.replace(folder / CONFIG_FILE)
