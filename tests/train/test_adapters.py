"""Adapters: trained alone, in PEFT's files, merged into what engine and transformers open."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from dragon.checkpoint import read_config, write_checkpoint
from dragon.cli.main import main
from dragon.config import LoraConfig, TrainConfig
from dragon.engine import Engine
from dragon.engine.loading import load
from dragon.errors import CheckpointError, ConfigError, DragonError
from dragon.model.lora import adapters, add_adapters
from dragon.model.transformer import Transformer
from dragon.quantize import quantize_checkpoint
from dragon.tokenizer import load_tokenizer
from dragon.train.adapter import Update, read_adapter, write_adapter
from dragon.train.loop import train
from dragon.train.merge import merge
from dragon.train.start import load_weights
from dragon.weights import tensor_shapes
from tests.train.runs import language_model, reader_model, settings
from tests.train.test_resume import KillAt, Killed, assert_same

SMALL = LoraConfig(r=2, alpha=4)


@pytest.fixture(scope="module")
def base(language_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model with random weights, whose vocabulary is the data's."""
    folder = tmp_path_factory.mktemp("base") / "model"
    torch.manual_seed(1)
    model = Transformer(language_model(max_position_embeddings=64, num_key_value_heads=1))
    write_checkpoint(folder, model.config, model.numpy_tensors(), language_set)
    return folder


