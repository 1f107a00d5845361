"""The pointer head: a copy distribution over the tokens already read, mixed in by a gate.

In: final states and the ids read so far. Out: log-probabilities [n, V] (See et al. 2017,
arXiv:1704.04368). Shapes: n new rows, S tokens read including them, C channels, V vocabulary.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dragon.engine.body import Floats
from dragon.engine.numpy_body import softmax

FLOOR = np.float32(1e-12)  # of a probability, as in dragon.model.transformer.Pointer


class PointerHead:
    """The weights of the head; stateless."""

    def __init__(self, weight: Callable[[str], Floats]) -> None:
        self.query = weight("dragon.pointer.query.weight")
        self.key = weight("dragon.pointer.key.weight")
        self.gate = weight("dragon.pointer.gate.weight")
        self.bias = weight("dragon.pointer.gate.bias")

    def keys(self, states: Floats) -> Floats:
        """States [n, C] -> keys [n, C], which the caller keeps for later tokens."""
        return states @ self.key.T

    def mix(
        self,
        logits: Floats,
        states: Floats,
        keys: Floats,
        ids: NDArray[np.int32],
        visible: int,
    ) -> Floats:
        """Log-probabilities [n, V] of the last n of S tokens.

        Args:
            logits: [n, V] of the vocabulary.
            states: [n, C] of the same tokens.
            keys: [S, C] of all tokens read.
            ids: [S] all tokens read.
            visible: first tokens that every row may copy from, as in `dragon.engine.body.Run`.
        """
        n, s = len(states), len(ids)
        scores = (states @ self.query.T) @ keys.T / np.float32(states.shape[1] ** 0.5)
        last = np.maximum(np.arange(s - n, s), visible - 1)
        later = np.arange(s)[None, :] > last[:, None]
        attention = softmax(np.where(later, np.float32(-np.inf), scores))
        gate = 1 / (1 + np.exp(-np.clip(states @ self.gate.T + self.bias, -80, 80)))
        mixed: Floats = gate * softmax(logits)
        np.add.at(mixed, (np.arange(n)[:, None], ids[None, :]), (1 - gate) * attention)
        return np.log(np.maximum(mixed, FLOOR, out=mixed))
