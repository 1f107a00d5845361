"""The forward pass is the same lines on NumPy, PyTorch and JAX."""

import importlib.util
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings

from dragon.config import ModelConfig
from dragon.reference.activations import erf, gelu
from dragon.reference.blocks import Cache
from dragon.reference.mouths import logits, span_scores
from dragon.reference.softmax import IGNORED, cross_entropy
from tests.engine.models import configs, random_tensors
from tests.reference.networks import feature_ids, token_ids


def needs(name: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(name) is None
    return pytest.mark.skipif(missing, reason=f"{name} is not installed")


LIBRARIES = [
    pytest.param("torch", marks=needs("torch")),
    # JAX compiles each operation anew for each shape, which takes its time.
    pytest.param("jax", marks=[needs("jax"), pytest.mark.slow, pytest.mark.timeout(600)]),
]


def moved(library: str, array: np.ndarray) -> Any:
    """A NumPy array as one of another library."""
    if library == "torch":
        import torch

        return torch.from_numpy(array)
    import jax.numpy as jnp

    return jnp.asarray(array)


@needs("torch")
@settings(max_examples=15)
@given(configs())
def test_logits_of_every_variant_are_those_of_numpy(config: ModelConfig) -> None:
    p, ids = random_tensors(config), token_ids(config).astype(np.int32)
    there = {name: moved("torch", tensor) for name, tensor in p.items()}
    actual = logits(there, config, moved("torch", ids), prefix=3)
    assert type(actual).__module__ == "torch"
    np.testing.assert_allclose(
        actual.numpy(), logits(p, config, ids, prefix=3), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_network_computes_the_same_everywhere(library: str) -> None:
    config = ModelConfig(17, 24, 20, 1, 4, 2, 16, pointer_head=True, qk_norm=True)
    p, ids = random_tensors(config), token_ids(config).astype(np.int32)
    there = {name: moved(library, tensor) for name, tensor in p.items()}
    cache = Cache()
    pieces = [
        np.asarray(logits(there, config, moved(library, part), cache=cache))
        for part in (ids[:, :4], ids[:, 4:])
    ]
    whole = logits(p, config, ids)
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole, rtol=1e-4, atol=1e-4)
    targets = np.array([1, IGNORED, 3, 4, 5, 6, 7])
    loss = cross_entropy(moved(library, whole[0]), moved(library, targets))
    assert float(loss) == pytest.approx(float(cross_entropy(whole[0], targets)), rel=1e-5)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("head", ["linear", "recurrent"])
def test_span_scores_are_the_same_everywhere(
    head: Literal["linear", "recurrent"], library: str
) -> None:
    config = ModelConfig(17, 24, 20, 1, 4, 2, 16, reader_features=(12, 4), reader_head=head)
    p, ids = random_tensors(config), token_ids(config).astype(np.int32)
    features = feature_ids(config).astype(np.int32)
    there = {name: moved(library, tensor) for name, tensor in p.items()}
    scores = span_scores(there, config, moved(library, ids), moved(library, features))
    np.testing.assert_allclose(
        np.asarray(scores), span_scores(p, config, ids, features), rtol=1e-4, atol=1e-4
    )


def test_erf_is_exact_to_the_last_digits() -> None:
    import math

    x = np.concatenate((np.linspace(-7, 7, 2001), [0.0, 1e-300, -30.0]))
    np.testing.assert_allclose(erf(x), [math.erf(v) for v in x], rtol=0, atol=1e-15)
    assert gelu(np.float32([1.0])).dtype == np.float32
