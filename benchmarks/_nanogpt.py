"""One step of nanoGPT's loop on this machine, from a copy of its files that the caller names.

In: a folder with nanoGPT's model.py, a `ModelConfig` in GPT-2's shape, token ids. Out: a function
that does one step as its train.py does (batch, forward, backward, clip, AdamW) and returns seconds.
Its forward pass is in f32, as it is on a processor, or in bf16, as it is on accelerators.
"""

import importlib.util
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from dragon.config import ModelConfig, TrainConfig


def load(folder: Path):  # type: ignore[no-untyped-def]
    """The module model.py of a folder."""
    spec = importlib.util.spec_from_file_location("nanogpt_model", folder / "model.py")
    assert spec is not None, folder
    assert spec.loader is not None, folder
    module = importlib.util.module_from_spec(spec)
    sys.modules["nanogpt_model"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


def make_step(
    folder: Path, model: ModelConfig, config: TrainConfig, tokens: np.ndarray
) -> Callable[[], float]:
    module = load(folder)
    length = model.max_position_embeddings
    network = module.GPT(
        module.GPTConfig(
            block_size=length,
            vocab_size=model.vocab_size,
            n_layer=model.num_hidden_layers,
            n_head=model.num_attention_heads,
            n_embd=model.hidden_size,
            dropout=0.0,
            bias=True,
        )
    )
    betas = (config.beta1, config.beta2)
    optimizer = network.configure_optimizers(
        config.weight_decay, config.learning_rate, betas, "cpu"
    )
    rows = config.batch_tokens // length

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        starts = torch.randint(len(tokens) - length, (rows,))
        x, y = (
            torch.stack(
                [torch.from_numpy(tokens[i + d : i + d + length].astype(np.int64)) for i in starts]
            )
            for d in (0, 1)
        )
        return x, y

    network.train()
    x, y = batch()

    def step() -> float:
        nonlocal x, y
        started = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bf16"):
            _, loss = network(x, y)
        x, y = batch()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
        return time.perf_counter() - started

    return step
