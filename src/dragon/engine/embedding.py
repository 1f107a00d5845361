"""Token ids become the rows that enter the body: embedding, positions, reader features.

Only the rows of the ids at hand are read from the mapped file, never the whole table.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.engine.body import Floats
from dragon.engine.matrices import Matrix
from dragon.errors import InputError

Ids = NDArray[np.int32]
Features = NDArray[np.uint8]


class Embedding:
    """The input side of a model."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Matrix]) -> None:
        self.config = config
        self.tokens = weights["model.embed_tokens.weight"]
        self.positions = weights.get("model.embed_positions.weight")
        self.features = [
            weights[f"dragon.features.{table}.weight"].f32()
            for table in range(len(config.reader_features))
        ]

    def __call__(self, ids: Ids, positions: Ids, features: Features | None = None) -> Floats:
        """Ids [M], positions [M] and features [M, F] -> [M, C]."""
        x = self.tokens.rows(ids)
        if self.positions is not None:
            x = x + self.positions.rows(positions)
        elif self.config.position == "sinusoidal":
            x = x + sinusoids(positions, self.config.hidden_size)
        if features is not None:
            for table, column in zip(self.features, features.T, strict=True):
                x = x + table[column]
        return x

    def check_ids(self, ids: Ids) -> Ids:
        """Ids [T] as int32, at least one and at most the context.

        Raises:
            InputError: for an id outside the vocabulary or a wrong length.
        """
        ids, context = np.asarray(ids), self.config.max_position_embeddings
        if ids.ndim != 1 or ids.size == 0 or not np.issubdtype(ids.dtype, np.integer):
            raise InputError(
                f"The prompt is an array {list(ids.shape)} of {ids.dtype}.",
                "Give at least one token id, in one dimension.",
            )
        if ids.size > context:
            raise InputError(
                f"The prompt has {ids.size} tokens; the model reads {context}.", "Shorten it."
            )
        if ids.min() < 0 or ids.max() >= self.config.vocab_size:
            wrong = ids.min() if ids.min() < 0 else ids.max()
            raise InputError(
                f"Token id {wrong} is outside the vocabulary of {self.config.vocab_size}.",
                "Use the tokenizer of this model.",
            )
        return ids.astype(np.int32, copy=False)

    def check_features(self, features: Features, length: int) -> Features:
        """Reader features [T, F], each inside its table.

        Raises:
            InputError: for a wrong shape or a value outside its table.
        """
        features, sizes = np.asarray(features), self.config.reader_features
        if features.shape != (length, len(sizes)):
            raise InputError(
                f"The features have shape {features.shape}; expected {(length, len(sizes))}.",
                "Make ids and features with dragon.tokenizer.reading.",
            )
        for table, size in enumerate(sizes):
            if features[:, table].min() < 0 or features[:, table].max() >= size:
                raise InputError(
                    f"Feature {table} holds {features[:, table].max()}; its table has {size} rows.",
                    "Make ids and features with dragon.tokenizer.reading.",
                )
        return features


def sinusoids(positions: Ids, channels: int) -> Floats:
    """Vaswani et al. 2017 (arXiv:1706.03762): positions [M] -> [sines, cosines] [M, C]."""
    half = -(-channels // 2)
    frequency = 10000.0 ** (-2.0 * np.arange(half) / channels)
    angle = positions[:, None] * frequency
    table = np.concatenate((np.sin(angle), np.cos(angle)), axis=1)
    return table[:, :channels].astype(np.float32)
