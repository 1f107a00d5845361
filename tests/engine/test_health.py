"""A weight that is no finite number is named as soon as it is felt."""

import numpy as np
import pytest

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.health import check_finite
from dragon.engine.kernels import native_is_built
from dragon.errors import CheckpointError
from tests.engine.models import as_weights, prompt, random_tensors

CONFIG = ModelConfig(50, 32, 48, 2, 4, 2, 32, reader_features=(3,))
KERNELS = ["numpy", "native"] if native_is_built() else ["numpy"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "name",
    ["model.layers.1.mlp.up_proj.weight", "model.norm.weight", "model.embed_tokens.weight"],
)
def test_the_tensor_is_named(kernels: str, value: float, name: str) -> None:
    tensors = random_tensors(CONFIG)
    ids, features = prompt(CONFIG, 6)
    tensors[name].flat[ids[0] * 32 if "embed" in name else 3] = value
    engine = Engine(CONFIG, as_weights(tensors), kernels=kernels, threads=1)
    with pytest.raises(CheckpointError, match=f"{name} holds a value"):
        engine.logits(ids)
    with pytest.raises(CheckpointError, match=f"{name} holds a value"):
        list(engine.generate([int(ids[0])], max_tokens=2))
    with pytest.raises(CheckpointError, match=f"{name} holds a value"):
        engine.read([(ids, features)])


def test_large_scores_are_no_damage() -> None:
    check_finite(np.full(10, 3e38, np.float32), {})
    with pytest.raises(CheckpointError, match="no finite numbers"):
        check_finite(np.array([1, np.inf], np.float32), {})
