"""Vectors of texts: from the reader's word vectors, or from the states of a model that writes.

In: texts. Out: vectors of length 1, and how many tokens each text has.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from dragon.engine import Engine
from dragon.errors import InputError
from dragon.server.errors import ApiError
from dragon.text.embedding import embedded
from dragon.text.vectors import Floats, WordVectors
from dragon.tokenizer import Tokenizer, load_tokenizer


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vector [D] of one text and its number of tokens."""

    vector: Floats
    tokens: int


class Embedder(Protocol):
    """Makes vectors of `width` numbers."""

    @property
    def width(self) -> int:
        """D."""
        ...

    def embed(self, text: str) -> Embedded:
        """One text's vector, of length 1."""
        ...


class WordEmbedder:
    """The mean of a text's word vectors, rare words counting more.

    Args:
        vectors: of words.
        count: tokens of a text.
    """

    def __init__(self, vectors: WordVectors, count: Callable[[str], int]) -> None:
        self._vectors, self._count = vectors, count
        self.width = vectors.width

    def embed(self, text: str) -> Embedded:
        """One text's vector."""
        return Embedded(embedded(text, self._vectors), self._count(text))


class StateEmbedder:
    """The mean of a model's normed states over a text's tokens.

    Args:
        engine: of any model, causal or not.
        tokenizer: its tokenizer.
    """

    def __init__(self, engine: Engine, tokenizer: Tokenizer) -> None:
        self._engine, self._tokenizer = engine, tokenizer
        self.width = engine.config.hidden_size

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a model folder.

        Raises:
            CheckpointError: if it is none or damaged.
        """
        return cls(Engine.open(folder), load_tokenizer(folder))

    def embed(self, text: str) -> Embedded:
        """One text's vector.

        Raises:
            ApiError: 400 context_length_exceeded for more tokens than the model reads.
        """
        ids = np.asarray(self._tokenizer.encode(text), np.int32)
        most = self._engine.config.max_position_embeddings
        if len(ids) > most:
            raise ApiError(
                400,
                f"A text has {len(ids)} tokens; the model reads {most}. Cut it into parts.",
                "context_length_exceeded",
                "input",
            )
        if not len(ids):
            raise InputError("A text holds nothing to read.", "Leave it out.")
        mean = self._engine.states(ids).mean(axis=0)
        return Embedded(mean / np.float32(max(float(np.linalg.norm(mean)), 1e-12)), len(ids))


def each(embedder: Embedder, texts: Sequence[str]) -> Iterator[Embedded]:
    """Vectors one by one, so that a client who leaves ends them."""
    return (embedder.embed(text) for text in texts)
