"""How the reference model is shaped and trained: the small classic, every value checked."""

from dataclasses import dataclass
from typing import Literal

from dragon.config import ModelConfig
from dragon.config.checks import check_at_least, check_share, check_types
from dragon.errors import ConfigError

# What `[model]` starts from: three post-GPT layers of 128/256 over 80 learned positions.
SMALL: dict[str, object] = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 80,
    "position": "learned",
    "norm": "layernorm",
    "activation": "relu",
    "attention_bias": True,
    "mlp_bias": True,
    "tie_word_embeddings": False,
}

# Ranges in which training is known to make sense; beyond them a typing error is more likely.
HIGHEST = {"epochs": 100_000, "batch_size": 4096, "learning_rate": 1.0, "weight_decay": 1.0}


def small(vocab_size: int, **changes: object) -> ModelConfig:
    """The default shape for a vocabulary.

    >>> small(500).head_dim
    32
    """
    return ModelConfig(**{**SMALL, "vocab_size": vocab_size, **changes})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class StageConfig:
    """One pass of training over one dataset.

    Attributes:
        epochs: times that the dataset is seen.
        batch_size: examples a step.
        learning_rate: of Adam, constant.
        weight_decay: above 0 it is AdamW.
        clip: the gradient's largest norm; 0 is none.
        dropout: of embeddings and sublayer outputs.
        seed: of starting values, order and dropout.
        precision: float32 or float64.
    """

    epochs: int = 100
    batch_size: int = 4
    learning_rate: float = 5e-4
    weight_decay: float = 0.0
    clip: float = 5.0
    dropout: float = 0.0
    seed: int = 0
    precision: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        check_types(self, "stage")
        check_at_least(self, "stage", 1, "epochs batch_size")
        check_at_least(self, "stage", 0, "learning_rate weight_decay clip seed")
        check_share(self, "stage", "dropout")
        for name, highest in HIGHEST.items():
            value = getattr(self, name)
            if value > highest:
                raise ConfigError(f"stage.{name} is {value}.", f"It must be at most {highest:g}.")
        if self.learning_rate == 0:
            raise ConfigError("stage.learning_rate is 0.", "It must be greater than 0.")


PRETRAIN = StageConfig()
INSTRUCT = StageConfig(learning_rate=1e-4)
