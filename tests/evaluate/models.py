"""Small causal models on disk, made on the spot: one with random weights, one that knows a text."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.tokenizer import WordTokenizer
from dragon.tokenizer.special import END
from dragon.weights import tensor_shapes

TEXTS = (
    "Ada Lind was born in Oslo. Per Holm was born in Bergen.",
    "Mary hurt herself. John hurt himself. She saw Mary. He saw John.",
    "The locker of Ida Vik has the number 47123.",
)
SIZES: dict[str, object] = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 32,
}


def write_random(folder: Path, **fields: object) -> Path:
    """A causal model with random weights over the words of TEXTS."""
    tokenizer = WordTokenizer.train(TEXTS, vocab_size=200)
    values = {"vocab_size": tokenizer.vocab_size, **SIZES, **fields}
    config = ModelConfig(**values)  # type: ignore[arg-type]
    random = np.random.default_rng(3)
    shapes = tensor_shapes(config).items()
    tensors = {n: random.standard_normal(s).astype(np.float32) * 0.5 for n, s in shapes}
    write_checkpoint(folder, config, tensors)
    tokenizer.save(folder)
    return folder


def write_knowing(folder: Path, texts: Sequence[str]) -> Path:
    """A model that knows by heart which word follows which.

    Its blocks add nothing and its output matrix is the table of pairs: it knows what one word of
    context can tell, and finds all else equally likely.
    """
    tokenizer = WordTokenizer.train(TEXTS, vocab_size=200)
    size = tokenizer.vocab_size
    fields = {**SIZES, "hidden_size": 2 * size, "max_position_embeddings": 64}
    config = ModelConfig(vocab_size=size, tie_word_embeddings=False, **fields)  # type: ignore[arg-type]
    tensors = {n: np.zeros(s, np.float32) for n, s in tensor_shapes(config).items()}
    tensors["model.norm.weight"][:] = 1
    tensors["model.embed_tokens.weight"][:, :size] = np.eye(size, dtype=np.float32)
    for text in texts:
        ids = [tokenizer.id(END), *tokenizer.encode(text)]
        for before, after in itertools.pairwise(ids):
            tensors["lm_head.weight"][after, before] = 2
    write_checkpoint(folder, config, tensors)
    tokenizer.save(folder)
    return folder
