"""The transformer body on the compiled kernels: prepares the arrays, and keeps them alive.

Int8 matrices go in as they lie in the mapped file. Float matrices are packed once into blocks of 16
interleaved rows. Shapes: M rows, C channels, V vocabulary; N, K rows and columns of a matrix.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from dragon._native import Body as Compiled
from dragon._native import Cache, runs_on
from dragon.config import ModelConfig
from dragon.engine.body import Floats, Run
from dragon.engine.int8_layout import BLOCK
from dragon.engine.matrices import Int8, Matrix
from dragon.errors import ConfigError
from dragon.rotary import rope_table
from dragon.weights import layer_name

ISAS = ("avx512", "avxvnni", "avx2", "portable")
Description = tuple[Any, ...]  # (n, k, f32, q8, scale, bias) as native/module.cpp takes it


def padded(n: int) -> int:
    """Round n up to whole blocks."""
    return -(-n // BLOCK) * BLOCK


def pack_f32(matrix: Floats) -> Floats:
    """Matrix [N, K] -> [N/16, K, 16], rows padded with zeros."""
    n, k = matrix.shape
    rows = np.zeros((padded(n), k), np.float32)
    rows[:n] = matrix
    return np.ascontiguousarray(rows.reshape(-1, BLOCK, k).transpose(0, 2, 1))


def describe(matrix: Matrix, bias: Floats | None = None) -> Description:
    """A matrix and its bias as the compiled module takes them."""
    n, k = matrix.shape
    whole = None if bias is None else np.pad(bias, (0, padded(n) - n))
    if isinstance(matrix, Int8):
        return n, k, None, matrix.q8, matrix.scale, whole
    return n, k, pack_f32(matrix.f32()), None, None, whole


class NativeBody:
    """`dragon.engine.body.Body` on compiled kernels, for every model with norms before sublayers.

    Args:
        threads: how many threads share the work, the caller included.
        isa: instruction set, one of `ISAS`; None is DRAGON_ISA or the best this processor has.
    """

    name = "native"

    def __init__(
        self,
        config: ModelConfig,
        weights: Mapping[str, Matrix],
        threads: int,
        isa: str | None = None,
    ) -> None:
        isa = isa or os.environ.get("DRAGON_ISA", "")
        if isa and (isa not in ISAS or not runs_on(isa)):
            usable = ", ".join(filter(runs_on, ISAS))
            raise ConfigError(f"DRAGON_ISA is {isa!r}.", f"This processor runs {usable}.")
        self.config = config
        self._weights = weights
        c = config
        rotary = c.position == "rope"
        cos, sin = rope_table(c, c.max_position_embeddings) if rotary else (None, None)
        self._compiled = Compiled(
            (
                c.hidden_size,
                c.intermediate_size,
                c.num_attention_heads,
                c.num_key_value_heads,
                c.head_dim,
            ),
            c.norm_eps,
            c.activation,
            cos,
            sin,
            [self._layer(layer) for layer in range(c.num_hidden_layers)],
            self._norm("model.norm"),
            threads,
            isa,
        )

    @property
    def isa(self) -> str:
        """The instruction set that runs."""
        return self._compiled.isa

    def new_cache(self, capacity: int, once: bool = False) -> Cache:
        """Room for one sequence."""
        c = self.config
        slots = 2 if once else c.num_hidden_layers
        return Cache(slots, c.num_key_value_heads, c.head_dim, capacity)

    def forward(self, x: Floats, runs: Sequence[Run]) -> Floats:
        """Embeddings [M, C] -> normed states [M, C]."""
        rows, channels = x.shape
        states = np.zeros((rows, padded(channels)), np.float32)
        states[:, :channels] = x
        self._compiled.forward(states, [(r.cache, r.start, r.length, r.visible) for r in runs])
        return states[:, :channels]

    def head(self, states: Floats) -> Floats:
        """Normed states [M, C] -> logits [M, V]."""
        rows, channels = states.shape
        x = np.zeros((rows, padded(channels)), np.float32)
        x[:, :channels] = states
        y = np.empty((rows, padded(self.config.vocab_size)), np.float32)
        self._compiled.project(self._head, x, y)
        return y[:, : self.config.vocab_size]

    @cached_property
    def _head(self) -> Description:
        # Prepared on first use: a reader never asks for it.
        tied = self.config.tie_word_embeddings
        return describe(self._weights["model.embed_tokens.weight" if tied else "lm_head.weight"])

    def _layer(self, layer: int) -> Description:
        parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
        parts += ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
        return (
            self._norm(layer_name(layer, "input_layernorm")),
            self._norm(layer_name(layer, "post_attention_layernorm")),
            *(self._linear(layer_name(layer, part)) for part in parts),
        )

    def _linear(self, name: str) -> Description | None:
        if f"{name}.weight" not in self._weights:  # no gate
            return None
        return describe(self._weights[f"{name}.weight"], self._vector(f"{name}.bias"))

    def _norm(self, name: str) -> Description:
        return self._vector(f"{name}.weight"), self._vector(f"{name}.bias")

    def _vector(self, name: str) -> Floats | None:
        return self._weights[name].f32() if name in self._weights else None
