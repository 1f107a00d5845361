"""`dragon show`, `generate`, `export` and `import` on real folders, good and bad."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from dragon.cli.main import main
from dragon.engine import Engine
from dragon.models import shipped
from dragon.tokenizer import load_tokenizer
from tests.interop.models import make

Capture = pytest.CaptureFixture[str]
needs_shipped = pytest.mark.skipif(not shipped(), reason="needs the shipped model")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make("llama", tmp_path_factory.mktemp("cli") / "little"))


def test_generate_is_the_engine(model: str, capsys: Capture) -> None:
    assert main(["generate", "The ships", "--model", model, "--max-tokens", "9", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    tokenizer = load_tokenizer(Path(model))
    ids = tokenizer.encode_prompt("The ships")
    expected = list(Engine.open(Path(model)).generate(ids, max_tokens=9))
    assert (out["tokens"], out["prompt_tokens"]) == (expected, ids)
    assert out["finish_reason"] == "length"
    assert main(["generate", "The ships", "--model", model, "--max-tokens", "9"]) == 0
    shown = capsys.readouterr().out.removesuffix("\n")
    assert shown == "".join(c for c in out["text"] if c.isprintable() or c in "\n\t ")


def test_generate_stops_at_an_end(
    model: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["generate", "The ships", "--model", model, "--max-tokens", "9", "--json"]
    main(command)
    third = json.loads(capsys.readouterr().out)["tokens"][2]
    monkeypatch.setattr("dragon.tokenizer.template.end_ids", lambda *_: frozenset([third]))
    assert main(command) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["finish_reason"] == "stop"
    assert third not in out["tokens"]


def test_generate_reads_standard_input_and_chats(
    model: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("How many?"))
    command = ["generate", "-", "--model", model, "--chat", "--json", "--max-tokens", "0"]
    assert main(command) == 0
    out = json.loads(capsys.readouterr().out)
    tokenizer = load_tokenizer(Path(model))
    expected = tokenizer.encode_framed("<s>[INST] How many? [/INST]")
    assert out == {
        "text": "",
        "tokens": [],
        "prompt_tokens": expected,
        "finish_reason": "length",
    }


def test_the_same_seed_gives_the_same_text(model: str, capsys: Capture) -> None:
    command = ["generate", "x", "--model", model, "--temperature", "1", "--max-tokens", "12"]
    texts = []
    for seed in ("1", "1", "2"):
        assert main([*command, "--seed", seed, "--json"]) == 0
        texts.append(json.loads(capsys.readouterr().out)["tokens"])
    assert texts[0] == texts[1] != texts[2]


@needs_shipped
def test_the_shipped_model_only_reads(capsys: Capture) -> None:
    assert main(["generate", "x", "--model", shipped()[0]]) == 2
    assert "reads in both directions" in capsys.readouterr().err


def test_generate_refuses_what_it_cannot_do(model: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["generate", "x" * 2000, "--model", model]) == 2
    assert "the model reads 128" in capsys.readouterr().err
    assert main(["generate", "x", "--model", str(make("gpt2", tmp_path / "g")), "--chat"]) == 2
    assert "has no chat template" in capsys.readouterr().err
    small = make("gpt2", tmp_path / "s", vocab_size=50)
    assert main(["generate", "x", "--model", str(small)]) == 1
    assert "They belong to different models" in capsys.readouterr().err
    assert main(["generate", "x", "--model", str(tmp_path / "none")]) == 1
    assert "There is no model" in capsys.readouterr().err


def test_show_says_what_a_model_is(model: str, capsys: Capture) -> None:
    assert main(["show", model, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    file = Path(model) / "model.safetensors"
    assert values["family"] == "llama"
    assert 4 * values["parameters"] == values["weight_bytes"]
    assert values["formats"] == {"f32": values["weight_bytes"]}
    assert 0 < file.stat().st_size - values["weight_bytes"] < 10_000
    # Keys and values: 2 layers, 2 heads of 16 numbers, 4 bytes each.
    assert values["kv_bytes_per_1000_tokens"] == 1000 * 2 * 2 * 2 * 16 * 4
    assert main(["show", model]) == 0
    table = capsys.readouterr().out
    for text in ("little", "llama, writes", f"{values['parameters']:,}", "128 tokens (rope)"):
        assert text in table


def test_show_of_a_reader_without_blocks(tmp_path: Path, capsys: Capture) -> None:
    folder = make(
        "llama",
        tmp_path / "reader",
        num_hidden_layers=0,
        norm="layernorm",
        attention="bidirectional",
        reader_features=(20,),
        reader_head="recurrent",
    )
    assert main(["show", str(folder), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["use"], shown["layers"], shown["reader_head"]) == ("reads", 0, "recurrent")
    assert shown["kv_bytes_per_1000_tokens"] == 0
    assert main(["show", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "recurrent, 3 layers of 2 x 32" in out
    assert "keys and values" not in out


@needs_shipped
def test_show_of_the_shipped_model(capsys: Capture) -> None:
    assert main(["show", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["use"] == "reads"
    assert values["formats"].keys() == {"int8", "f32"}


def test_there_and_back_on_the_command_line(model: str, tmp_path: Path, capsys: Capture) -> None:
    ids = np.array([5, 6, 7])
    expected = Engine.open(Path(model)).logits(ids)
    hf, file, gguf = tmp_path / "hf", tmp_path / "m.json", tmp_path / "m.gguf"
    for command in (
        ["export", "hf", model, str(hf)],
        ["export", "json", model, str(file)],
        ["import", "json", str(file), str(tmp_path / "from-json")],
        ["export", "gguf", model, str(gguf), "--type", "f32"],
        ["import", "gguf", str(gguf), str(tmp_path / "from-gguf")],
    ):
        assert main(command) == 0
        assert " MB" in capsys.readouterr().out
    for name in ("hf", "from-json", "from-gguf"):
        np.testing.assert_array_equal(Engine.open(tmp_path / name).logits(ids), expected)


def test_a_wrong_type_or_file_is_named(model: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["export", "gguf", model, str(tmp_path / "x"), "--type", "q2"]) == 2
    assert "q2" in capsys.readouterr().err
    assert main(["export", "gguf", model, str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(["import", "gguf", str(tmp_path / "none"), str(tmp_path / "out")]) == 1
    assert "cannot be read" in capsys.readouterr().err
