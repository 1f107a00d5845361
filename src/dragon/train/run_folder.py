"""The two small files of a run: config.json, what was asked for, and metrics.jsonl, a line a step.

In: a run folder. Out: settings to resume with; a log that never holds a step twice.
"""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, NamedTuple

from dragon.config import LoraConfig, ModelConfig, TrainConfig, from_dict
from dragon.errors import CheckpointError, ConfigError
from dragon.train.state import Metrics

SETTINGS_FILE = "config.json"
# What may change when a run is resumed: how long it is, how often and where it looks at itself.
MAY_CHANGE = {
    "steps", "epochs", "patience", "spike", "save_every", "eval_every", "eval_batches",
    "validation", "threads", "compile", "parallel", "activation_checkpointing", "tensorboard",
}  # fmt: skip


class Settings(NamedTuple):
    """All that a run was asked for.

    Attributes:
        model: shape of the network.
        train: how it is trained.
        lora: None where all weights are trained.
    """

    model: ModelConfig
    train: TrainConfig
    lora: LoraConfig | None = None

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Sections by name, in JSON's types."""
        sections = {"model": asdict(self.model), "train": asdict(self.train)}
        if self.lora is not None:
            sections["lora"] = asdict(self.lora)
        return json.loads(json.dumps(sections))  # type: ignore[no-any-return]


def read_settings(out: Path) -> Settings:
    """The settings that a run was started with.

    Raises:
        CheckpointError: if the folder holds no run.
    """
    try:
        values = json.loads((out / SETTINGS_FILE).read_text("utf-8"))
        model, train, lora = values["model"], values["train"], values.get("lora")
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise CheckpointError(
            f"{out} holds no run to resume.", "Start one with --config and without --resume."
        ) from None
    return Settings(
        from_dict(ModelConfig, model, "model"),
        from_dict(TrainConfig, train, "train"),
        None if lora is None else from_dict(LoraConfig, lora, "lora"),
    )


def write_settings(out: Path, settings: Settings) -> None:
    """Write config.json."""
    out.mkdir(parents=True, exist_ok=True)
    fresh = out / f".{SETTINGS_FILE}.new"
    fresh.write_text(json.dumps(settings.to_json(), indent=2) + "\n", "utf-8")
    fresh.replace(out / SETTINGS_FILE)


def check_resumed(out: Path, settings: Settings) -> None:
    """Check that a run goes on as what it began as.

    Raises:
        CheckpointError: if the folder holds no run.
        ConfigError: naming the first setting that would make it another run.
    """
    before, now = read_settings(out).to_json(), settings.to_json()
    for section in now.keys() | before.keys():
        old, new = before.get(section, {}), now.get(section, {})
        for name in sorted(old.keys() | new.keys()):
            if name not in MAY_CHANGE and old.get(name) != new.get(name):
                raise ConfigError(
                    f"{section}.{name} is {new.get(name)!r}; the run was started with "
                    f"{old.get(name)!r}.",
                    "Resume with the settings it had, or start another run.",
                )


class Log:
    """metrics.jsonl, opened to go on after a step.

    Args:
        path: the file.
        step: lines of later steps are dropped: a killed run logged them after its last checkpoint.
        writes: False in a process that is not the first, which only knows what was written.

    Attributes:
        last: the last line, empty before the first.
        best: the lowest validation loss in it.
        past: the lines that were there.
    """

    def __init__(self, path: Path, step: int, writes: bool = True) -> None:
        self._path = path
        kept = [line for line in _lines(path) if line["step"] <= step]
        self.past: list[Metrics] = kept
        self.last: Metrics = kept[-1] if kept else {}
        self.best = min((m["val_loss"] for m in kept if "val_loss" in m), default=math.inf)
        self._file: IO[str] | None = None
        if not writes:
            return
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
        fresh.replace(path)
        self._file = path.open("a", encoding="utf-8")

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
        if self._file is None:
            return
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
            if self._file is not None:
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
