"""Metrics for TensorBoard, where it is wanted and installed."""

from pathlib import Path
from typing import Any

from dragon.config import TrainConfig
from dragon.errors import ConfigError
from dragon.train.state import Metrics


class Board:
    """A folder of TensorBoard's, or nothing.

    Args:
        folder: None to write nothing.
        step: the first that is to come; what a killed run wrote of later ones is not shown.
    """

    def __init__(self, folder: Path | None, step: int) -> None:
        self._writer: Any = None
        if folder is not None:
            self._writer = _writer_class()(str(folder), purge_step=step)

    def write(self, metrics: Metrics) -> None:
        """Add one step."""
        if self._writer is not None:
            step = int(metrics["step"])
            for name, value in metrics.items():
                if name != "step":
                    group = "val" if name.startswith("val_") else "train"
                    self._writer.add_scalar(f"{group}/{name.removeprefix('val_')}", value, step)

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()


def check_board(config: TrainConfig) -> None:
    """Check that what is wanted can be written.

    Raises:
        ConfigError: if TensorBoard is wanted and not installed.
    """
    if config.tensorboard:
        _writer_class()


def _writer_class() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigError(
            "train.tensorboard is true and TensorBoard is not installed.",
            "Run: pip install 'dragon-lm[tensorboard]'.",
        ) from None
    return SummaryWriter
