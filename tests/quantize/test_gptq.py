"""GPTQ makes the products of calibrated inputs more exact than rounding does."""

from pathlib import Path

import numpy as np
import pytest

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.quantize import quantize_checkpoint
from dragon.quantize.gptq import gptq
from dragon.quantize.perplexity import forecast
from dragon.quantize.rtn import packed, quantized
from tests.engine.models import random_tensors

CONFIG = ModelConfig(100, 64, 96, 2, 4, 2, 64)


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("group", [32, 256])
def test_the_error_of_products_shrinks(bits: int, group: int) -> None:
    random = np.random.default_rng(0)
    matrix = random.standard_normal((24, 150)).astype(np.float32)
    # Inputs that go together: what one column loses, another can make up for.
    x = (random.standard_normal((400, 20)) @ random.standard_normal((20, 150))).astype(np.float32)
    x += 0.1 * random.standard_normal(x.shape).astype(np.float32)
    calibrated = packed(*gptq(matrix, (x.T @ x).astype(np.float64), group, bits), group, bits)
    nearest = quantized(matrix, bits, group)
    errors = [np.linalg.norm(x @ (m.f32() - matrix).T) for m in (calibrated, nearest)]
    assert errors[0] < 0.5 * errors[1]


def test_inputs_that_are_never_seen_are_rounded() -> None:
    matrix = np.random.default_rng(0).standard_normal((5, 40)).astype(np.float32)
    back = packed(*gptq(matrix, np.zeros((40, 40)), 32, 8), 32, 8).f32()
    np.testing.assert_allclose(back, quantized(matrix, 8, 32).f32())


def test_a_folder_is_calibrated_block_by_block(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "float", CONFIG, random_tensors(CONFIG))
    texts = list(np.random.default_rng(1).integers(0, 100, (12, 60)).astype(np.int32))
    exact = Engine.open(tmp_path / "float", kernels="numpy")
    errors = {}
    for method in ("rtn", "gptq"):
        quantize_checkpoint(
            tmp_path / "float", tmp_path / method, 4, 32, method=method, texts=texts[2:]
        )
        engine = Engine.open(tmp_path / method, kernels="numpy")
        errors[method] = np.mean(
            [np.square(engine.logits(t) - exact.logits(t)).mean() for t in texts[:2]]
        )
    assert errors["gptq"] < 0.9 * errors["rtn"]
    assert forecast(exact, texts[:2]).perplexity > 1
