"""A model folder becomes a configuration and its matrices, mapped and checked, nothing copied.

In: a folder in the layout of `dragon.checkpoint`, float or int8, or of another library. Out:
`ModelConfig` and the weights by name.
"""

from pathlib import Path

from dragon.checkpoint import CONFIG_FILE, config_from_json, read_json
from dragon.config import ModelConfig
from dragon.engine.folder import open_weights
from dragon.engine.int8_layout import GROUP
from dragon.engine.matrices import Matrix, matrix_of
from dragon.errors import CheckpointError
from dragon.weights import tensor_shapes


def load(folder: Path) -> tuple[ModelConfig, dict[str, Matrix]]:
    """Open a model folder.

    Raises:
        CheckpointError: if a file is missing or damaged, or the weights are not the
            configuration's.
    """
    values = read_json(folder, CONFIG_FILE)
    config = config_from_json(values)
    declared = values.get("dragon", {}).get("quantization")
    known = {"bits": 8, "group": GROUP, "layout": "rows16_columns4"}
    if declared is not None and {**declared, **known} != declared:
        raise CheckpointError(
            f"{folder} is quantised as {declared}.", f"This version reads {known}."
        )
    tensors = open_weights(folder)
    return config, {
        name: matrix_of(name, shape, tensors) for name, shape in tensor_shapes(config).items()
    }
