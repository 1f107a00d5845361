"""Where training starts: random values, counted ones, another model, an adapter.

In: a fresh `Transformer`. Out: the same with its starting values, in place.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dragon.config import LoraConfig, TrainConfig
from dragon.engine.loading import load
from dragon.errors import CheckpointError
from dragon.model.lora import adapters, add_adapters
from dragon.model.transformer import Transformer
from dragon.train.adapter import read_adapter
from dragon.train.embeddings import cooccurrence_embeddings

Stream = Callable[[], npt.NDArray[np.uint16]]


def start(
    model: Transformer, config: TrainConfig, lora: LoraConfig | None, stream: Stream, resume: bool
) -> None:
    """Give a model its starting values; a resumed one gets only what its checkpoint does not hold.

    Args:
        model: fresh.
        config, lora: where to start from.
        stream: all training tokens, for counted embeddings.
        resume: whether a checkpoint of the run is loaded afterwards.

    Raises:
        CheckpointError: if what is named cannot be read, or is of another shape.
    """
    if lora is not None:
        load_weights(Path(config.init), model)
        add_adapters(model, lora)
        if lora.init and not resume:
            load_adapter(Path(lora.init), model)
    elif resume:
        return
    elif config.init:
        load_weights(Path(config.init), model)
    elif config.embeddings == "cooccurrence":
        c = model.config
        vectors = cooccurrence_embeddings(stream(), c.vocab_size, c.hidden_size, seed=config.seed)
        with torch.no_grad():
            model.model.embed_tokens.weight.copy_(vectors)


def load_weights(folder: Path, model: Transformer) -> None:
    """Copy a model's tensors into another, by name; missing ones keep their initial values.

    Args:
        folder: one of ours, float or quantised, or another library's.
        model: an output matrix of its own that the folder has not starts as the embeddings.

    Raises:
        CheckpointError: if the folder is damaged, or its tensors are of other shapes.
    """
    _, matrices = load(folder)
    named = dict(model.named_parameters())
    for name, parameter in named.items():
        if name in matrices and tuple(matrices[name].shape) != tuple(parameter.shape):
            raise CheckpointError(
                f"{folder}: {name} has shape {tuple(matrices[name].shape)}, not "
                f"{tuple(parameter.shape)}.",
                "Set model.* to the shape of the checkpoint.",
            )
    tensors = {name: m.f32() for name, m in matrices.items() if name in named}
    if "lm_head.weight" in named and "lm_head.weight" not in tensors:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_numpy(tensors)


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
