"""How fast an engine opens, reads and writes, and what memory it takes.

In: an engine. Out: seconds of wall clock and of processor time. On a shared machine the wall clock
measures the neighbours; with one thread the processor time does not.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dragon.engine.body import Run
from dragon.engine.embedding import Ids
from dragon.engine.engine import Engine
from dragon.engine.large_pages import Slabs
from dragon.engine.matrices import Dense, Matrix


class Seconds(NamedTuple):
    """What a piece of work took."""

    wall: float
    processor: float


def timed(work: Callable[[], object]) -> Seconds:
    """Run something once."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)


class Course:
    """Sequences of random tokens that an engine reads and writes, greedily."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        random, c = np.random.default_rng(0), engine.config
        ids = random.integers(0, c.vocab_size, c.max_position_embeddings)
        self.ids: Ids = ids.astype(np.int32)

    def prefill(self, tokens: int) -> Seconds:
        """Read a prompt; the logits of its last token."""
        session = self.engine.session()
        return timed(lambda: session.prefill(self.ids[:tokens]))

    def decode(self, tokens: int, batch: int = 1, start: int = 16) -> Seconds:
        """Write `tokens` tokens in each of `batch` sequences that begin with `start` tokens."""
        body, embedding = self.engine.body, self.engine.embedding
        caches = [body.new_cache(start + tokens) for _ in range(batch)]
        first = embedding(self.ids[:start], np.arange(start, dtype=np.int32))
        for cache in caches:
            body.forward(first, [Run(cache, 0, start, 0)])

        def write() -> None:
            ids = np.ones(batch, np.int32)
            for position in range(start, start + tokens):
                x = embedding(ids, np.full(batch, position, np.int32))
                states = body.forward(x, [Run(cache, position, 1, 0) for cache in caches])
                ids = body.head(states).argmax(axis=1).astype(np.int32)

        return timed(write)


def weight_bytes(weights: Mapping[str, Matrix]) -> int:
    """Bytes of all weights as the checkpoint holds them."""
    return sum(sum(a.nbytes for a in _arrays(matrix).values()) for matrix in weights.values())


def settled(weights: Mapping[str, Matrix]) -> dict[str, Matrix]:
    """Weights made in memory, moved to where opening a packed file puts them."""
    slabs = Slabs()

    def move(matrix: Matrix) -> Matrix:
        if isinstance(matrix, Dense):
            return matrix
        moved: dict[str, Any] = {n: slabs.keep(a) for n, a in _arrays(matrix).items()}
        return replace(matrix, **moved)

    return {name: move(matrix) for name, matrix in weights.items()}


def _arrays(matrix: Matrix) -> dict[str, NDArray[Any]]:
    if isinstance(matrix, Dense):
        return {"array": matrix.tensor.array}
    values = {field.name: getattr(matrix, field.name) for field in fields(matrix)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def resident_mb() -> float:
    """Memory of this process that lies in RAM, mapped files included."""
    try:
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
