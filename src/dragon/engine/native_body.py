"""The transformer body on the compiled kernels: prepares the arrays, and keeps them alive.

Packed matrices go in as they lie in the file. Dense ones are packed once, onto large pages: bf16
as bf16, the others as floats. Shapes: M rows, C channels, V vocabulary; N, K rows and columns of a
matrix.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from dragon._native import Body as Compiled
from dragon._native import Cache, runs_on
from dragon.config import ModelConfig
from dragon.engine import bf16_layout
from dragon.engine.blocks import interleave, padded
from dragon.engine.body import Floats, KeptAs, Linear, Recurrence, Run
from dragon.engine.kernels import COMPILED
from dragon.engine.large_pages import Slabs
from dragon.engine.matrices import BFloat16, Int4, Int8, Matrix
from dragon.errors import ConfigError
from dragon.rotary import rope_table
from dragon.weights import layer_name

Description = tuple[Any, ...]  # (n, k, format, data, scale, group, bias), see native/module.cpp
FIRST_POSITIONS = 2048  # of the rotary table; longer sequences make it longer


def pack_f32(matrix: Floats) -> Floats:
    """Matrix [N, K] -> [N/16, K, 16, 1], rows padded with zeros."""
    return interleave(matrix)


def describe(matrix: Matrix, bias: Floats | None, slabs: Slabs) -> Description:
    """A matrix and its bias as the compiled module takes them, packed into `slabs` if need be."""
    n, k = matrix.shape
    whole = None if bias is None else np.pad(bias, (0, padded(n) - n))
    match matrix:
        case Int8():
            return n, k, "int8", matrix.q8, matrix.scale, matrix.group, whole
        case Int4():
            return n, k, "int4", matrix.q4, matrix.scale, matrix.group, whole
        case BFloat16():
            return n, k, "bf16", matrix.bits, None, 0, whole
    if matrix.tensor.dtype == "BF16":
        return n, k, "bf16", slabs.keep(bf16_layout.pack(matrix.tensor.array)), None, 0, whole
    return n, k, "f32", slabs.keep(pack_f32(matrix.f32())), None, 0, whole


class NativeBody:
    """`dragon.engine.body.Body` on compiled kernels, for every model with norms before sublayers.

    Args:
        threads: how many threads share the work, the caller included.
        isa: instruction set, one of `dragon.engine.kernels.COMPILED`; None is the best that this
            processor has.
        kv: how keys and values are kept: "f32", "f16", "int8" with a scale for each token and
            head, or None, which is f32 where the weights are (so that float models stay exact) and
            f16 elsewhere. What is read once stays in f32.

    Raises:
        ConfigError: for an instruction set that this processor does not run.
    """

    name = "native"

    def __init__(
        self,
        config: ModelConfig,
        weights: Mapping[str, Matrix],
        threads: int,
        isa: str | None = None,
        kv: KeptAs | None = None,
    ) -> None:
        if isa is not None and (isa not in COMPILED or not runs_on(isa)):
            usable = ", ".join(filter(runs_on, COMPILED))
            raise ConfigError(
                f"The kernels {isa} were asked for.", f"This processor runs {usable}."
            )
        self.config = config
        self._weights = weights
        self._slabs = Slabs()
        c = config
        layers = [self._layer(layer) for layer in range(c.num_hidden_layers)]
        exact = not layers or layers[0][4][2] == "f32"
        self.kv: KeptAs = kv or ("f32" if exact else "f16")
        self._compiled = Compiled(
            (
                c.hidden_size,
                c.intermediate_size,
                c.num_attention_heads,
                c.num_key_value_heads,
                c.head_dim,
                c.sliding_window,
            ),
            c.norm_eps,
            c.activation,
            layers,
            self._norm("model.norm"),
            threads,
            isa or "",
        )
        self._positions = 0 if c.position == "rope" else c.max_position_embeddings

    @property
    def isa(self) -> str:
        """The instruction set that runs."""
        return self._compiled.kernels

    def new_cache(self, capacity: int, once: bool = False) -> Cache:
        """Room for one sequence, taken in chunks as it grows."""
        c = self.config
        slots = 2 if once else max(1, c.num_hidden_layers)
        return Cache(slots, c.num_key_value_heads, c.head_dim, capacity, "f32" if once else self.kv)

    def forward(self, x: Floats, runs: Sequence[Run]) -> Floats:
        """Embeddings [M, C] -> normed states [M, C]."""
        channels = x.shape[1]
        states = _padded_rows(x)
        end = max((r.start + r.length for r in runs), default=0)
        if end > self._positions:
            self._make_rotary(end)
        self._compiled.forward(states, [(r.cache, r.start, r.length, r.visible) for r in runs])
        return states[:, :channels]

    def head(self, states: Floats) -> Floats:
        """Normed states [M, C] -> logits [M, V]."""
        y = np.empty((len(states), padded(self.config.vocab_size)), np.float32)
        self._compiled.project(self._head, _rows(states), y)
        return y[:, : self.config.vocab_size]

    def linear(self, matrix: Matrix, bias: Floats | None = None) -> Linear:
        """A matrix [N, K] and a bias [N]: [M, K] -> [M, N]."""
        described, width = describe(matrix, bias, self._slabs), matrix.shape[0]

        def project(x: Floats) -> Floats:
            y = np.empty((len(x), padded(width)), np.float32)
            self._compiled.project(described, _rows(x), y)
            return y[:, :width]

        return project

    def recurrence(self, forwards: Matrix, backwards: Matrix) -> Recurrence:
        """Gates [T, 2, B, 4 H] -> states [T, 2, B, H]."""
        weights = [_padded_gates(m.f32()) for m in (forwards, backwards)]
        size, whole = forwards.shape[1], weights[0].shape[1]
        there, back = ((4 * whole, whole, "f32", pack_f32(w), None, 0, None) for w in weights)

        def scan(gates: Floats) -> Floats:
            spent = _wider(gates.reshape(*gates.shape[:3], 4, size), whole)
            states = np.empty((*gates.shape[:3], whole), np.float32)
            self._compiled.scan(there, back, spent.reshape(*gates.shape[:3], 4 * whole), states)
            return states[..., :size]

        return scan

    def _make_rotary(self, end: int) -> None:
        most = self.config.max_position_embeddings
        self._positions = min(max(2 * end, FIRST_POSITIONS), most)
        self._compiled.set_rotary(*rope_table(self.config, self._positions))

    @cached_property
    def _head(self) -> Description:
        # Prepared on first use: a reader never asks for it.
        tied = self.config.tie_word_embeddings
        name = "model.embed_tokens.weight" if tied else "lm_head.weight"
        return describe(self._weights[name], None, self._slabs)

    def _layer(self, layer: int) -> Description:
        parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
        parts += ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
        norms = ["input_layernorm", "post_attention_layernorm"]
        norms += ["self_attn.q_norm", "self_attn.k_norm"]
        return (
            *(self._norm(layer_name(layer, norm)) for norm in norms),
            *(self._linear(layer_name(layer, part)) for part in parts),
        )

    def _linear(self, name: str) -> Description | None:
        if f"{name}.weight" not in self._weights:  # no gate
            return None
        return describe(self._weights[f"{name}.weight"], self._vector(f"{name}.bias"), self._slabs)

    def _norm(self, name: str) -> Description:
        return self._vector(f"{name}.weight"), self._vector(f"{name}.bias")

    def _vector(self, name: str) -> Floats | None:
        return np.ascontiguousarray(self._weights[name].f32()) if name in self._weights else None


def _padded_gates(matrix: Floats) -> Floats:
    """[4 H, H] -> the same with H rounded up to whole blocks, zeros in between."""
    size = matrix.shape[1]
    whole = padded(size)
    gates = np.zeros((4, whole, whole), np.float32)
    gates[:, :size, :size] = matrix.reshape(4, size, size)
    return gates.reshape(4 * whole, whole)


def _wider(x: Floats, width: int) -> Floats:
    """A copy of x [..., n] with zeros up to the width."""
    if x.shape[-1] == width:
        return np.array(x, np.float32, order="C")
    out = np.zeros((*x.shape[:-1], width), np.float32)
    out[..., : x.shape[-1]] = x
    return out


def _padded_rows(x: Floats) -> Floats:
    """A copy of x [M, C] in rows of whole blocks."""
    return _wider(x, padded(x.shape[1]))


def _rows(x: Floats) -> Floats:
    """The rows of x [M, C] in whole blocks, to be read: x itself where it has them already."""
    whole = x.shape[1] == padded(x.shape[1])
    return np.ascontiguousarray(x, np.float32) if whole else _padded_rows(x)
