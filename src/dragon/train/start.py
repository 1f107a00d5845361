"""Where training starts: random values, counted ones, another model, an adapter.

In: a fresh `Transformer`. Out: the same with its starting values, in place.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dragon.checkpoint import TOKENIZER_FILE
from dragon.config import LoraConfig, TrainConfig
from dragon.engine.loading import load
from dragon.errors import CheckpointError, ConfigError
from dragon.model.lora import adapters, add_adapters
from dragon.model.transformer import Transformer
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.files import AnyTokenizer
from dragon.train.adapter import read_adapter
from dragon.train.checks import tokenizer_folder
from dragon.train.embeddings import cooccurrence_embeddings

PER_TOKEN = {"model.embed_tokens.weight", "lm_head.weight"}
Stream = Callable[[], npt.NDArray[np.uint16]]


def start(
    model: Transformer,
    config: TrainConfig,
    lora: LoraConfig | None,
    stream: Stream,
    last: Path | None,
) -> None:
    """Give a model its starting values, or those that a run stopped with.

    Args:
        model: fresh.
        config, lora: where to start from.
        stream: all training tokens, for counted embeddings.
        last: checkpoint of the run that goes on; None for a new run. The values of an adapter are
            not taken from there (see `dragon.train.state.load_state`).

    Raises:
        CheckpointError: if what is named cannot be read, or is of another shape.
        ConfigError: if `train.keep` names no tensor, or all of them.
    """
    if lora is not None:
        load_weights(Path(config.init), model, tokenizer_folder(config))
        add_adapters(model, lora)
        if lora.init and last is None:
            load_adapter(Path(lora.init), model)
    elif last is not None:
        load_weights(last, model)
    elif config.init:
        load_weights(Path(config.init), model, tokenizer_folder(config))
    elif config.embeddings == "cooccurrence":
        c = model.config
        vectors = cooccurrence_embeddings(stream(), c.vocab_size, c.hidden_size, seed=config.seed)
        with torch.no_grad():
            model.model.embed_tokens.weight.copy_(vectors)
    freeze(model, config.keep)


def freeze(model: nn.Module, keep: Sequence[str]) -> None:
    """Take the tensors whose names begin like this out of what is learnt.

    Raises:
        ConfigError: if no tensor is named so, or none is left to learn.
    """
    parameters = dict(model.named_parameters())
    for start in keep:
        chosen = [p for name, p in parameters.items() if name.startswith(start)]
        if not chosen:
            parts = sorted({name.rpartition(".")[0] for name in parameters})
            raise ConfigError(
                f"train.keep names {start!r}, and no tensor's name begins like that.",
                f"There are {', '.join(parts[:6])}, ...",
            )
        for parameter in chosen:
            parameter.requires_grad_(False)
    if not any(p.requires_grad for p in parameters.values()):
        raise ConfigError("train.keep leaves nothing to learn.", "Name fewer tensors.")


def load_weights(folder: Path, model: Transformer, tokenizer: Path | None = None) -> None:
    """Copy a model's tensors into another, by name; missing ones keep their initial values.

    Args:
        folder: one of ours, float or quantised, or another library's.
        model: an output matrix of its own that the folder has not starts as the embeddings.
        tokenizer: whose vocabulary is the folder's with further tokens: the row of a new one starts
            as the mean of its old pieces.

    Raises:
        CheckpointError: if the folder is damaged, or its tensors are of other shapes.
    """
    _, matrices = load(folder)
    named = dict(model.named_parameters())
    tensors = {name: m.f32() for name, m in matrices.items() if name in named}
    if "lm_head.weight" in named and "lm_head.weight" not in tensors:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    if tokenizer is not None:
        for name in tensors.keys() & PER_TOKEN:
            tensors[name] = with_new_rows(tensors[name], folder, tokenizer, len(named[name]))
    for name, values in tensors.items():
        if values.shape != tuple(named[name].shape):
            raise CheckpointError(
                f"{folder}: {name} has shape {values.shape}, not {tuple(named[name].shape)}.",
                "Set model.* to the shape of the checkpoint.",
            )
    model.load_numpy(tensors)


def with_new_rows(
    table: npt.NDArray[np.float32], folder: Path, tokenizer: Path, size: int
) -> npt.NDArray[np.float32]:
    """Rows of a vocabulary [V, C] -> [size, C] of one that was extended.

    Args:
        table: of the tokens in the folder's tokenizer.
        folder: with the old tokenizer.
        tokenizer: folder with the new one.
        size: tokens of the new model.
    """
    if not (folder / TOKENIZER_FILE).is_file() or not (tokenizer / TOKENIZER_FILE).is_file():
        return table
    old, new = load_tokenizer(folder), load_tokenizer(tokenizer)
    if new.vocab_size <= old.vocab_size or size < max(new.vocab_size, len(table)):
        return table
    wider = np.tile(table.mean(0), (size, 1)).astype(np.float32)
    wider[: len(table)] = table
    for id in range(old.vocab_size, new.vocab_size):
        wider[id] = table[_pieces(old, new.piece(id))].mean(0)
    return wider


def _pieces(old: AnyTokenizer, spelt: bytes) -> list[int]:
    """The old tokens that a new one is made of; bytes one by one where they are half characters."""
    try:
        return old.encode(spelt.decode("utf-8"))
    except UnicodeDecodeError:
        known = {old.piece(id): id for id in range(old.vocab_size)}
        return [known[spelt[at : at + 1]] for at in range(len(spelt))]


def load_adapter(folder: Path, model: Transformer) -> None:
    """Start the updates of a model at those of an adapter.

    Raises:
        CheckpointError: if it is damaged, or adapts other matrices or with another rank.
    """
    adapter = read_adapter(folder)
    layers = dict(adapters(model))
    if layers.keys() != adapter.updates.keys():
        other = sorted(layers.keys() ^ adapter.updates.keys())[0]
        raise CheckpointError(
            f"{folder} and lora.target_modules differ, in {other} among others.",
            "Set lora.target_modules to the matrices that the adapter has.",
        )
    with torch.no_grad():
        for name, layer in layers.items():
            update = adapter.updates[name]
            shapes = (update.a.shape, update.b.shape)
            if shapes != (tuple(layer.lora_a.shape), tuple(layer.lora_b.shape)):
                raise CheckpointError(
                    f"{folder} adapts {name} by {shapes[1]} times {shapes[0]}, not "
                    f"{tuple(layer.lora_b.shape)} times {tuple(layer.lora_a.shape)}.",
                    f"Set lora.r={len(update.a)}, or train.init to {adapter.base}.",
                )
            layer.lora_a.copy_(torch.from_numpy(update.a.copy()))
            layer.lora_b.copy_(torch.from_numpy(update.b * (update.scale / layer.scale)))
