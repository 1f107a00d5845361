"""From logits to the next token: greedy, or drawn with temperature, top-k and top-p.

In: logits [V]. Out: a token id. The same seed and logits give the same tokens.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dragon.errors import InputError

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the most probable token; otherwise logits are divided by it.
        top_k: keep the k most probable tokens; 0 keeps all.
        top_p: keep the smallest set of tokens whose probability reaches top_p (Holtzman et al.
            2020, arXiv:1904.09751); 1 keeps all.
        seed: of the random numbers; None takes fresh ones.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise InputError(f"temperature is {self.temperature}.", "It must be 0 or more.")
        if self.top_k < 0:
            raise InputError(f"top_k is {self.top_k}.", "It must be 0 (all) or more.")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p is {self.top_p}.", "It must be above 0 and at most 1.")
        if self.seed is not None and self.seed < 0:
            raise InputError(f"seed is {self.seed}.", "It must be 0 or more.")


class Sampler:
    """Draws one sequence's tokens; holds its random state."""

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        self.random = np.random.default_rng(sampling.seed)

    def __call__(self, logits: Floats) -> int:
        """Logits [V] -> token id; among equal logits greedy takes the lowest id."""
        if self.sampling.temperature == 0:
            return int(np.argmax(logits))
        ids, probabilities = candidates(logits, self.sampling)
        place = np.searchsorted(np.cumsum(probabilities), self.random.random(), side="right")
        return int(ids[min(int(place), len(ids) - 1)])


def candidates(logits: Floats, sampling: Sampling) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The tokens that may be drawn, most probable first, and their probabilities.

    >>> ids, p = candidates(np.log(np.float32([0.1, 0.6, 0.3])), Sampling(1.0, top_p=0.7))
    >>> ids.tolist(), p.round(2).tolist()
    ([1, 2], [0.67, 0.33])
    """
    count = min(sampling.top_k or len(logits), len(logits))
    ids = np.argsort(-logits, kind="stable")[:count]
    # The largest logit goes off before the division: a tiny temperature must not overflow.
    scaled = (logits[ids].astype(np.float64) - float(logits[ids[0]])) / sampling.temperature
    weights = np.exp(scaled)
    weights /= weights.sum()
    reached = np.cumsum(weights) >= sampling.top_p - 1e-12
    kept = int(np.argmax(reached)) + 1 if reached.any() else len(weights)
    return ids[:kept], weights[:kept] / weights[:kept].sum()
