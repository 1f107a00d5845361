"""One sequence in the making: its tokens and its key/value cache.

In: a prompt, then one token at a time. Out: the logits of what comes next. What is read in pieces
gives what is read at once, and what is read beside other sequences gives what is read alone.
Shapes: M rows of all pieces, T tokens of a sequence, C channels, V vocabulary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.engine.body import Body, Floats, Run
from dragon.engine.embedding import Embedding, Ids
from dragon.engine.health import check_finite
from dragon.engine.matrices import Matrix
from dragon.engine.pointer import PointerHead
from dragon.errors import InputError


@dataclass(frozen=True, slots=True)
class Network:
    """The parts of a loaded model that a sequence goes through."""

    config: ModelConfig
    body: Body
    embedding: Embedding
    pointer: PointerHead | None
    weights: Mapping[str, Matrix]


class Session:
    """A sequence of at most `capacity` tokens, of which `length` have been read.

    Args:
        network: what reads it.
        cache: keys and values of another sequence's first tokens; else an empty cache.
    """

    def __init__(self, network: Network, cache: Any = None) -> None:
        self.network = network
        self.capacity = network.config.max_position_embeddings
        self.length = 0
        self.cache = network.body.new_cache(self.capacity) if cache is None else cache
        self._ids = np.zeros(self.capacity, np.int32)
        width = network.config.hidden_size
        self._keys = np.zeros((self.capacity if network.pointer else 0, width), np.float32)

    @property
    def ids(self) -> Ids:
        """The tokens that have been read [length]."""
        return self._ids[: self.length]

    @property
    def nbytes(self) -> int:
        """Bytes that its keys and values take."""
        return int(self.cache.nbytes)

    def prefill(self, ids: Ids, prefix_length: int | None = None, *, every: bool = False) -> Floats:
        """Read several tokens.

        Args:
            ids: [T], appended to what was read before.
            prefix_length: with attention = "prefix", how many first tokens of the sequence see one
                another; None is all of a first prompt, and none of a later one.
            every: logits of every token and not only of the last.

        Returns:
            Logits [V], or [T, V] with `every`.

        Raises:
            InputError: for ids outside the vocabulary, a sequence over the context, or a
                prefix_length that does not fit.
        """
        ids = self.network.embedding.check_ids(ids)
        end = self.length + len(ids)
        if end > self.capacity:
            raise InputError(
                f"The sequence would have {end} tokens; the model reads {self.capacity}.",
                "Shorten the prompt or the answer.",
            )
        visible = visible_rows(self.network.config, self.length, len(ids), prefix_length)
        [logits] = read_together([Piece(self, ids, visible, len(ids) if every else 1)])
        return logits if every else logits[0]

    def step(self, token: int) -> Floats:
        """Read one token; returns the logits [V] of the next."""
        return self.prefill(np.array([token], np.int64), 0 if self.length else None)

    def truncate(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        assert 0 <= length <= self.length
        self.cache.truncate(length)
        self.length = length

    def fork(self, length: int) -> Self:
        """Another sequence that starts with the first `length` tokens of this one."""
        assert 0 <= length <= self.length
        other = type(self)(self.network, self.cache.fork(length))
        other.length = length
        other._ids[:length] = self._ids[:length]
        if self.network.pointer:
            other._keys[:length] = self._keys[:length]
        return other

    def append(self, ids: Ids, states: Floats) -> None:
        """Note tokens [n] whose final states are [n, C]; their keys and values are in the cache."""
        start, self.length = self.length, self.length + len(ids)
        self._ids[start : self.length] = ids
        if self.network.pointer:
            self._keys[start : self.length] = self.network.pointer.keys(states)

    def mix_copies(self, logits: Floats, states: Floats, visible: int) -> Floats:
        """Logits [n, V] of the last n tokens read, with the pointer head's copies mixed in."""
        if self.network.pointer is None or not len(states):
            return logits
        keys = self._keys[: self.length]
        return self.network.pointer.mix(logits, states, keys, self.ids, visible)


@dataclass(frozen=True, slots=True)
class Piece:
    """The next tokens of one sequence.

    Attributes:
        session: the sequence; it has room for them.
        ids: [n] tokens, checked.
        visible: as in `dragon.engine.body.Run`.
        wanted: of how many last tokens logits are wanted.
    """

    session: Session
    ids: Ids
    visible: int
    wanted: int


def read_together(pieces: Sequence[Piece]) -> list[Floats]:
    """Read pieces of different sequences of one network in one pass.

    Returns:
        Logits [wanted, V] of each piece.
    """
    network = pieces[0].session.network
    runs = [Run(p.session.cache, p.session.length, len(p.ids), p.visible) for p in pieces]
    positions = [np.arange(run.start, run.start + run.length, dtype=np.int32) for run in runs]
    x = network.embedding(_joined([piece.ids for piece in pieces]), _joined(positions))
    states = _parts(network.body.forward(x, runs), [run.length for run in runs])
    for piece, rows in zip(pieces, states, strict=True):
        piece.session.append(piece.ids, rows)
    wanted = [rows[len(rows) - p.wanted :] for p, rows in zip(pieces, states, strict=True)]
    return _logits(network, pieces, wanted)


def _logits(network: Network, pieces: Sequence[Piece], states: list[Floats]) -> list[Floats]:
    counts = [piece.wanted for piece in pieces]
    if not any(counts):
        return [np.zeros((0, network.config.vocab_size), np.float32) for _ in pieces]
    scores = network.body.head(_joined(states))
    check_finite(scores, network.weights)
    logits = _parts(scores, counts)
    return [
        piece.session.mix_copies(part, rows, piece.visible)
        for piece, part, rows in zip(pieces, logits, states, strict=True)
    ]


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _parts(rows: Floats, counts: Sequence[int]) -> list[Floats]:
    """Views of consecutive rows, so many in each."""
    ends = accumulate(counts)
    return [rows[end - count : end] for end, count in zip(ends, counts, strict=True)]


def visible_rows(config: ModelConfig, read: int, count: int, prefix_length: int | None) -> int:
    """First tokens of a sequence that each of its next rows sees, as in `Run.visible`.

    Args:
        config: of the model.
        read: tokens of the sequence that have been read.
        count: rows that come next.
        prefix_length: as in `Session.prefill`.

    Raises:
        InputError: if `prefix_length` cannot hold for them.
    """
    end, attention = read + count, config.attention
    if attention != "prefix":
        if prefix_length:
            raise InputError(
                f"prefix_length is {prefix_length}; the model's attention is {attention}.",
                "Leave it out.",
            )
        if attention == "bidirectional" and read:
            raise InputError(
                "This model reads in both directions.", "Give it the whole sequence at once."
            )
        return end if attention == "bidirectional" else 0
    if prefix_length is None:
        return 0 if read else end
    if not 0 <= prefix_length <= end or (read and prefix_length > read):
        raise InputError(
            f"prefix_length is {prefix_length} of {end} tokens.",
            "It must lie within the first prompt.",
        )
    return prefix_length
