"""A reader that needs no training: its weights, set by hand, point at numbers.

It quotes a number of the sentence that shares most words with the question, and finds no answer
where there is no such number. All of it is the shipped code: only the weights are made here.
"""

from pathlib import Path

import numpy as np

from dragon.answer.evidence import SIGNALS
from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.tokenizer import BpeTokenizer
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.reading import FEATURE_SIZES, NUMBER, SEG_SPECIAL
from dragon.weights import tensor_shapes

CORPUS = [
    "Visitors may stay 30 days. The canteen opens at noon, and who signs? 45 people sign."
] * 4
_WEIGHTS = {"margin": 1.5, "coverage": 4.0}
CALIBRATION = {
    "ranking": [_WEIGHTS.get(name, 0.0) for name in SIGNALS],
    "weights": [_WEIGHTS.get(name, 0.0) for name in (*SIGNALS, "log share")],
    "bias": -4.0,
    "threshold": 0.5,
}


def write_number_reader(folder: Path) -> Path:
    """Write the model folder."""
    tokenizer = BpeTokenizer.train(CORPUS, vocab_size=320)
    config = _config(tokenizer.vocab_size, FEATURE_SIZES)
    # The blocks add nothing: what the span scorer sees are the features.
    tensors = {name: np.zeros(shape, np.float32) for name, shape in tensor_shapes(config).items()}
    tensors["model.norm.weight"][:] = 1
    tensors["dragon.features.0.weight"][SEG_SPECIAL, 2] = 1
    tensors["dragon.features.1.weight"][8:, 1] = 1  # in the sentence with the best coverage
    tensors["dragon.features.2.weight"][NUMBER, 0] = 1
    tensors["dragon.span.weight"][:, :3] = 2, 2, 2.4
    write_checkpoint(folder, config, tensors, extras={"calibration": CALIBRATION})
    tokenizer.save(folder)
    return folder


def write_language_model(folder: Path, tokenizer: LibraryTokenizer | None = None) -> Path:
    """Write a model that has learned to write and not to read, with random weights."""
    tokenizer = tokenizer or BpeTokenizer.train(CORPUS, vocab_size=320)
    config = _config(tokenizer.vocab_size, ())
    random = np.random.default_rng(0)
    shapes = tensor_shapes(config).items()
    tensors = {name: random.standard_normal(s).astype(np.float32) for name, s in shapes}
    write_checkpoint(folder, config, tensors)
    tokenizer.save(folder)
    return folder


def _config(vocab_size: int, reader_features: tuple[int, ...]) -> ModelConfig:
    return ModelConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        attention="bidirectional" if reader_features else "causal",
        reader_features=reader_features,
    )
