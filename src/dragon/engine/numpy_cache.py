"""Keys and values of one sequence for the NumPy kernels, growing with the sequence.

In: rotated keys and values of new tokens. Out: those of all tokens so far. The same three verbs as
the compiled cache (native/cache.hpp): nbytes, truncate, fork.
"""

from typing import Self

import numpy as np

from dragon.engine.body import Floats

CHUNK = 64  # tokens; what room grows by


class NumpyCache:
    """Room for one sequence.

    Args:
        slots: layers kept apart; 1 where the sequence is read once.
        capacity: most tokens.
        kv_heads, head_dim: K and D.
        rounded: keep what int8 would hold of each token's key and value, with a scale of its own.
    """

    def __init__(
        self, slots: int, capacity: int, kv_heads: int, head_dim: int, rounded: bool = False
    ) -> None:
        self.rounded = rounded
        self.slots = slots
        self.capacity = capacity
        self.length = 0
        shape = (slots, 0, kv_heads, head_dim)
        self.keys: Floats = np.zeros(shape, np.float32)
        self.values: Floats = np.zeros(shape, np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values."""
        return self.keys.nbytes + self.values.nbytes

    def store(self, layer: int, start: int, keys: Floats, values: Floats) -> tuple[Floats, Floats]:
        """Keep keys and values [n, K, D] of the tokens from `start` on.

        Returns:
            Keys and values [start + n, K, D] of the whole sequence.
        """
        end = start + len(keys)
        assert start <= self.length
        assert end <= self.capacity
        self._grow(end)
        self.length = max(self.length, end)
        all_keys, all_values = self.keys[layer % self.slots], self.values[layer % self.slots]
        all_keys[start:end] = rounded_to_int8(keys) if self.rounded else keys
        all_values[start:end] = rounded_to_int8(values) if self.rounded else values
        return all_keys[:end], all_values[:end]

    def truncate(self, length: int) -> None:
        """Forget the tokens from `length` on."""
        assert 0 <= length <= self.length
        self.length = length
        room = -(-length // CHUNK) * CHUNK
        self.keys, self.values = self.keys[:, :room].copy(), self.values[:, :room].copy()

    def fork(self, length: int) -> Self:
        """A new sequence that begins with the first `length` tokens of this one."""
        assert 0 <= length <= self.length
        slots, _, kv_heads, head_dim = self.keys.shape
        other = type(self)(slots, self.capacity, kv_heads, head_dim, self.rounded)
        other.keys, other.values = self.keys.copy(), self.values.copy()
        other.length = self.length
        other.truncate(length)
        return other

    def _grow(self, tokens: int) -> None:
        room = self.keys.shape[1]
        if tokens <= room:
            return
        # At least by half as much again, so that growing token by token stays linear.
        more = -(-max(tokens - room, room // 2) // CHUNK) * CHUNK
        wider = ((0, 0), (0, more), (0, 0), (0, 0))
        self.keys, self.values = np.pad(self.keys, wider), np.pad(self.values, wider)


def rounded_to_int8(x: Floats) -> Floats:
    """Vectors [..., D] in 255 steps, the largest number of each at the end of the scale.

    >>> rounded_to_int8(np.float32([[127.0, 0.4, -3.6]])).tolist()
    [[127.0, 0.0, -4.0]]
    """
    scale = np.abs(x).max(axis=-1, keepdims=True) / np.float32(127)
    rounded: Floats = np.rint(x / np.where(scale > 0, scale, np.float32(1))) * scale
    return rounded
