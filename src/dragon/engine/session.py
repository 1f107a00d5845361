"""One sequence in the making: its tokens and its key/value cache.

In: a prompt, then one token at a time. Out: the logits of what comes next. What is read in pieces
gives what is read at once.
"""

import numpy as np

from dragon.config import ModelConfig
from dragon.engine.body import Body, Floats, Run
from dragon.engine.embedding import Embedding, Ids
from dragon.engine.pointer import PointerHead
from dragon.errors import InputError


class Session:
    """A sequence of at most `capacity` tokens, of which `length` have been read."""

    def __init__(
        self, config: ModelConfig, body: Body, embedding: Embedding, pointer: PointerHead | None
    ) -> None:
        self.config = config
        self.capacity = config.max_position_embeddings
        self.length = 0
        self._body = body
        self._embedding = embedding
        self._pointer = pointer
        self._cache = body.new_cache(self.capacity)
        self._ids = np.zeros(self.capacity, np.int32)
        self._keys = np.zeros((self.capacity if pointer else 0, config.hidden_size), np.float32)

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
        ids = self._embedding.check_ids(ids)
        start, end = self.length, self.length + len(ids)
        if end > self.capacity:
            raise InputError(
                f"The sequence would have {end} tokens; the model reads {self.capacity}.",
                "Shorten the prompt or the answer.",
            )
        visible = self._visible(len(ids), prefix_length)
        x = self._embedding(ids, np.arange(start, end, dtype=np.int32))
        states = self._body.forward(x, [Run(self._cache, start, len(ids), visible)])
        self._ids[start:end] = ids
        self.length = end
        if self._pointer:
            self._keys[start:end] = self._pointer.keys(states)
        logits = self._logits(states if every else states[-1:], visible)
        return logits if every else logits[0]

    def step(self, token: int) -> Floats:
        """Read one token; returns the logits [V] of the next."""
        return self.prefill(np.array([token], np.int64), 0 if self.length else None)

    def check_prefix(self, count: int, prefix_length: int | None) -> None:
        """Raise InputError unless `prefix_length` can hold for a prompt of `count` tokens."""
        self._visible(count, prefix_length)

    def _visible(self, count: int, prefix_length: int | None) -> int:
        end = self.length + count
        if self.config.attention != "prefix":
            if prefix_length:
                raise InputError(
                    f"prefix_length is {prefix_length}; the model's attention is "
                    f"{self.config.attention}.",
                    "Leave it out.",
                )
            if self.config.attention == "bidirectional" and self.length:
                raise InputError(
                    "This model reads in both directions.", "Give it the whole sequence at once."
                )
            return end if self.config.attention == "bidirectional" else 0
        if prefix_length is None:
            return 0 if self.length else end
        if not 0 <= prefix_length <= end or (self.length and prefix_length > self.length):
            raise InputError(
                f"prefix_length is {prefix_length} of {end} tokens.",
                "It must lie within the first prompt.",
            )
        return prefix_length

    def _logits(self, states: Floats, visible: int) -> Floats:
        logits = self._body.head(states)
        if self._pointer is None:
            return logits
        ids, keys = self._ids[: self.length], self._keys[: self.length]
        return self._pointer.mix(logits, states, keys, ids, visible)
