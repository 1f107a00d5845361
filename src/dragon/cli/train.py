"""`dragon train`: a configuration becomes a model, with a bar that says how it goes."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragon.config import DataConfig, LoraConfig, ModelConfig, TrainConfig, from_dict, read_toml
from dragon.errors import DragonError, InputError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from dragon.train.run_folder import Settings


def train(
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints and log.")],
    config: Annotated[
        Path | None, typer.Option(help="TOML file; --resume alone takes the run's own settings.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="section.key=value, over the file's; may be repeated."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run stopped.")] = False,
    log_every: Annotated[
        int, typer.Option(help="Steps a line where there is no terminal.", min=1)
    ] = 20,
) -> None:
    """Train a model from a configuration."""
    loop = _load_loop()
    model, settings, lora = _settings(config, changes or [], out, resume)
    with _Screen(settings.steps, log_every) as screen:
        try:
            figures = loop.train(model, settings, out, lora=lora, resume=resume, watcher=screen)
        except KeyboardInterrupt:
            screen.note(_how_to_resume(out))
            raise
    if os.environ.get("RANK", "0") == "0":  # of several processes, one tells
        print(_summary(out, figures))


def _load_loop() -> Any:
    try:
        from dragon.train import loop
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise DragonError(
            "Training needs PyTorch, which is not installed.", "Run: make install."
        ) from None
    return loop


def _settings(file: Path | None, changes: list[str], out: Path, resume: bool) -> "Settings":
    """The configurations; data that the file describes instead of naming is prepared."""
    from dragon.train.run_folder import Settings, read_settings

    if file is None:
        if not resume:
            raise InputError("No --config is given.", "Name one of configs/*.toml.")
        if changes:
            raise InputError("--set needs --config.", "Give the file that the run began with.")
        return read_settings(out)
    table = read_toml(file, changes)
    values = table.get("train", {})
    model = _model(table.get("model", {}), values)
    lora = from_dict(LoraConfig, table["lora"], "lora") if "lora" in table else None
    if "data" not in table or values.get("data"):
        return Settings(model, from_dict(TrainConfig, values, "train"), lora)
    data = from_dict(DataConfig, table["data"], "data")
    # Checked first with the folder to come: nobody wants to hear of a typing error afterwards.
    values["data"] = str(out / "data")
    settings = Settings(model, from_dict(TrainConfig, values, "train"), lora)
    _prepare_once(data, out / "data", resume)
    return settings


def _model(values: dict[str, Any], train: dict[str, Any]) -> ModelConfig:
    """The section [model]; what it leaves out is as in the model that training starts from."""
    if isinstance(train.get("init"), str) and train["init"]:
        from dragon.checkpoint import read_config
        from dragon.models import model_folder

        folder = model_folder(train["init"])
        train["init"] = str(folder)
        values = asdict(read_config(folder)) | values
    return from_dict(ModelConfig, values, "model")


def _prepare_once(data: DataConfig, folder: Path, resume: bool) -> None:
    from dragon.cli.data import summary
    from dragon.cli.progress import moving
    from dragon.data.prepare import is_prepared, prepare

    if is_prepared(data, folder):
        return
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise InputError(
            f"{folder} is not there yet, and several processes cannot make it together.",
            "Run `dragon data prepare` first and set train.data to its folder.",
        )
    if resume and folder.exists():
        raise InputError(
            f"The section [data] is not the one that {folder} was made with.",
            "Resume with the settings it had, or start another run.",
        )
    with moving() as progress:
        manifest = prepare(data, folder, progress)
    print(summary(folder, manifest), file=sys.stderr)


class _Screen:
    """A bar with tokens/s, loss and time left; a plain line now and then where nobody watches."""

    def __init__(self, steps: int, log_every: int) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._steps, self._every = steps, log_every
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._loss: float | None = None

    def __enter__(self) -> "_Screen":
        if self._console.is_terminal:
            self._bar = self._make_bar()
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, steps: int) -> None:
        """Know how many steps there will be."""
        self._steps = steps

    def step(self, metrics: dict[str, float]) -> None:
        """Show one step."""
        # A single step says little: what is shown is a running mean over some fifty.
        loss = metrics["loss"]
        self._loss = loss if self._loss is None else self._loss + (loss - self._loss) / 50
        step, rate = int(metrics["step"]), metrics["tokens_per_s"]
        if self._bar is None:
            if step % self._every == 0 or step == self._steps:
                self.note(f"step {step}/{self._steps}  loss {self._loss:.4f}  {rate:,.0f} tokens/s")
        elif self._task is None:
            self._task = self._bar.add_task(
                "", total=self._steps, completed=step, loss=self._loss, rate=rate
            )
        else:
            self._bar.update(self._task, completed=step, loss=self._loss, rate=rate)

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, markup=False)

    def _make_bar(self) -> "Progress":
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        return Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TextColumn("{task.fields[rate]:,.0f} tokens/s"),
            TimeRemainingColumn(),
            console=self._console,
        )


def _how_to_resume(out: Path) -> str:
    if (out / "last").exists():
        return f"Stopped; {out / 'last'} is whole. Go on: dragon train --out {out} --resume"
    return "Stopped before the first checkpoint: the same command starts again."


def _summary(out: Path, figures: dict[str, float]) -> str:
    shown = [f"{int(figures.get('step', 0))} steps"]
    for name in ("loss", "val_loss", "val_perplexity", "val_exact", "val_abstained"):
        if name in figures:
            shown.append(f"{name} {figures[name]:.4f}")
    best = out / "best"
    return f"{best if best.exists() else out / 'last'}: {', '.join(shown)}"
