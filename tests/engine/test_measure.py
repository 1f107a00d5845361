"""`dragon bench engine` measures what it says, for every type of weights."""

import json
from pathlib import Path

import pytest

from dragon.checkpoint import write_checkpoint
from dragon.cli.main import main
from dragon.config import ModelConfig
from dragon.quantize import quantize_checkpoint
from tests.engine.models import random_tensors

CONFIG = ModelConfig(60, 64, 128, 1, 2, 1, 40)
FIELDS = "load_s first_token_ms prefill_tok_s decode_tok_s batch_tok_s rss_mb weight_bytes".split()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "float"
    write_checkpoint(path, CONFIG, random_tensors(CONFIG))
    return path


def bench(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert main(["bench", "engine", "--repeat", "1", "--threads", "1", *arguments]) == 0
    figures: dict[str, float] = json.loads(capsys.readouterr().out)
    assert list(figures) == FIELDS
    assert all(value > 0 for value in figures.values())
    return figures


def test_every_type_takes_its_own_room(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [
        bench(capsys, "--model", str(folder), "--json", "--dtype", dtype)["weight_bytes"]
        for dtype in ("f32", "bf16", "int8", "int4")
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_a_packed_folder_is_measured_as_it_lies(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quantize_checkpoint(folder, folder.with_name("int4"), 4, 32)
    plain = bench(capsys, "--model", str(folder.with_name("int4")), "--json")
    size = (folder.with_name("int4") / "model.safetensors").stat().st_size
    assert 0 < size - plain["weight_bytes"] < 4000  # the header


def test_it_reads_well_on_a_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "engine", "--repeat", "1", "--model", str(folder)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == FIELDS


def test_a_reader_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ModelConfig(60, 32, 48, 1, 2, 1, 40, attention="bidirectional")
    write_checkpoint(tmp_path / "m", config, random_tensors(config))
    assert main(["bench", "engine", "--model", str(tmp_path / "m")]) == 2
    assert "reads in both directions" in capsys.readouterr().err
