"""Every preset reads, has the size that it claims, and its loss falls when it is trained."""

import json
import shutil
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.config import DataConfig, LoraConfig, ModelConfig, TrainConfig, from_dict, read_toml
from dragon.weights import num_parameters

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "configs").glob("*.toml"))
TEXT = '["README.md", "docs", "examples/handbook"]'
# Each design as wide and as deep as it is; what is small is the text, and with it the vocabulary.
FEW = {
    "data.root": '""',
    "data.sources": TEXT,
    "train.steps": 200,
    "train.warmup_steps": 20,
    "train.accumulate": 1,
    "train.batch_tokens": 128,
    "train.sequence_length": 64,
    "train.eval_every": 200,
    "train.save_every": 200,
    "train.eval_batches": 4,
}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_is_valid(path: Path) -> None:
    table = read_toml(path)
    kinds = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig, "lora": LoraConfig}
    read = {name: from_dict(kinds[name], values, name) for name, values in table.items()}  # type: ignore[arg-type]
    assert "train" in read
    assert ("model" in read) != bool(read["train"].init) or "reader" in path.stem


@pytest.mark.parametrize(
    ("name", "millions"),
    [("dragon", 35), ("gpt2-small", 124), ("rustgpt", 0.9), ("nanorag", 15), ("claude-rust", 8)],
)
def test_sizes_are_what_the_comments_say(name: str, millions: float) -> None:
    model = from_dict(ModelConfig, read_toml(ROOT / f"configs/{name}.toml")["model"], "model")
    assert num_parameters(model) / 1e6 == pytest.approx(millions, rel=0.08)


def trained(name: str, out: Path, **changes: object) -> list[float]:
    """The losses of a run of the command line."""
    command = ["train", "--config", f"configs/{name}.toml", "--out", str(out)]
    for key, value in changes.items():
        command += ["--set", f"{key}={value}"]
    assert main(command) == 0
    lines = (out / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["loss"] for line in lines]


def fall(losses: list[float]) -> float:
    """How much lower the last losses are than the first ones."""
    return sum(losses[:5]) / 5 - sum(losses[-10:]) / 10


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("name", "least"), [("dragon", 1.5), ("gpt2-small", 1.0), ("claude-rust", 1.3)]
)
def test_a_preset_learns(
    name: str, least: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    vocabulary = {"data.vocab_size": 1024, "model.vocab_size": 1024}
    losses = trained(name, tmp_path / name, **FEW, **vocabulary)
    assert fall(losses) > least
    shutil.rmtree(tmp_path / name)  # more than a gigabyte


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_words_then_text_then_conversations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    words = str(tmp_path / "words")
    command = ["tokenizer", "train", "README.md", "examples/handbook"]
    fields = ["--field", "text", "--field", "prompt", "--field", "response"]
    command += ["examples/conversations", "--out", words, "--kind", "word", "--lower", *fields]
    assert main([*command, "--vocab-size", "2048"]) == 0
    first, second = tmp_path / "rustgpt", tmp_path / "instruct"
    assert fall(trained("rustgpt", first, **{"data.tokenizer": words})) > 1.2
    assert fall(trained("rustgpt-instruct", second, **{"train.init": first / "last"})) > 2
    capsys.readouterr()
    model = str(second / "last")
    assert main(["generate", "Thank you.", "--chat", "--model", model, "--max-tokens", "8"]) == 0
    assert "welcome" in capsys.readouterr().out
    vocabulary = {"data.tokenizer": words, "model.vocab_size": 2048}
    losses = trained("nanorag", tmp_path / "nanorag", **FEW, **vocabulary)
    assert fall(losses) > 0.7
