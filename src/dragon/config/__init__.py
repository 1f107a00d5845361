"""Typed, frozen and validated configurations; TOML files and `key=value` overrides become one.

In: a TOML file with the sections data, model, train and lora, and command-line overrides. Out: a
`DataConfig`, a `ModelConfig`, a `TrainConfig` and a `LoraConfig`.
"""

from dragon.config.data import DataConfig
from dragon.config.lora import LoraConfig
from dragon.config.model import ModelConfig
from dragon.config.toml import from_dict, read_toml
from dragon.config.train import TrainConfig

__all__ = ["DataConfig", "LoraConfig", "ModelConfig", "TrainConfig", "from_dict", "read_toml"]
