"""`dragon reference` from the command line: train, chat, generate, gradcheck, and bad input."""

import io
import json
from pathlib import Path

import pytest

from dragon.cli.main import main

ARGUMENTS = [
    "--set=model.hidden_size=32",
    "--set=model.intermediate_size=32",
    "--set=model.num_hidden_layers=1",
    "--set=pretrain.epochs=3",
    "--set=instruct.epochs=40",
    "--set=instruct.learning_rate=0.005",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    (folder / "pretrain.json").write_text(json.dumps(["The otter eats crabs."]))
    (folder / "instruct.csv").write_text(
        "instruction,answer\nWhat does the otter eat?,The otter eats crabs.\nHello.,Welcome.\n"
    )
    return folder


def trained(world: Path, out: str) -> int:
    files = ["--data", str(world / "pretrain.json"), "--then", str(world / "instruct.csv")]
    return main(["reference", "train", *files, "--out", str(world / out), *ARGUMENTS])


@pytest.mark.parametrize("out", ["model", "model.json"])
def test_train_chat_and_generate(
    world: Path, out: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trained(world, out) == 0
    said = capsys.readouterr().out
    assert "instruct epoch   40/40" in said
    assert "word for word: 2 of 2" in said
    model = ["--model", str(world / out)]
    long = "otter " * 100
    monkeypatch.setattr(
        "sys.stdin", io.StringIO(f"Hello.\n\n{long}\nWhat does the otter eat?\n/quit\n")
    )
    assert main(["reference", "chat", *model]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["Welcome.", "The otter eats crabs."]
    assert "103 tokens" in captured.err
    assert main(["reference", "generate", "The otter", *model, "--max-tokens", "4"]) == 0
    assert capsys.readouterr().out.startswith("The otter")


def test_gradcheck_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--set=model.hidden_size=8", "--set=model.intermediate_size=4"]
    assert main(["reference", "gradcheck", *sizes, "--set=model.num_hidden_layers=1"]) == 0
    said = capsys.readouterr().out
    assert "gradients agree within 1e-06" in said
    assert "model.layers.0.self_attn.q_proj.weight" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "model.vocab_size=5"], "model.vocab_size is 5"),
        (["--set", "model.hidden_size=30"], "must divide"),
        (["--set", "pretrain.epochs=0"], "epochs is 0"),
        (["--set", "pretrain.speed=1"], "pretrain.speed is not a setting"),
        (["--set", "other.epochs=1"], "other is no section of the settings"),
        (["--set", "epochs=1"], "is not understood"),
        (["--then", "none.csv"], "There is no dataset none.csv"),
        (["--set", "model.max_position_embeddings=3"], "the model reads 3"),
    ],
)
def test_bad_input_is_one_line(
    world: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(world / "pretrain.json"), "--out", str(world / "never")]
    assert main(["reference", "train", *data, *arguments]) in (1, 2)
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert said in error
    assert not (world / "never").exists()
