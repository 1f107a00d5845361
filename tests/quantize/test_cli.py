"""`dragon quantize` from a terminal: formats, calibration, the perplexity that it reports."""

import re
from pathlib import Path

import pytest

from dragon.checkpoint import write_checkpoint
from dragon.cli.main import main
from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.matrices import Int4, Int8
from dragon.tokenizer import BpeTokenizer
from tests.engine.models import random_tensors
from tests.tokenizer.corpus import CORPUS

CONFIG = ModelConfig(400, 32, 48, 1, 2, 1, 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "float"
    words = path.with_name("tokenizer")
    BpeTokenizer.train(CORPUS, vocab_size=400).save(words)
    write_checkpoint(path, CONFIG, random_tensors(CONFIG), tokenizer_folder=words)
    return path


def quantize(*arguments: object) -> int:
    return main(["quantize", *map(str, arguments)])


def test_calibrated_4_bits_keep_the_vocabulary_in_8_and_report_perplexity(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("\n".join(CORPUS * 4), "utf-8")
    out = tmp_path / "out"
    options = ["--bits", 4, "--group", 32, "--method", "gptq", "--calibration", text]
    assert quantize(folder, "--out", out, *options) == 0
    report = capsys.readouterr().out
    before, after = map(float, re.findall(r"perplexity ([\d.]+) -> ([\d.]+)", report)[0])
    assert 0.5 < after / before < 2
    assert "same next token" in report
    weights = Engine.open(out, kernels="numpy").body.matrices  # type: ignore[attr-defined]
    assert isinstance(weights["model.embed_tokens.weight"], Int8)
    assert isinstance(weights["model.layers.0.mlp.up_proj.weight"], Int4)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--bits", 5], "5 bits"),
        (["--group", 33], "groups of 33"),
        (["--method", "gptq"], "--calibration"),
        (["--calibration", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_wrong_options_are_named(
    folder: Path,
    tmp_path: Path,
    options: list[object],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert quantize(folder, "--out", tmp_path / "x", *options) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
