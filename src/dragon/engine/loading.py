"""A model folder becomes a configuration and its matrices, mapped and checked, nothing copied.

In: a folder in the layout of `dragon.checkpoint`, float or packed, or of another library. Out:
`ModelConfig` and the weights by name.
"""

from pathlib import Path

from dragon.checkpoint import CONFIG_FILE, config_from_json, read_json
from dragon.config import ModelConfig
from dragon.engine.folder import open_weights
from dragon.engine.int8_layout import GROUPS
from dragon.engine.matrices import Matrix, matrix_of
from dragon.errors import CheckpointError
from dragon.weights import tensor_shapes

# By the bits of a value: how it lies in the file (see bf16_layout, int8_layout, int4_layout).
LAYOUTS = {16: "rows16_columns2", 8: "rows16_columns4", 4: "rows16_columns8"}


def load(folder: Path) -> tuple[ModelConfig, dict[str, Matrix]]:
    """Open a model folder.

    Raises:
        CheckpointError: if a file is missing or damaged, or the weights are not the
            configuration's.
    """
    values = read_json(folder, CONFIG_FILE)
    config = config_from_json(values)
    _check_quantization(folder, values.get("dragon", {}).get("quantization"))
    tensors = open_weights(folder)
    return config, {
        name: matrix_of(name, shape, tensors) for name, shape in tensor_shapes(config).items()
    }


def _check_quantization(folder: Path, declared: object) -> None:
    if declared is None:
        return
    match declared:
        case {"bits": int(bits), "layout": layout, "group": group}:
            if LAYOUTS.get(bits) == layout and group in GROUPS:
                return
    raise CheckpointError(
        f"{folder} is quantised as {declared}.",
        f"This version reads 16, 8 and 4 bits in groups of {', '.join(map(str, GROUPS))}.",
    )
