"""Configurations: what is wrong is named with its value and the remedy."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.config import DataConfig, LoraConfig, ModelConfig, TrainConfig, from_dict, read_toml
from dragon.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))
SECTIONS = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig, "lora": LoraConfig}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_file_is_valid(path: Path) -> None:
    for section, values in read_toml(path).items():
        config = from_dict(SECTIONS[section], values, section)
        back = from_dict(SECTIONS[section], json.loads(json.dumps(asdict(config))), section)
        assert back == config


def test_there_are_shipped_files() -> None:
    assert {path.stem for path in CONFIGS} >= {"tiny", "reader", "reader-pretrain"}


@pytest.mark.parametrize(
    ("section", "values", "problem", "remedy"),
    [
        ("model", {"hiden_size": 4}, "model.hiden_size is not a setting.", "hidden_size"),
        ("model", {"hidden_size": "4"}, "model.hidden_size is '4'.", "a whole number"),
        ("model", {"hidden_size": 4.0}, "model.hidden_size is 4.0.", "a whole number"),
        ("model", {"hidden_size": True}, "model.hidden_size is True.", "a whole number"),
        ("model", {"hidden_size": 0}, "model.hidden_size is 0.", "at least 1"),
        ("model", {"norm_eps": 0}, "model.norm_eps is 0.", "greater than 0"),
        ("model", {"norm_eps": float("nan")}, "model.norm_eps is nan.", "a number"),
        ("model", {"norm": "batchnorm"}, "model.norm is 'batchnorm'.", "rmsnorm, layernorm"),
        ("model", {"hidden_size": 250}, "model.num_attention_heads is 8", "must divide hidden"),
        ("model", {"num_key_value_heads": 3}, "num_key_value_heads is 3", "must divide num_att"),
        ("model", {"hidden_size": 8}, "hidden_size / num_attention_heads is 1.", "even head"),
        ("model", {"head_dim": 5}, "model.head_dim is 5.", "even head"),
        ("model", {"head_dim": -2}, "model.head_dim is -2.", "at least 0"),
        ("model", {"rope_scaling": "dynamic"}, "rope_scaling is 'dynamic'.", "linear, llama3"),
        ("model", {"rope_scaling": "linear", "rope_factor": 0.5}, "rope_factor is 0.5.", "1 or"),
        ("model", {"rope_scaling": "yarn"}, "rope_original_positions is 0.", "yarn needs 1"),
        ("model", {"rope_scaling": "linear", "position": "learned"}, "is learned.", "Only rotary"),
        (
            "model",
            {"rope_scaling": "llama3", "rope_original_positions": 8, "rope_high_freq_factor": 1},
            "rope_high_freq_factor is 1.",
            "above rope_low_freq_factor, 1.0",
        ),
        ("model", {"sliding_window": 4, "attention": "prefix"}, "sliding_window is 4", "causal"),
        ("model", {"sliding_window": 4, "pointer_head": True}, "or pointer_head.", "set it to 0"),
        ("model", {"reader_features": [3, 0]}, "model.reader_features is [3, 0].", "at least 1"),
        ("model", {"reader_features": ["x"]}, "is ('x',).", "a list of a whole number"),
        ("train", {"objective": "chess"}, "train.objective is 'chess'.", "language, reader"),
        ("train", {"steps": 0}, "train.steps is 0.", "at least 1"),
        ("train", {"seed": -1}, "train.seed is -1.", "at least 0"),
        ("train", {"warmup_steps": -1}, "train.warmup_steps is -1.", "at least 0"),
        ("train", {"dropout": 1.0}, "train.dropout is 1.0.", "less than 1"),
        ("train", {"beta2": 1}, "train.beta2 is 1.", "less than 1"),
        ("train", {"clip": 0}, "train.clip is 0.", "greater than 0"),
        ("train", {"compile": 1}, "train.compile is 1.", "true or false"),
        ("train", {"learning_rate": 1e-6}, "train.min_learning_rate is 1e-05.", "at most"),
        ("data", {"max_tokens": 50}, "data.max_tokens is 50.", "128 to 65535"),
        ("data", {"vocab_size": 70_000}, "data.vocab_size is 70000.", "1 to 65536"),
        ("data", {"passes": {"a": "b"}}, "data.passes is {'a': 'b'}.", "a table of a number"),
        ("data", {"passes": {"a": 0}}, "data.passes.a is 0.", "above 0"),
        ("data", {"unanswerable": 2}, "data.unanswerable is 2.", "less than 1"),
        ("data", {"held_out": "x", "held_out_every": 2}, "are both set.", "Set one"),
    ],
)
def test_a_wrong_value_is_named(
    section: str, values: dict[str, object], problem: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as error:
        from_dict(SECTIONS[section], values, section)
    assert problem in error.value.problem
    assert remedy in error.value.remedy


@given(st.integers(1, 8), st.integers(1, 4), st.integers(1, 8))
def test_the_head_size_is_what_is_left(heads: int, group: int, half: int) -> None:
    config = ModelConfig(
        hidden_size=heads * group * half * 2,
        num_attention_heads=heads * group,
        num_key_value_heads=heads,
    )
    assert config.head_dim == half * 2


def test_overrides_take_toml_and_bare_words(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[train]\nsteps = 3\n")
    table = read_toml(
        path,
        ["train.steps=7", "train.data=runs/a b", "train.compile=true", " model.norm = layernorm",
         "model.reader_features=[1, 2]", "data.passes={squad = 2}"],
    )  # fmt: skip
    assert table == {
        "train": {"steps": 7, "data": "runs/a b", "compile": True},
        "model": {"norm": "layernorm", "reader_features": [1, 2]},
        "data": {"passes": {"squad": 2}},
    }


@pytest.mark.parametrize(
    ("text", "override", "message"),
    [
        ("steps = 3", "train.seed=1", "steps is no section"),
        ("[trian]\nsteps = 3", "train.seed=1", "trian is no section"),
        ("train = 3", "train.seed=1", "train is no section"),
        ("[train", "train.seed=1", "is not readable TOML"),
        ("\xff", "train.seed=1", "is not readable TOML"),
        ("", "train.seed", "--set 'train.seed' is not understood."),
        ("", "seed=1", "--set 'seed=1' is not understood."),
        ("", "optimizer.lr=1", "optimizer is no section"),
    ],
)
def test_a_wrong_file_or_override_is_named(
    tmp_path: Path, text: str, override: str, message: str
) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as error:
        read_toml(path, [override])
    assert message in str(error.value)
    assert error.value.remedy or str(path) in str(error.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No configuration at"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_toml(tmp_path)
