"""What cannot be trained is refused before the first step, in one line that says what to do."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dragon.cli.main import main
from dragon.config import LoraConfig, ModelConfig, TrainConfig
from dragon.errors import DragonError
from dragon.train.loop import train
from tests.train.runs import HANDBOOK, language_model, reader_model, settings

Capture = pytest.CaptureFixture[str]


def refusal(model: ModelConfig, config: TrainConfig, out: Path) -> str:
    with pytest.raises(DragonError) as error:
        train(model, config, out)
    assert not out.exists()
    assert error.value.remedy
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_does_not_fit_is_refused(
    reading_set: Path, language_set: Path, tmp_path: Path
) -> None:
    out, reading = tmp_path / "run", settings(reading_set, "reader")
    language = settings(language_set, "language")
    for model, config, message in (
        (language_model(), reading, "model.reader_features is []"),
        (reader_model(reader_features=(20, 16, 8)), reading, "is [20, 16, 8]"),
        (reader_model(max_position_embeddings=64), reading, "model.max_position_embeddings is 64"),
        (reader_model(vocab_size=512), reading, "has 600 ids. Set model.vocab_size=600"),
        (language_model(attention="bidirectional"), language, "model.attention is bidirectional"),
        (language_model(max_position_embeddings=10**6), language, "a window takes 1000001"),
        (language_model(), replace(language, sequence_length=33), "Set it to at most 32, or 0"),
        (language_model(), replace(language, data=""), "train.data is empty"),
        (language_model(), replace(language, data="nowhere"), "No data folder at nowhere"),
        (language_model(), replace(language, data=str(HANDBOOK)), "is no finished data folder"),
        (language_model(), replace(language, data=str(reading_set)), "a reading set, not a lang"),
        (language_model(), replace(language, validation="nowhere"), "No data folder at nowhere"),
        (language_model(), replace(language, tokenizer=str(tmp_path)), "No tokenizer.json in"),
        (language_model(), replace(language, init="nowhere"), "No model folder at nowhere"),
        (language_model(), replace(language, init=str(tmp_path)), "has no config.json"),
    ):
        assert message in refusal(model, config, out)


def test_adapters_need_blocks(reading_set: Path, tmp_path: Path) -> None:
    model = reader_model(num_hidden_layers=0, reader_head="recurrent")
    with pytest.raises(DragonError, match=r"model\.num_hidden_layers is 0: adapters"):
        train(model, settings(reading_set, "reader"), tmp_path / "run", lora=LoraConfig())
    assert not (tmp_path / "run").exists()


def test_another_tokenizer_is_refused(
    reading_set: Path, language_set: Path, tmp_path: Path
) -> None:
    """Of the same size, so that only the files' content gives it away."""
    config = settings(reading_set, "reader", tokenizer=str(tmp_path))
    text = (reading_set / "tokenizer.json").read_text("utf-8")
    (tmp_path / "tokenizer.json").write_text(text + "\n", "utf-8")
    said = refusal(reader_model(), config, tmp_path / "run")
    assert "was made with another tokenizer" in said


def test_starting_weights_of_another_shape_are_refused(language_set: Path, tmp_path: Path) -> None:
    train(language_model(), settings(language_set, "language", steps=1), tmp_path / "first")
    config = settings(language_set, "language", init=str(tmp_path / "first/last"))
    said = refusal(language_model(hidden_size=64), config, tmp_path / "run")
    assert "has shape (600, 32), not (600, 64)" in said


TOML = """
[data]
objective = "language"
sources = ["{handbook}/it"]
vocab_size = 500
workers = 1
held_out_every = 2
[model]
vocab_size = 500
hidden_size = 16
intermediate_size = 16
num_hidden_layers = 1
num_attention_heads = 1
num_key_value_heads = 1
max_position_embeddings = 16
[train]
steps = 4
batch_tokens = 64
eval_every = 2
threads = 1
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TOML.format(handbook=HANDBOOK))
    return path


def test_train_from_raw_text(toml: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "run"
    command = ["train", "--config", str(toml), "--out", str(out), "--log-every", "2"]
    assert main(command) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"{out / 'best'}: 4 steps, loss ")
    assert "val_perplexity" in said.out
    assert "step 4/4  loss " in said.err
    assert "step 3/4" not in said.err
    assert (out / "last/tokenizer.json").read_bytes() == (out / "data/tokenizer.json").read_bytes()
    made = (out / "data/manifest.json").stat().st_mtime_ns
    assert main([*command, "--resume", "--set", "train.steps=6"]) == 0
    assert (out / "data/manifest.json").stat().st_mtime_ns == made  # not prepared again
    assert main([*command, "--resume", "--set", "train.steps=6", "--set", "data.seed=1"]) == 2
    assert "The section [data] is not the one" in capsys.readouterr().err
    assert (out / "data/manifest.json").stat().st_mtime_ns == made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "{tmp}/run"], "No --config is given."),
        (["--out", "{tmp}/run", "--resume"], "{tmp}/run holds no run to resume."),
        (["--out", "{tmp}/run", "--resume", "--set", "a.b=1"], "--set needs --config."),
        (["--config", "{tmp}/none.toml", "--out", "{tmp}/run"], "No configuration at"),
        (["--config", "{toml}", "--out", "{tmp}/run", "--set", "train.stepps=1"], "train.stepps"),
        (["--config", "{toml}", "--out", "{tmp}/run", "--set", "model.vocab_size=x"], "is 'x'."),
    ],
)
def test_bad_calls_are_one_line(
    toml: Path, tmp_path: Path, capsys: Capture, arguments: list[str], message: str
) -> None:
    assert main(["train", *(a.format(tmp=tmp_path, toml=toml) for a in arguments)]) in (1, 2)
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message.format(tmp=tmp_path) in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_without_pytorch_the_remedy_is_named(tmp_path: Path) -> None:
    hide = "import sys; sys.modules['torch'] = None; from dragon.cli.main import main; "
    call = f"sys.exit(main(['train', '--config', 'c.toml', '--out', {str(tmp_path / 'run')!r}]))"
    done = subprocess.run([sys.executable, "-c", hide + call], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "error: Training needs PyTorch, which is not installed. Run: make install.\n"
    )
