"""Networks, batches and gradients that the reference's tests share."""

import numpy as np

from dragon.config import ModelConfig
from dragon.reference.arrays import Array
from tests.engine.models import random_tensors

BATCH, LENGTH = 2, 7

TINY = ModelConfig(
    vocab_size=13,
    hidden_size=8,
    intermediate_size=10,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=12,
)


def doubles(config: ModelConfig, seed: int = 0) -> dict[str, Array]:
    """Random tensors whose values float32 holds too, in float64."""
    return {name: t.astype(np.float64) for name, t in random_tensors(config, seed).items()}


def token_ids(config: ModelConfig, seed: int = 0, length: int = LENGTH) -> Array:
    return np.random.default_rng(seed).integers(0, config.vocab_size, (BATCH, length))


def feature_ids(config: ModelConfig, seed: int = 0, length: int = LENGTH) -> Array:
    random = np.random.default_rng(seed)
    columns = [random.integers(0, size, (BATCH, length)) for size in config.reader_features]
    return np.stack(columns, axis=-1)
