"""The mean of checkpoints: of floats and of quantised ones, and of nothing that does not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dragon.checkpoint import write_checkpoint
from dragon.cli.main import main
from dragon.config import ModelConfig
from dragon.engine.loading import load
from dragon.errors import CheckpointError, InputError
from dragon.quantize import quantize_checkpoint
from dragon.train.average import average
from dragon.weights import tensor_shapes

CONFIG = ModelConfig(
    vocab_size=64,
    hidden_size=64,
    intermediate_size=64,
    num_hidden_layers=1,
    num_attention_heads=2,
    num_key_value_heads=2,
)


def a_model(folder: Path, seed: int, config: ModelConfig = CONFIG) -> Path:
    rng = np.random.default_rng(seed)
    shapes = tensor_shapes(config).items()
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes}
    write_checkpoint(folder, config, tensors, None)
    return folder


def values(folder: Path) -> dict[str, np.ndarray]:
    return {name: matrix.f32() for name, matrix in load(folder)[1].items()}


def test_the_mean_lies_in_the_middle(tmp_path: Path) -> None:
    a, b = a_model(tmp_path / "a", 1), a_model(tmp_path / "b", 2)
    average([a, b], tmp_path / "mean")
    mean, x, y = values(tmp_path / "mean"), values(a), values(b)
    assert all(np.allclose(mean[n], (x[n] + y[n]) / 2, atol=1e-6) for n in x)
    average([a, b], tmp_path / "mean", [3, 1])
    mean = values(tmp_path / "mean")
    assert all(np.allclose(mean[n], 0.75 * x[n] + 0.25 * y[n], atol=1e-6) for n in x)


def test_quantised_models_count_as_what_they_stand_for(tmp_path: Path) -> None:
    a, b = a_model(tmp_path / "a", 1), a_model(tmp_path / "b", 2)
    quantize_checkpoint(a, tmp_path / "a8", 8, 64)
    average([tmp_path / "a8", b], tmp_path / "mean")
    mean, x, y = values(tmp_path / "mean"), values(tmp_path / "a8"), values(b)
    assert all(np.allclose(mean[n], (x[n] + y[n]) / 2, atol=1e-6) for n in x)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    a, b = a_model(tmp_path / "a", 1), a_model(tmp_path / "b", 2)
    c = a_model(tmp_path / "c", 3, replace(CONFIG, vocab_size=9))
    with pytest.raises(CheckpointError, match="another configuration"):
        average([a, c], tmp_path / "mean")
    with pytest.raises(InputError, match="1 model to average"):
        average([a], tmp_path / "mean")
    for wrong in ([1.0], [1.0, -1.0], [1.0, float("nan")]):
        with pytest.raises(InputError, match="weights are"):
            average([a, b], tmp_path / "mean", wrong)
    assert not (tmp_path / "mean").exists()


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = a_model(tmp_path / "a", 1), a_model(tmp_path / "b", 2)
    assert main(["average", str(a), str(b), "--out", str(tmp_path / "mean")]) == 0
    assert capsys.readouterr().out.endswith("mean: the mean of 2 models\n")
