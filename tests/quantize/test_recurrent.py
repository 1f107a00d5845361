"""A recurrent reader head is packed like the blocks: its large matrices, and nothing else."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.loading import load
from dragon.engine.matrices import Dense
from dragon.quantize import quantize_checkpoint
from tests.engine.models import prompt, random_tensors

CONFIG = ModelConfig(
    100,
    32,
    8,
    0,
    2,
    2,
    64,
    attention="bidirectional",
    norm="layernorm",
    reader_features=(20, 4),
    reader_head="recurrent",
    reader_context=True,
)


@pytest.mark.parametrize(
    ("bits", "method", "error"),
    [(16, "rtn", 0.02), (8, "rtn", 0.03), (8, "gptq", 0.03), (4, "gptq", 0.3)],
)
def test_its_large_matrices_are_packed(
    tmp_path: Path, bits: int, method: Literal["rtn", "gptq"], error: float
) -> None:
    source, target = tmp_path / "float", tmp_path / "packed"
    write_checkpoint(source, CONFIG, random_tensors(CONFIG))
    texts = [prompt(CONFIG, 20)[0]]  # gptq has no block to calibrate, and rounds
    quantize_checkpoint(source, target, bits, 32, method=method, texts=texts)
    packed = {name for name, matrix in load(target)[1].items() if not isinstance(matrix, Dense)}
    ends = ("l0", "l0_reverse")
    layers = ("context.layer", *(f"reader.layers.{i}" for i in range(3)))
    assert packed == {
        "model.embed_tokens.weight",
        *(f"dragon.reader.{name}.weight" for name in ("enter", "join", "revise", "ask")),
        "dragon.context.out.weight",
        *(f"dragon.{layer}.weight_{x}h_{e}" for layer in layers for x in "ih" for e in ends),
    }
    batch = [prompt(CONFIG, 40), prompt(CONFIG, 15)]
    exact = np.concatenate(Engine.open(source, kernels="numpy").read(batch))
    ours = np.concatenate(Engine.open(target).read(batch))
    assert np.sqrt(np.mean((ours - exact) ** 2)) < error * exact.std()
