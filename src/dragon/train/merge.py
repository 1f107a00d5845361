"""An adapter becomes part of its model: W + alpha / r * B A, as a whole checkpoint.

In: an adapter's folder and its base's, float or quantised. Out: a model folder in float32, in the
layout of its base, so that whatever opened the base opens it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from dragon.checkpoint import CONFIG_FILE, read_json, write_checkpoint
from dragon.config import ModelConfig
from dragon.engine.loading import load
from dragon.errors import CheckpointError, InputError
from dragon.interop.hugging_face import export_hugging_face
from dragon.train.adapter import base_hash, check_fits, read_adapter
from dragon.train.tokenizer_files import copy_tokenizer

# What a base's config.json says under `dragon` and a merged model's does not.
NOT_KEPT = {"quantization", "training", *ModelConfig.__dataclass_fields__}


def merge(adapter_folder: Path, base: Path, out: Path, *, force: bool = False) -> int:
    """Write the model that an adapter makes of its base.

    Args:
        adapter_folder: PEFT's files, ours (RUN/last) or another library's.
        base: the model that it was trained on.
        out: a new folder; one that is there is replaced as a whole.
        force: merge into another model of the same shape all the same.

    Returns:
        How many matrices were changed.

    Raises:
        CheckpointError: if a folder is damaged, or the adapter was made for another base.
        InputError: if out is one of the two folders.
    """
    if out.resolve() in (base.resolve(), adapter_folder.resolve()):
        raise InputError(f"{out} is what is merged.", "Give --out another folder.")
    adapter = read_adapter(adapter_folder)
    config, matrices = load(base)
    check_fits(adapter, {name: m.shape for name, m in matrices.items()}, adapter_folder, base)
    if not force and adapter.base_hash not in ("", base_hash(base)):
        raise CheckpointError(
            f"{adapter_folder} was made for other weights ({adapter.base}) than those of {base}.",
            "Give that folder as --base, or --force to merge all the same.",
        )
    tensors = {name: matrix.f32() for name, matrix in matrices.items()}
    for name, update in adapter.updates.items():
        tensors[name] = tensors[name] + update.delta()

    def bring_tokenizer(fresh: Path) -> None:
        copy_tokenizer(base, fresh)
        copy_tokenizer(adapter_folder, fresh)  # perhaps with a chat template that the base lacks

    values = read_json(base, CONFIG_FILE)
    if values.get("model_type") == "gpt2":
        _write_as_gpt2(out, config, tensors, bring_tokenizer)
    else:
        kept = {k: v for k, v in values.get("dragon", {}).items() if k not in NOT_KEPT}
        write_checkpoint(out, config, tensors, None, kept, bring_tokenizer)
    return len(adapter.updates)


def _write_as_gpt2(
    out: Path,
    config: ModelConfig,
    tensors: Mapping[str, NDArray[np.float32]],
    bring_tokenizer: Callable[[Path], None],
) -> None:
    """GPT-2's tensors have names and shapes of their own, which the export knows."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".merge-") as name:
        plain = Path(name, "model")
        write_checkpoint(plain, config, tensors, also=bring_tokenizer)
        export_hugging_face(plain, out)
