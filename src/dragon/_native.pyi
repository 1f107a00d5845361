"""The compiled kernels (native/module.cpp); `dragon.engine.native_body` says what goes in."""

from typing import Any

from numpy.typing import NDArray

class Cache:
    """Keys and values of one sequence, in chunks that forks share."""

    def __init__(
        self, slots: int, kv_heads: int, head_dim: int, capacity: int, kv: str
    ) -> None: ...
    @property
    def length(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    def truncate(self, length: int, /) -> None: ...
    def fork(self, length: int, /) -> Cache: ...

class Body:
    """The blocks of a model and the threads that compute them."""

    def __init__(
        self,
        sizes: tuple[int, int, int, int, int, int],
        eps: float,
        activation: str,
        layers: list[tuple[Any, ...]],
        final_norm: tuple[Any, ...],
        threads: int,
        kernels: str,
    ) -> None: ...
    def set_rotary(self, cos: NDArray[Any], sin: NDArray[Any], /) -> None: ...
    def forward(self, x: NDArray[Any], runs: list[tuple[Cache, int, int, int]], /) -> None: ...
    def project(self, weights: tuple[Any, ...], x: NDArray[Any], y: NDArray[Any], /) -> None: ...
    def scan(
        self,
        forwards: tuple[Any, ...],
        backwards: tuple[Any, ...],
        gates: NDArray[Any],
        states: NDArray[Any],
        /,
    ) -> None: ...
    @property
    def kernels(self) -> str: ...

def runs_on(kernels: str, /) -> bool:
    """Whether this processor runs the kernels of that name, see `dragon.engine.kernels`."""
