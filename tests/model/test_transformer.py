"""Every variant runs, sees only what it may see, and has the tensors of `dragon.weights`."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.model.transformer import Transformer
from dragon.weights import num_parameters, tensor_shapes
from tests.variants import VARIANTS, fitting

LENGTH = 7


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


@st.composite
def configs(draw: st.DrawFn, **fixed: object) -> ModelConfig:
    kv_heads = draw(st.integers(1, 2))
    heads = kv_heads * draw(st.integers(1, 2))
    values: dict[str, object] = {
        "vocab_size": 11,
        "hidden_size": heads * 4 * draw(st.integers(1, 3)),
        "intermediate_size": draw(st.integers(1, 9)),
        "num_hidden_layers": draw(st.integers(0, 2)),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": LENGTH + 1,
        **draw(st.fixed_dictionaries(VARIANTS)),
        "reader_features": draw(st.sampled_from([(), (3, 4), (12, 4)])),
    }
    return ModelConfig(**fitting({**values, **fixed}))  # type: ignore[arg-type]


def make(config: ModelConfig) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(config)
    # Larger than at the start of training: at 0.02 a leak would hide in the rounding.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model


@settings(max_examples=30)
@given(configs())
def test_every_variant_runs_forward_and_backward(config: ModelConfig) -> None:
    model = make(config)
    ids = torch.randint(0, config.vocab_size, (2, LENGTH))
    out = model(ids, prefix=3)
    assert out.shape == (2, LENGTH, config.vocab_size)
    loss = out.logsumexp(-1).mean() + out[..., 0].mean()
    mask = torch.ones(LENGTH, LENGTH, dtype=torch.bool)
    if config.is_reader:
        features = torch.stack([torch.randint(0, n, ids.shape) for n in config.reader_features], -1)
        scores = model.read(model.states(ids, features, mask), features, mask[:2])
        assert scores.shape == (2, LENGTH, 2)
        loss = loss + scores.square().mean()
    loss.backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@settings(max_examples=30)
@given(configs(reader_head="linear"), st.integers(1, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_who_sees_whom(config: ModelConfig, changed: int, prefix: int) -> None:
    """Change one token: what may not see it stays the same to the bit, the rest does not."""
    model = make(config)
    ids = torch.randint(0, config.vocab_size, (1, LENGTH))
    other = ids.clone()
    other[0, changed] = (other[0, changed] + 1) % config.vocab_size
    with torch.no_grad():
        before, after = model(ids, prefix), model(other, prefix)
    same = (before == after).all(-1)[0]
    hidden = config.attention == "causal" or (config.attention == "prefix" and changed >= prefix)
    assert bool(same[:changed].all()) == hidden
    assert not same[changed]


@settings(max_examples=20)
@given(configs(pointer_head=True))
def test_the_pointer_head_gives_a_distribution(config: ModelConfig) -> None:
    model = make(config)
    ids = torch.randint(0, config.vocab_size, (2, LENGTH))
    with torch.no_grad():
        total = model(ids).exp().sum(-1)
    torch.testing.assert_close(total, torch.ones_like(total), atol=1e-4, rtol=0)


@settings(max_examples=30)
@given(configs())
def test_tensors_are_those_of_weights(config: ModelConfig) -> None:
    model = Transformer(config)
    tensors = model.numpy_tensors()
    assert {name: t.shape for name, t in tensors.items()} == tensor_shapes(config)
    assert sum(p.numel() for p in model.parameters()) == num_parameters(config)
    assert ("lm_head.weight" in tensors) != config.tie_word_embeddings
    other = make(config)
    other.load_numpy(tensors)
    ids = torch.randint(0, config.vocab_size, (1, LENGTH))
    with torch.no_grad():
        assert torch.equal(model(ids), other(ids))


def test_a_tied_embedding_learns_from_both_ends() -> None:
    config = ModelConfig(
        vocab_size=9, hidden_size=4, intermediate_size=4, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1,
    )  # fmt: skip
    model = make(config)
    model(torch.tensor([[1, 2]])).square().sum().backward()
    grad = model.model.embed_tokens.weight.grad
    assert grad is not None
    assert (grad.abs().sum(1) > 0).all()  # ids that were not read are scored all the same


def test_dropout_is_for_training_only() -> None:
    config = ModelConfig(
        vocab_size=9, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1,
    )  # fmt: skip
    model, ids = Transformer(config, dropout=0.5), torch.arange(9)[None]
    with torch.no_grad():
        assert not torch.equal(model(ids), model(ids))
        model.eval()
        assert torch.equal(model(ids), model(ids))


def test_starting_values_are_small_and_scaled_by_depth() -> None:
    config = ModelConfig(vocab_size=500, num_hidden_layers=8)
    tensors = Transformer(config).numpy_tensors()
    assert np.std(tensors["model.embed_tokens.weight"]) == pytest.approx(0.02, rel=0.05)
    residual = tensors["model.layers.0.self_attn.o_proj.weight"]
    assert np.std(residual) == pytest.approx(0.02 / 16**0.5, rel=0.05)
