"""The compiled kernels (native/module.cpp); `dragon.engine.native_body` says what goes in."""

from typing import Any

from numpy.typing import NDArray

class Cache:
    """Keys and values of one sequence."""

    def __init__(self, slots: int, kv_heads: int, head_dim: int, tokens: int) -> None: ...

class Body:
    """The blocks of a model and the threads that compute them."""

    def __init__(
        self,
        sizes: tuple[int, int, int, int, int],
        eps: float,
        activation: str,
        cos: NDArray[Any] | None,
        sin: NDArray[Any] | None,
        layers: list[tuple[Any, ...]],
        final_norm: tuple[Any, ...],
        threads: int,
        isa: str,
    ) -> None: ...
    def forward(self, x: NDArray[Any], runs: list[tuple[Cache, int, int, int]]) -> None: ...
    def project(self, weights: tuple[Any, ...], x: NDArray[Any], y: NDArray[Any]) -> None: ...
    @property
    def isa(self) -> str: ...

def runs_on(isa: str) -> bool:
    """Whether this processor runs the kernels of that name: avx512, avxvnni, avx2, portable."""
