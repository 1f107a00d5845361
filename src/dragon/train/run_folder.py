"""The two small files of a run: config.json, what was asked for, and metrics.jsonl, a line a step.

In: a run folder. Out: settings to resume with; a log that never holds a step twice.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from dragon.config import ModelConfig, TrainConfig, from_dict
from dragon.errors import CheckpointError, ConfigError
from dragon.train.state import Metrics

SETTINGS_FILE = "config.json"
# What may change when a run is resumed: how long it is, how often and where it looks at itself.
MAY_CHANGE = {
    "steps", "save_every", "eval_every", "eval_batches", "validation", "threads", "compile"
}  # fmt: skip


def read_settings(out: Path) -> tuple[ModelConfig, TrainConfig]:
    """The settings that a run was started with.

    Raises:
        CheckpointError: if the folder holds no run.
    """
    try:
        values = json.loads((out / SETTINGS_FILE).read_text("utf-8"))
        model, train = values["model"], values["train"]
    except (OSError, ValueError, LookupError, TypeError):
        raise CheckpointError(
            f"{out} holds no run to resume.", "Start one with --config and without --resume."
        ) from None
    return from_dict(ModelConfig, model, "model"), from_dict(TrainConfig, train, "train")


def write_settings(out: Path, model: ModelConfig, config: TrainConfig, resume: bool) -> None:
    """Write config.json.

    Raises:
        ConfigError: if a run is resumed with settings that would make it another run.
    """
    settings = {"model": asdict(model), "train": asdict(config)}
    if resume:
        was_model, was_train = read_settings(out)
        before = {"model": asdict(was_model), "train": asdict(was_train)}
        for section, values in settings.items():
            for name, value in values.items():
                if name not in MAY_CHANGE and before[section][name] != value:
                    raise ConfigError(
                        f"{section}.{name} is {value!r}; the run was started with "
                        f"{before[section][name]!r}.",
                        "Resume with the settings it had, or start another run.",
                    )
    out.mkdir(parents=True, exist_ok=True)
    fresh = out / f".{SETTINGS_FILE}.new"
    fresh.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    fresh.replace(out / SETTINGS_FILE)


class Log:
    """metrics.jsonl, opened to go on after a step.

    Args:
        path: the file.
        step: lines of later steps are dropped: a killed run logged them after its last checkpoint.

    Attributes:
        last: the last line, empty before the first.
        best: the lowest validation loss in it.
    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        kept = [line for line in _lines(path) if line["step"] <= step]
        self.last: Metrics = kept[-1] if kept else {}
        self.best = min((m["val_loss"] for m in kept if "val_loss" in m), default=math.inf)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
        fresh.replace(path)
        self._file: IO[str] = path.open("a", encoding="utf-8")

    @property
    def step(self) -> int:
        """The last step that is logged."""
        return int(self.last.get("step", 0))

    def write(self, metrics: Metrics) -> None:
        """Append a line; it is on its way to the disk when this returns.

        Raises:
            CheckpointError: if the disk is full.
        """
        self.last = metrics
        try:
            self._file.write(json.dumps(metrics) + "\n")
            self._file.flush()
        except OSError as error:
            raise CheckpointError(
                f"{self._path} cannot be written: {error.strerror}.",
                "Free some space and go on with --resume.",
            ) from None

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._file.close()
        except OSError:  # what could not be written was reported when it was written
            return


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of the log; a kill may have torn the last one."""
    lines: list[dict[str, Any]] = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
