"""A model folder becomes a configuration and its matrices, mapped and checked.

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


def load(folder: Path, *, read_often: bool = False) -> tuple[ModelConfig, dict[str, Matrix]]:
    """Open a model folder.

    Args:
        folder: float or packed.
        read_often: packed weights go onto large pages, where the kernels read them as they lie;
            float ones stay mapped, for the kernels pack them.

    Raises:
        CheckpointError: if a file is missing or damaged, or the weights are not the
            configuration's.
    """
    values = read_json(folder, CONFIG_FILE)
    config = config_from_json(values)
    declared = values.get("dragon", {}).get("quantization")
    _check_quantization(folder, declared)
    tensors = open_weights(folder, read_often=read_often and declared is not None)
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