@pytest.fixture(scope="module")
def gpt2(language_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as transformers writes one for GPT-2: no template, fused matrices."""
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("gpt2") / "model"
    torch.manual_seed(1)
    size = {"n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 2}
    GPT2LMHeadModel(GPT2Config(vocab_size=600, eos_token_id=0, **size)).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((language_set / "tokenizer.json").read_bytes())
    (folder / "tokenizer_config.json").write_text('{"eos_token": "<|end|>"}')
    return folder


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chats") / "chats.jsonl"
    rows = [{"prompt": f"Number {n}?", "response": f"It is {n % 3}."} for n in range(30)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def instruct(chats: Path, base: Path, **changes: object) -> TrainConfig:
    values = {"init": str(base), "learning_rate": 1e-2, "steps": 8}
    return settings(chats, "instruct", **{**values, **changes})


def logits(folder: Path) -> np.ndarray:
    return Engine.open(folder, kernels="numpy").logits(np.arange(20, 40, dtype=np.int32))


def test_only_the_updates_are_trained(base: Path, chats: Path, tmp_path: Path) -> None:
    figures = train(
        read_config(base),
        instruct(chats, base, epochs=30.0, save_every=60, eval_every=60),
        tmp_path / "run",
        lora=SMALL,
    )
    assert figures["step"] == 60  # 30 times two batches of 28 conversations
    assert figures["loss"] < np.log(600) - 0.4  # a guess costs log V nats
    assert "val_loss" in figures
    last = tmp_path / "run/last"
    assert not (last / "model.safetensors").exists()
    assert merge(last, base, tmp_path / "whole") == 14
    before, after = (load(folder)[1] for folder in (base, tmp_path / "whole"))
    changed = {n for n in before if not np.array_equal(before[n].f32(), after[n].f32())}
    assert changed == set(read_adapter(last).updates)
    assert all("_proj" in name for name in changed)


def test_peft_s_files_to_the_letter(base: Path, chats: Path, tmp_path: Path) -> None:
    lora = LoraConfig(r=3, alpha=6, dropout=0.1, target_modules=("v_proj", "down_proj"))
    train(read_config(base), instruct(chats, base, steps=2), tmp_path, lora=lora)
    values = json.loads((tmp_path / "last/adapter_config.json").read_text())
    assert values["peft_type"] == "LORA"
    assert values["task_type"] == "CAUSAL_LM"
    assert values["base_model_name_or_path"] == str(base)
    assert (values["r"], values["lora_alpha"], values["lora_dropout"]) == (3, 6, 0.1)
    assert values["target_modules"] == ["down_proj", "v_proj"]
    assert not values["fan_in_fan_out"]
    shapes = {
        name: tensor.shape
        for name, tensor in load_file(tmp_path / "last/adapter_model.safetensors").items()
    }
    one = "base_model.model.model.layers.{}.{}.lora_{}.weight"
    assert shapes == {
        one.format(layer, module, side): shape
        for layer in (0, 1)
        for module, side, shape in (
            ("self_attn.v_proj", "A", (3, 32)),
            ("self_attn.v_proj", "B", (16, 3)),
            ("mlp.down_proj", "A", (3, 48)),
            ("mlp.down_proj", "B", (32, 3)),
        )
    }


def test_merged_is_what_was_trained(base: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Transformer(read_config(base))
    load_weights(base, model)
    add_adapters(model, SMALL)
    updates = {}
    for name, layer in adapters(model):
        torch.nn.init.normal_(layer.lora_b)
        a, b = (p.detach().numpy() for p in (layer.lora_a, layer.lora_b))
        updates[name] = Update(a, b, layer.scale)
    (tmp_path / "adapter").mkdir()
    write_adapter(tmp_path / "adapter", updates, SMALL, base, "")
    merge(tmp_path / "adapter", base, tmp_path / "whole")
    with torch.no_grad():
        expected = model(torch.arange(20, 40)[None])[0].numpy()
    np.testing.assert_allclose(logits(tmp_path / "whole"), expected, atol=1e-4)


def test_gpt2_s_fused_matrix_and_its_three_updates(gpt2: Path, chats: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    lora = replace(SMALL, target_modules=("q_proj", "v_proj", "o_proj", "up_proj"))
    config = instruct(chats, gpt2, steps=4)
    train(read_config(gpt2), config, tmp_path / "run", lora=lora)
    last, whole = tmp_path / "run/last", tmp_path / "whole"
    tensors = load_file(last / "adapter_model.safetensors")
    fused = "base_model.model.transformer.h.1.attn.c_attn.lora_{}.weight"
    assert tensors[fused.format("A")].shape == (4, 32)
    b = tensors[fused.format("B")]
    assert b.shape == (96, 4)
    assert not b[32:64].any()  # no update of the keys
    assert not b[:32, 2:].any()
    values = json.loads((last / "adapter_config.json").read_text())
    assert values["target_modules"] == ["attn.c_proj", "c_attn", "c_fc"]
    assert values["rank_pattern"] == {rf"transformer\.h\.{n}\.attn\.c_attn": 4 for n in (0, 1)}
    assert values["alpha_pattern"] == {rf"transformer\.h\.{n}\.attn\.c_attn": 8 for n in (0, 1)}
    assert values["fan_in_fan_out"]
    merge(last, gpt2, whole)
    theirs = AutoModelForCausalLM.from_pretrained(whole).eval()
    with torch.no_grad():
        expected = theirs(torch.arange(20, 40)[None]).logits[0].numpy()
    np.testing.assert_allclose(logits(whole), expected, atol=1e-5)
    assert not np.allclose(logits(gpt2), expected, atol=1e-3)
    # It had no chat template: it was spoken to with one, and that one went with it.
    said = json.loads((whole / "tokenizer_config.json").read_text())
    assert "eos_token" in said["chat_template"]


@pytest.mark.parametrize("step", [3, 5])
def test_stopped_and_resumed_is_uninterrupted(
    base: Path, chats: Path, tmp_path: Path, step: int
) -> None:
    config = instruct(chats, base)
    lora = replace(SMALL, dropout=0.1)
    train(read_config(base), config, tmp_path / "whole", lora=lora)
    with pytest.raises(Killed):
        train(read_config(base), config, tmp_path / "cut", lora=lora, watcher=KillAt(step, ""))
    train(read_config(base), config, tmp_path / "cut", lora=lora, resume=True)
    assert_same(tmp_path / "whole", tmp_path / "cut", "adapter_model.safetensors")
    with pytest.raises(ConfigError, match=r"lora\.r is 4; the run was started with 2"):
        train(read_config(base), config, tmp_path / "cut", lora=replace(lora, r=4), resume=True)


def test_a_quantised_reader_is_adapted(reading_set: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = Transformer(reader_model(hidden_size=64, intermediate_size=64))
    plain, base = tmp_path / "plain", tmp_path / "int8"
    extras = {"calibration": {"threshold": 0.5}}
    write_checkpoint(plain, model.config, model.numpy_tensors(), reading_set, extras)
    quantize_checkpoint(plain, base, 8, 64)
    config = settings(reading_set, "reader", init=str(base), steps=2)
    train(model.config, config, tmp_path / "run", lora=SMALL)
    merge(tmp_path / "run/last", base, tmp_path / "whole")
    before, after = (load(folder)[1] for folder in (base, tmp_path / "whole"))
    same = "dragon.span.weight"
    assert np.array_equal(before[same].f32(), after[same].f32())
    values = json.loads((tmp_path / "whole/config.json").read_text())["dragon"]
    assert values["calibration"] == {"threshold": 0.5}
    assert "quantization" not in values
    Engine.open(tmp_path / "whole", kernels="numpy")


def test_an_adapter_can_be_the_start(base: Path, chats: Path, tmp_path: Path) -> None:
    config = instruct(chats, base, steps=3)
    train(read_config(base), config, tmp_path / "first", lora=SMALL)
    again = replace(SMALL, init=str(tmp_path / "first/last"))
    still = replace(config, steps=1, learning_rate=1e-12, min_learning_rate=1e-12)
    train(read_config(base), still, tmp_path / "second", lora=again)
    first, second = (
        load_file(tmp_path / run / "last/adapter_model.safetensors") for run in ("first", "second")
    )
    assert all(np.allclose(first[name], second[name], atol=1e-6) for name in first)
    with pytest.raises(CheckpointError, match=r"Set lora\.r=2"):
        train(read_config(base), still, tmp_path / "third", lora=replace(again, r=4))
    fewer = replace(again, target_modules=("q_proj",))
    with pytest.raises(CheckpointError, match=r"lora\.target_modules differ, in model\.layers\.0"):
        train(read_config(base), still, tmp_path / "third", lora=fewer)


def an_adapter(
    folder: Path, base: Path, names: dict[str, tuple[int, int]], **other: object
) -> Path:
    """An adapter of some matrices [out, in], with other values in adapter_config.json."""
    folder.mkdir()
    updates = {
        name: Update(np.ones((2, inner), np.float32), np.ones((out, 2), np.float32), 2.0)
        for name, (out, inner) in names.items()
    }
    write_adapter(folder, updates, SMALL, base, "")
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    return folder


Q = "model.layers.0.self_attn.q_proj.weight"


def test_an_adapter_for_another_base_is_refused(base: Path, chats: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    wide = an_adapter(tmp_path / "wide", base, {Q: (32, 40)})
    with pytest.raises(CheckpointError) as error:
        merge(wide, base, out)
    assert f"{wide} adapts {Q} of shape (32, 40); in {base} it has (32, 32)." in str(error.value)
    deep = an_adapter(tmp_path / "deep", base, {Q.replace("0", "7"): (32, 32)})
    with pytest.raises(CheckpointError, match=r"layers\.7\.self_attn.* which .* has not"):
        merge(deep, base, out)
    train(read_config(base), instruct(chats, base, steps=1), tmp_path / "run", lora=SMALL)
    twin = tmp_path / "twin"
    tensors = {n: np.ones(s, np.float32) for n, s in tensor_shapes(read_config(base)).items()}
    write_checkpoint(twin, read_config(base), tensors, base)
    with pytest.raises(CheckpointError, match=r"was made for other weights .* --force"):
        merge(tmp_path / "run/last", twin, out)
    assert not out.exists()
    assert merge(tmp_path / "run/last", twin, out, force=True) == 14


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type is 'IA3'. Only plain LoRA"),
        ({"use_dora": True}, "use_dora is True"),
        ({"modules_to_save": ["lm_head"]}, r"modules_to_save is \['lm_head'\]"),
        ({"lora_alpha": None}, "alpha is None for model.layers.0.self_attn.q_proj"),
    ],
)
def test_other_kinds_are_refused(
    base: Path, tmp_path: Path, values: dict[str, object], message: str
) -> None:
    folder = an_adapter(tmp_path / "adapter", base, {Q: (32, 32)}, **values)
    with pytest.raises(CheckpointError, match=message):
        read_adapter(folder)


def test_damaged_adapters_are_refused(base: Path, tmp_path: Path) -> None:
    folder = an_adapter(tmp_path / "adapter", base, {Q: (32, 32)})
    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    only_a = {n: t for n, t in tensors.items() if "lora_A" in n}
    for wrong, message in (
        (only_a, "The file is damaged"),
        ({}, "holds no update"),
        (
            {**tensors, "base_model.model.score.weight": np.ones((2, 2), np.float32)},
            "is no part of a low-rank",
        ),
    ):
        save_file(wrong, path)
        with pytest.raises(CheckpointError, match=message):
            read_adapter(folder)
    path.write_bytes(b"no")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        read_adapter(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_adapter(folder)
    with pytest.raises(CheckpointError, match="holds no adapter"):
        read_adapter(base)


def test_peft_s_own_scalings(base: Path, tmp_path: Path) -> None:
    changes = {"alpha_pattern": {r"layers\.0\.self_attn\.q_proj": 7}, "use_rslora": True}
    folder = an_adapter(tmp_path / "adapter", base, {Q: (32, 32)}, **changes)
    assert read_adapter(folder).updates[Q].scale == pytest.approx(7 / 2**0.5)


def test_what_cannot_be_adapted_is_refused(
    base: Path, chats: Path, language_set: Path, tmp_path: Path
) -> None:
    model = read_config(base)
    short = instruct(chats, base, sequence_length=2)
    for config, lora, message in (
        (settings(language_set, "language"), SMALL, "a section [lora] and train.init is empty"),
        (settings(chats, "instruct"), None, "train.init and train.tokenizer are empty"),
        (instruct(chats, base, sequence_length=65), None, "Set it to at most 64"),
        (short, None, "holds no conversation whose answer begins within 2 tokens"),
        (instruct(tmp_path / "none", base), None, "No training text at"),
        (replace(short, data=""), None, "Name a file or folder of rows"),
        (instruct(base / "tokenizer.json", base), None, "row 1 has the fields version"),
    ):
        with pytest.raises(DragonError) as error:
            train(model, config, tmp_path / "run", lora=lora)
        assert message in str(error.value)
        assert not (tmp_path / "run").exists()


TOML = """
[train]
objective = "instruct"
data = "{chats}"
init = "{base}"
epochs = 1
batch_tokens = 256
sequence_length = 14
threads = 1
[lora]
r = 2
"""


def test_from_the_command_line(
    base: Path, chats: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml, run, out = tmp_path / "lora.toml", tmp_path / "run", tmp_path / "merged"
    toml.write_text(TOML.format(chats=chats, base=base))
    assert main(["train", "--config", str(toml), "--out", str(run)]) == 0
    said = capsys.readouterr().err
    assert "28 conversations with " in said
    assert " cut at 14 tokens" in said
    assert main(["train", "--out", str(run), "--resume", "--set", "lora.r=3"]) == 2
    assert main(["train", "--out", str(run), "--resume"]) == 0
    command = ["merge", str(run / "last"), "--base", str(base), "--out", str(out)]
    assert main(command) == 0
    assert capsys.readouterr().out.endswith(f"{out}: 14 matrices of {base} changed by {run}/last\n")
    assert main([*command[:-1], str(base)]) == 2
    assert "is what is merged. Give --out another folder." in capsys.readouterr().err
    assert load_tokenizer(out).vocab_size == read_config(out).vocab_size
    toml.write_text(toml.read_text() + "rank = 2\n")
    assert main(["train", "--config", str(toml), "--out", str(tmp_path / "other")]) == 2
    assert "lora.rank is not a setting." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"r": 0}, r"lora\.r is 0"),
        ({"alpha": 0}, r"lora\.alpha is 0"),
        ({"dropout": 1.0}, r"lora\.dropout is 1\.0"),
        ({"target_modules": ("c_attn",)}, r"\['c_attn'\]\. Name some of q_proj"),
        ({"target_modules": ()}, r"lora\.target_modules is \[\]"),
    ],
)
def test_settings_out_of_range(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LoraConfig(**values)  # type: ignore[arg-type]
