"""The ladder: each implementation against the one below it, over drawn networks of every variant.

finite differences -> reference (float64) -> PyTorch -> engine (NumPy) -> engine (native)
"""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.reference.gradcheck import check_network
from dragon.reference.losses import language_loss, reading_loss
from dragon.reference.mouths import logits, span_scores
from dragon.reference.positions import rotary_table, sinusoids
from dragon.reference.softmax import IGNORED
from dragon.weights import tensor_shapes
from tests.engine.models import configs, engine, needs_native, prompt
from tests.reference.networks import BATCH, LENGTH, doubles, feature_ids, token_ids

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
READER = (12, 2, 7)  # of feature 0 the values 5 to 9 stand for the question
SAME = 1e-6  # relative, of losses and gradients in float64
CLOSE = {"rtol": 1e-4, "atol": 1e-4}  # the engine computes in float32


@settings(max_examples=12)
@given(configs(num_hidden_layers=1, reader_head="linear"))
def test_the_reference_has_the_gradients_of_finite_differences(config: ModelConfig) -> None:
    checks = check_network(config)
    assert {check.name for check in checks} >= {"model.embed_tokens.weight"}
    for check in checks:
        assert check.error <= SAME, check


@settings(max_examples=4)
@given(configs(num_hidden_layers=0, reader_head="recurrent", reader_features=READER))
def test_the_recurrent_head_has_the_gradients_of_finite_differences(config: ModelConfig) -> None:
    checks = check_network(config)
    assert {check.name for check in checks} == tensor_shapes(config).keys()
    for check in checks:
        assert check.error <= SAME, check


@settings(max_examples=25)
@given(configs(reader_features=()), st.integers(0, LENGTH))
def test_pytorch_has_the_language_gradients_of_the_reference(
    config: ModelConfig, prefix: int
) -> None:
    ids, targets = token_ids(config), token_ids(config, 1)
    targets[0, :2] = IGNORED
    loss, grads = language_loss(doubles(config), config, ids, targets, prefix)
    network = torch_network(config)
    scores = network(torch.from_numpy(ids), prefix).flatten(0, 1)
    target = torch.from_numpy(targets).flatten()
    expected = torch.nn.functional.cross_entropy(scores, target, ignore_index=IGNORED)
    assert_same_gradients(loss, grads, expected, network)


@settings(max_examples=15)
@given(configs(reader_features=READER))
def test_pytorch_has_the_reading_gradients_of_the_reference(config: ModelConfig) -> None:
    ids, features = token_ids(config), feature_ids(config)
    answers = np.random.default_rng(2).integers(0, LENGTH, (BATCH, 2))
    loss, grads = reading_loss(doubles(config), config, ids, features, answers)
    network = torch_network(config)
    everything = torch.ones(LENGTH, LENGTH, dtype=torch.bool)
    marks = torch.from_numpy(features)
    states = network.states(torch.from_numpy(ids), marks, everything)
    valid = torch.ones(BATCH, LENGTH, dtype=torch.bool)
    scores = network.read(states, marks, valid).transpose(1, 2).flatten(0, 1)
    expected = torch.nn.functional.cross_entropy(scores, torch.from_numpy(answers).flatten())
    assert_same_gradients(loss, grads, expected, network)


@settings(max_examples=25)
@given(configs(), st.integers(1, 24), st.integers(0, 24))
def test_the_engine_has_the_logits_of_the_reference(
    config: ModelConfig, length: int, prefix: int
) -> None:
    check_logits(config, length, prefix, "numpy")


@needs_native
@settings(max_examples=25)
@given(configs(norm_placement="pre"), st.integers(1, 24), st.integers(0, 24))
def test_native_kernels_have_the_logits_of_the_reference(
    config: ModelConfig, length: int, prefix: int
) -> None:
    check_logits(config, length, prefix, "native")


@needs_native
@settings(max_examples=15)
@given(configs(norm_placement="pre", reader_features=READER), st.integers(1, 24))
def test_native_kernels_have_the_span_scores_of_the_reference(
    config: ModelConfig, length: int
) -> None:
    ids, features = prompt(config, length)
    expected = span_scores(doubles(config), config, ids[None], features[None])[0]
    actual = engine(config, "native").read([(ids, features)])[0]
    np.testing.assert_allclose(actual, expected, **CLOSE)


def check_logits(config: ModelConfig, length: int, prefix: int, kernels: str) -> None:
    ids, _ = prompt(config, length)
    prefix = min(prefix, length) if config.attention == "prefix" else 0
    expected = logits(doubles(config), config, ids[None], prefix)[0]
    np.testing.assert_allclose(engine(config, kernels).logits(ids, prefix), expected, **CLOSE)


def torch_network(config: ModelConfig):  # type: ignore[no-untyped-def]
    """PyTorch's network in float64, its tables of positions too: they are kept in float32."""
    from dragon.model.transformer import Transformer

    network = Transformer(config)
    network.load_numpy(doubles(config))
    network = network.double()
    length = config.max_position_embeddings
    if config.position == "rope":
        exact = rotary_table(config, 0, length)
        for name, table in zip(("cos", "sin"), exact, strict=True):
            replace_table(network, name, np.concatenate((table, table), axis=-1))
    if config.position == "sinusoidal":
        replace_table(network, "positions", sinusoids(0, length, config.hidden_size))
    return network


def replace_table(network: torch.nn.Module, name: str, exact: np.ndarray) -> None:
    kept = getattr(network.model, name)
    np.testing.assert_allclose(kept.numpy(), exact, rtol=0, atol=1e-6)
    setattr(network.model, name, torch.from_numpy(exact))


def assert_same_gradients(
    loss: float, grads: Mapping[str, np.ndarray], expected: torch.Tensor, network: torch.nn.Module
) -> None:
    assert loss == pytest.approx(expected.item(), rel=SAME)
    expected.backward()
    reached = {n: p.grad.numpy() for n, p in network.named_parameters() if p.grad is not None}
    assert grads.keys() == reached.keys()
    for name, gradient in reached.items():
        size = max(np.linalg.norm(gradient), 1e-6)
        assert np.linalg.norm(grads[name] - gradient) <= SAME * size, name
