"""Small models with random weights, of every variant that a ModelConfig can describe."""

import importlib.util
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.embedding import Features, Ids
from dragon.engine.engine import Engine
from dragon.engine.kernels import COMPILED, native_is_built
from dragon.engine.matrices import Dense, Matrix
from dragon.engine.safetensors import Tensor
from dragon.weights import tensor_shapes
from tests.variants import VARIANTS, fitting

Tensors = dict[str, np.ndarray]

# What every implementation of the body covers, the compiled kernels too.
COVERED: dict[str, object] = {"norm_placement": "pre"}

needs_native = pytest.mark.skipif(not native_is_built(), reason="no compiled kernels in this build")


def has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def isas() -> Iterator[str]:
    """The instruction sets that can be tested on this processor."""
    if native_is_built():
        from dragon._native import runs_on

        yield from filter(runs_on, COMPILED)


@st.composite
def configs(draw: st.DrawFn, **fixed: object) -> ModelConfig:
    """Any variant, at widths that are no multiples of a vector."""
    kv_heads = draw(st.integers(1, 3))
    heads = kv_heads * draw(st.integers(1, 3))
    values: dict[str, object] = {
        "vocab_size": draw(st.integers(5, 70)),
        "hidden_size": heads * 2 * draw(st.integers(1, 12)),
        "intermediate_size": draw(st.integers(1, 90)),
        "num_hidden_layers": draw(st.integers(0, 3)),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 64,
        "rope_theta": draw(st.sampled_from([100.0, 10000.0])),
        **draw(st.fixed_dictionaries(VARIANTS)),
        "reader_features": draw(st.sampled_from([(), (3,), (12, 2, 7)])),
    }
    covered = draw(st.sampled_from([{}, COVERED]))
    return ModelConfig(**fitting({**values, **covered, **fixed}))  # type: ignore[arg-type]


def random_tensors(config: ModelConfig, seed: int = 0) -> Tensors:
    """Weights of a size at which activations stay near 1."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in tensor_shapes(config).items():
        values = random.standard_normal(shape) * (0.3 if len(shape) == 1 else shape[-1] ** -0.5)
        if "norm" in name and name.endswith("weight"):
            values += 1
        tensors[name] = values.astype(np.float32)
    return tensors


def as_weights(tensors: Tensors) -> dict[str, Matrix]:
    return {name: Dense(Tensor("F32", values)) for name, values in tensors.items()}


def engine(config: ModelConfig, kernels: str, seed: int = 0, threads: int = 2) -> Engine:
    weights = as_weights(random_tensors(config, seed))
    return Engine(config, weights, kernels=kernels, threads=threads)


def prompt(config: ModelConfig, length: int, seed: int = 0) -> tuple[Ids, Features]:
    """Random ids and features for a reader."""
    random = np.random.default_rng(seed + 1000 * length)
    features = [random.integers(0, size, length) for size in config.reader_features]
    ids = random.integers(0, config.vocab_size, length)
    return ids.astype(np.int32), np.array(features, np.uint8).reshape(len(features), length).T
