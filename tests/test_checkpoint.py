"""Checkpoint folders: whole or not there, and readable by others."""

import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from dragon.checkpoint import (
    config_from_json,
    config_to_json,
    put_back,
    read_config,
    read_json,
    write_checkpoint,
    written_beside,
)
from dragon.config import ModelConfig
from dragon.errors import CheckpointError
from dragon.weights import tensor_shapes
from tests.model.test_transformer import configs

CONFIG = ModelConfig(
    vocab_size=9, hidden_size=4, intermediate_size=4, num_hidden_layers=1,
    num_attention_heads=1, num_key_value_heads=1, reader_features=(3, 2),
)  # fmt: skip


def tensors(config: ModelConfig = CONFIG) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {n: random.random(s, np.float32) for n, s in tensor_shapes(config).items()}


@given(configs())
def test_config_json_and_back(config: ModelConfig) -> None:
    assert config_from_json(json.loads(json.dumps(config_to_json(config)))) == config


def test_written_and_read_back(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    folder = tmp_path / "deep" / "model"
    write_checkpoint(folder, CONFIG, tensors(), extras={"note": 1})
    assert read_config(folder) == CONFIG
    assert read_json(folder, "config.json")["dragon"]["note"] == 1
    read = load_file(folder / "model.safetensors")
    assert all(np.array_equal(read[name], value) for name, value in tensors().items())
    modes = {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert len(modes) == 1  # the weights are for the same eyes as the rest


def test_what_is_missing_or_of_another_shape_is_not_written(tmp_path: Path) -> None:
    given = tensors()
    given["dragon.span.bias"] = np.zeros(3, np.float32)
    with pytest.raises(CheckpointError, match=r"dragon.span.bias has shape \(3,\)"):
        write_checkpoint(tmp_path / "m", CONFIG, given)
    del given["dragon.span.bias"]
    with pytest.raises(CheckpointError, match=r"The weights lack dragon.span.bias"):
        write_checkpoint(tmp_path / "m", CONFIG, given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not readable JSON"),
        ("[]", "holds no JSON object"),
        ('{"model_type": "mamba"}', "model_type 'mamba' is not supported"),
        ('{"model_type": "llama", "dragon": 3}', "dragon is 3"),
        ('{"model_type": "llama", "hidden_size": -4}', "config.json has no vocab_size"),
        ('{"dragon": {"activation": "gelu"}, "hidden_size": -4}', "hidden_size is -4"),
    ],
)
def test_a_damaged_config_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        read_config(tmp_path)


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No model folder at"):
        read_config(tmp_path / "none")
    with pytest.raises(CheckpointError, match=r"has no config.json"):
        read_config(tmp_path)


def test_an_error_leaves_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "t"
    with written_beside(target) as fresh:
        (fresh / "a").write_text("old")
    with pytest.raises(FileNotFoundError), written_beside(target) as fresh:
        (fresh / "none").rename(fresh / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["t"]
    assert (target / "a").read_text() == "old"


def test_a_full_disk_leaves_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "t"
    write_checkpoint(target, CONFIG, tensors())
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(Exception, match=r"(?i)file too large|os error|code: 27"):
            write_checkpoint(target, CONFIG, tensors())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_a_kill_between_the_renames_is_undone(tmp_path: Path) -> None:
    target = tmp_path / "t"
    with written_beside(target) as fresh:
        (fresh / "a").write_text("old")
    target.rename(tmp_path / ".t.old")
    put_back(target)
    assert (target / "a").read_text() == "old"
    target.rename(tmp_path / ".t.old")
    with pytest.raises(ZeroDivisionError), written_beside(target):
        raise ZeroDivisionError  # the next writer puts it back even if it fails itself
    assert (target / "a").read_text() == "old"


WRITER = """
import sys
from pathlib import Path
from dragon.checkpoint import written_beside
for number in range(10**9):
    with written_beside(Path(sys.argv[1])) as fresh:
        for name in "abc":
            (fresh / name).write_text(str(number))
    print(number, flush=True)
"""


def test_kill_9_at_any_moment_leaves_a_whole_folder(tmp_path: Path) -> None:
    target, rng = tmp_path / "t", random.Random(0)
    for _ in range(8):
        command = [sys.executable, "-c", WRITER, str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.random() / 100)
            process.kill()
        put_back(target)
        assert len({(target / name).read_text() for name in "abc"}) == 1
        assert sorted(path.name for path in target.iterdir()) == ["a", "b", "c"]
