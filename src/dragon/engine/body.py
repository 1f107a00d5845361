"""What a body of transformer blocks is to the engine, whoever computes it: NumPy or native code.

Shapes: M rows of all sequences together, C channels, T tokens, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dragon.engine.matrices import Matrix

Floats = NDArray[np.float32]
KeptAs = Literal["f32", "f16", "int8"]  # keys and values of a sequence
Linear = Callable[[Floats], Floats]
Recurrence = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive rows of one sequence that go through the body together.

    Attributes:
        cache: keys and values of the sequence, from `Body.new_cache`.
        start: tokens of the sequence that the cache already holds.
        length: rows in this run.
        visible: every row sees at least this many first tokens of the sequence; beyond it each row
            sees itself and what precedes it. 0 is causal, start + length is bidirectional.
    """

    cache: Any
    start: int
    length: int
    visible: int


class Body(Protocol):
    """The blocks and the final norm of a model, with its weights."""

    name: str

    def new_cache(self, capacity: int, once: bool = False) -> Any:
        """Room for the keys and values of one sequence.

        Args:
            capacity: tokens of the sequence.
            once: the sequence goes through in one run, so that two layers' room is enough.
        """
        ...

    def forward(self, x: Floats, runs: Sequence[Run]) -> Floats:
        """Embeddings [M, C] -> normed states [M, C]; the caches gain the runs' keys and values."""
        ...

    def head(self, states: Floats) -> Floats:
        """Normed states [M, C] -> logits [M, V]."""
        ...

    def linear(self, matrix: Matrix, bias: Floats | None = None) -> Linear:
        """A matrix [N, K] and a bias [N] beside the blocks, ready to use: [M, K] -> [M, N]."""
        ...

    def recurrence(self, forwards: Matrix, backwards: Matrix) -> Recurrence:
        """What a recurrent layer [4 H, H] in each direction makes of its gates.

        In the order of `torch.nn.LSTM`: input, forget, cell and output gate. The result takes what
        the inputs say to the gates, [T, 2, B, 4 H], both directions from their own first step, and
        gives the states [T, 2, B, H].
        """
        ...
