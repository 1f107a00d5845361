"""The recurrent reader head in NumPy equals PyTorch's, alone and beside other prompts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.errors import ConfigError
from dragon.model.transformer import Transformer
from tests.engine.models import COVERED, configs, engine, isas, prompt, random_tensors

CLOSE = {"rtol": 1e-4, "atol": 1e-4}
FEATURES = (20, 4)  # feature 0 says which tokens are the question's


def recurrent(**fixed: object) -> st.SearchStrategy[ModelConfig]:
    return configs(
        reader_features=FEATURES,
        reader_head="recurrent",
        attention="bidirectional",
        sliding_window=0,
        **COVERED,
        **fixed,
    )


def by_pytorch(config: ModelConfig, ids: np.ndarray, features: np.ndarray) -> np.ndarray:
    network = Transformer(config).eval()
    network.load_numpy(random_tensors(config))
    marks = torch.from_numpy(features.astype(np.int64))[None]
    seen = torch.ones(1, len(ids), dtype=torch.bool)
    with torch.no_grad():
        states = network.states(torch.from_numpy(ids.astype(np.int64))[None], marks, seen[:, None])
        return network.read(states, marks, seen)[0].numpy()


@settings(max_examples=20)
@pytest.mark.parametrize("kernels", ["numpy", *isas()])
@given(
    st.one_of(recurrent(), recurrent(num_hidden_layers=0)),
    st.lists(st.integers(1, 24), min_size=1, max_size=3),
)
def test_scores_equal_our_pytorch_model(
    kernels: str, config: ModelConfig, lengths: list[int]
) -> None:
    batch = [prompt(config, length, seed) for seed, length in enumerate(lengths)]
    for ours, (ids, features) in zip(engine(config, kernels).read(batch), batch, strict=True):
        np.testing.assert_allclose(ours, by_pytorch(config, ids, features), **CLOSE)


def test_a_word_is_read_in_the_light_of_the_question() -> None:
    config = ModelConfig(
        60,
        16,
        8,
        0,
        2,
        2,
        32,
        attention="bidirectional",
        norm="layernorm",
        reader_features=FEATURES,
        reader_head="recurrent",
    )
    ids, features = prompt(config, 12)
    features[:, 0] = [0, *[5] * 4, *[15] * 7]
    other = ids.copy()
    other[2] = (other[2] + 1) % config.vocab_size
    one, two = (engine(config, "numpy").read([(i, features)])[0] for i in (ids, other))
    assert (np.abs(one - two) > 1e-6).all(), "every token's score depends on the question"


@pytest.mark.parametrize("wrong", [{"reader_features": ()}, {"hidden_size": 9, "head_dim": 4}])
def test_what_the_head_needs(wrong: dict[str, object]) -> None:
    values: dict[str, object] = {
        "reader_features": FEATURES,
        "reader_head": "recurrent",
        "hidden_size": 8,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "num_hidden_layers": 0,
    }
    with pytest.raises(ConfigError, match="recurrent"):
        ModelConfig(**(values | wrong))  # type: ignore[arg-type]


def test_only_a_reader_has_a_context() -> None:
    with pytest.raises(ConfigError, match=r"needs model\.reader_features"):
        ModelConfig(reader_context=True)


def test_a_model_without_blocks_needs_the_recurrent_head() -> None:
    with pytest.raises(ConfigError, match="num_hidden_layers is 0"):
        ModelConfig(num_hidden_layers=0)
