"""Typed, frozen and validated configurations; TOML files and `key=value` overrides become one.

In: a TOML file with the sections data, model and train, and command-line overrides. Out: a
`DataConfig`, a `ModelConfig` and a `TrainConfig`.
"""

from dragon.config.data import DataConfig
from dragon.config.model import ModelConfig
from dragon.config.toml import from_dict, read_toml
from dragon.config.train import TrainConfig

__all__ = ["DataConfig", "ModelConfig", "TrainConfig", "from_dict", "read_toml"]
