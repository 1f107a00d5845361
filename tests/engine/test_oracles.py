"""The engine against PyTorch: our own model in every variant, and Hugging Face's Llama."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon.checkpoint import write_checkpoint
from dragon.config import ModelConfig
from dragon.engine import Engine
from tests.engine.models import configs, engine, has, prompt, random_tensors

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@given(configs(), st.integers(1, 24), st.integers(0, 24))
def test_logits_equal_our_pytorch_model(config: ModelConfig, length: int, prefix: int) -> None:
    from dragon.model.transformer import Transformer

    ids, _ = prompt(config, length)
    prefix = min(prefix, length) if config.attention == "prefix" else 0
    network = Transformer(config).eval()
    network.load_numpy(random_tensors(config))
    with torch.no_grad():
        expected = network(torch.from_numpy(ids.astype(np.int64))[None], prefix)[0].numpy()
    np.testing.assert_allclose(engine(config, "numpy").logits(ids, prefix), expected, **CLOSE)


@given(configs(reader_features=(5, 2, 7)), st.integers(1, 24))
def test_span_scores_equal_our_pytorch_model(config: ModelConfig, length: int) -> None:
    from dragon.model.transformer import Transformer

    ids, features = prompt(config, length)
    network = Transformer(config).eval()
    network.load_numpy(random_tensors(config))
    with torch.no_grad():
        marks = torch.from_numpy(features.astype(np.int64))[None]
        seen = torch.ones(length, length, dtype=torch.bool)
        states = network.states(torch.from_numpy(ids.astype(np.int64))[None], marks, seen)
        expected = network.read(states, marks, seen[:1])[0].numpy()
    np.testing.assert_allclose(
        engine(config, "numpy").read([(ids, features)])[0], expected, **CLOSE
    )


@pytest.mark.skipif(not has("transformers"), reason="transformers is not installed")
@pytest.mark.parametrize("tied", [True, False])
def test_a_checkpoint_is_a_llama_for_transformers(tmp_path: Path, tied: bool) -> None:
    from transformers import LlamaForCausalLM

    config = ModelConfig(
        60, 48, 40, 2, 6, 2, 32, attention_bias=True, mlp_bias=True, tie_word_embeddings=tied
    )
    write_checkpoint(tmp_path / "m", config, random_tensors(config))
    llama = LlamaForCausalLM.from_pretrained(tmp_path / "m", dtype=torch.float32).eval()
    ids, _ = prompt(config, 30)
    with torch.no_grad():
        expected = llama(torch.from_numpy(ids.astype(np.int64))[None]).logits[0].numpy()
    np.testing.assert_allclose(Engine.open(tmp_path / "m").logits(ids), expected, **CLOSE)
