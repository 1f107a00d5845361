"""Tiny data, models and settings that a test can train in a moment."""

from pathlib import Path

from dragon.config import DataConfig, ModelConfig, TrainConfig
from dragon.data.prepare import prepare
from dragon.tokenizer.reading import FEATURE_SIZES

HANDBOOK = Path(__file__).parents[2] / "examples" / "handbook"
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
HEADS = {"num_attention_heads": 2, "num_key_value_heads": 2}
VOCABULARY = 600


def make_data(folder: Path, objective: str) -> Path:
    """A data folder of one part of the example handbook."""
    config = DataConfig(
        objective=objective,  # type: ignore[arg-type]
        sources=(str(HANDBOOK / "people"),),
        vocab_size=VOCABULARY,
        held_out_every=4,
        max_tokens=160,
        longest=400,
        workers=1,
    )
    prepare(config, folder)
    return folder


def language_model(**changes: object) -> ModelConfig:
    values = {"vocab_size": VOCABULARY, "max_position_embeddings": 32, **SIZES, **HEADS}
    return ModelConfig(**{**values, **changes})  # type: ignore[arg-type]


def reader_model(**changes: object) -> ModelConfig:
    values = {"max_position_embeddings": 160, "attention": "bidirectional"}
    features = {"reader_features": FEATURE_SIZES}
    return language_model(**{**values, **features, **changes})


def settings(data: Path, objective: str, **changes: object) -> TrainConfig:
    values: dict[str, object] = {
        "objective": objective,
        "data": str(data),
        "steps": 8,
        "batch_tokens": 512,
        "learning_rate": 3e-3,
        "warmup_steps": 2,
        "eval_every": 4,
        "eval_batches": 2,
        "save_every": 3,
        "threads": 1,
        "seed": 5,
    }
    return TrainConfig(**{**values, **changes})  # type: ignore[arg-type]
