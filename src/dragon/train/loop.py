"""The training loop. There is one: the objective brings the data and the loss.

In: a `ModelConfig`, a `TrainConfig`, a run folder. Out: RUN/last (a checkpoint to resume from),
RUN/best (the lowest validation loss), RUN/metrics.jsonl (one line a step), RUN/config.json.
"""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch

from dragon.checkpoint import put_back
from dragon.config import LoraConfig, ModelConfig, TrainConfig
from dragon.errors import ConfigError
from dragon.model.transformer import Transformer
from dragon.train.adapter import base_hash
from dragon.train.board import Board, check_board
from dragon.train.checks import check_fit, tokenizer_folder
from dragon.train.guard import Guard
from dragon.train.lock import locked
from dragon.train.moving_average import MovingAverage
from dragon.train.objective import Objective
from dragon.train.objectives import make_objective
from dragon.train.optimizer import Optimizers, make_optimizer
from dragon.train.precision import Precision, flops_per_token, peak_flops
from dragon.train.processes import Processes, join_processes
from dragon.train.run_folder import Log, Settings, check_resumed, write_settings
from dragon.train.schedule import learning_rate
from dragon.train.spread import Spread, whole
from dragon.train.start import start
from dragon.train.state import Base, Metrics, Progress, Saver, load_state


class Watcher(Protocol):
    """Sees each step; a progress bar, say."""

    def begin(self, steps: int) -> None:
        """Called before the first step with how many there will be."""
        ...

    def step(self, metrics: Metrics) -> None:
        """Called after each step with what metrics.jsonl gets."""
        ...

    def note(self, text: str) -> None:
        """Called with a line worth keeping on the screen."""
        ...


def train(
    model_config: ModelConfig,
    config: TrainConfig,
    out: Path,
    *,
    lora: LoraConfig | None = None,
    resume: bool = False,
    watcher: Watcher | None = None,
) -> Metrics:
    """Train a model into a run folder.

    Args:
        model_config: shape of the network.
        config: see `TrainConfig`; tensors that `config.init` lacks keep their initial values.
        out: the run folder.
        lora: train low-rank updates of `config.init` alone; checkpoints are adapters then.
        resume: go on from RUN/last, exactly as if the run had never stopped.
        watcher: is told of each step.

    Returns:
        The figures of the last step, those of the validation (`val_...`) among them.

    Raises:
        ConfigError: if the folder holds a run already and `resume` is not set, is in use by another
            process, if a resumed run has other settings, or if model, data and tokenizer do not fit
            together.
        DataError: if the data cannot be used, the loss is no number or runs away; the last good
            checkpoint is kept.
        CheckpointError: if a checkpoint cannot be read or written; the one before is kept.
    """
    with join_processes(config) as processes, ExitStack() as held:
        if processes.is_first and out.exists():
            held.enter_context(locked(out))
        last = out / "last"
        if processes.is_first:
            for folder in (last, out / "best"):
                put_back(folder)
        if last.exists() and not resume:
            raise ConfigError(f"{out} holds a run already.", "Use --resume or another --out.")
        if resume:
            check_resumed(out, Settings(model_config, config, lora))
        check_fit(model_config, config, lora)
        check_board(config)
        run = _Run(model_config, config, out, lora, resume, processes)
        if processes.is_first and not out.exists():
            held.enter_context(locked(out))
        processes.wait()
        return run.go(watcher if processes.is_first else None)


def _count_epochs(config: TrainConfig, objective: Objective) -> TrainConfig:
    """Epochs become steps."""
    if not config.epochs:
        return config
    batches = config.epochs * objective.batches_an_epoch()
    return replace(config, steps=max(1, math.ceil(batches / config.accumulate)))


class _Run:
    """The parts of a run, and its state while it runs."""

    def __init__(
        self,
        model_config: ModelConfig,
        config: TrainConfig,
        out: Path,
        lora: LoraConfig | None,
        resume: bool,
        processes: Processes,
    ) -> None:
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.out, self.processes = out, processes
        self.precision = Precision(config, processes.device)
        self.objective = make_objective(model_config, config)
        self.config = config = _count_epochs(config, self.objective)
        self.settings = Settings(model_config, config, lora)
        self.model = Transformer(model_config, config.dropout)
        start(self.model, config, lora, self.objective.stream, out / "last" if resume else None)
        self.model.to(processes.device)
        self.model.model.checkpointing = config.activation_checkpointing
        self.spread = Spread(self.model, self.objective, config, processes)
        self.optimizer: Optimizers = make_optimizer(self.model, config)
        self.progress, own = Progress(), dict[str, torch.Tensor]()
        if resume:
            self.progress, own = load_state(
                out / "last", self.model, self.optimizer, self.precision.scaler
            )
        self.average = MovingAverage(self.model, config.ema)
        self.average.resume(own)
        if config.compile:
            self.model.model.compile()
        base = Base(Path(config.init), base_hash(Path(config.init)), lora) if lora else None
        self.saver = Saver(tokenizer_folder(config), base, self.objective.complete, processes)
        self.peak = peak_flops(processes.device)

    def go(self, watcher: Watcher | None) -> Metrics:
        """Do the steps that are left; returns the figures of the last one."""
        self.watcher = watcher
        if self.processes.is_first:
            write_settings(self.out, self.settings)
        first, path = self.processes.is_first, self.out / "metrics.jsonl"
        folder = self.out / "tensorboard" if self.config.tensorboard and first else None
        with (
            Log(path, self.progress.step, first) as self.log,
            Board(folder, self.log.step + 1) as self.board,
        ):
            # The state is saved before its step is evaluated: only the log knows the best so far.
            self.progress.best = min(self.progress.best, self.log.best)
            unlogged = self.log.step < self.progress.step and bool(self.progress.metrics)
            lines = [*self.log.past, *([self.progress.metrics] if unlogged else [])]
            self.guard = Guard(self.config, lines)
            if watcher:
                watcher.begin(self.config.steps)
                for note in self.objective.notes():
                    watcher.note(note)
            self._steps(unlogged)
            return self.log.last

    def _steps(self, unlogged: bool) -> None:
        if self.guard.is_stale or self.objective.is_done(self.log.last):
            return
        # Killed after a checkpoint and before its line in the log: finish that step first.
        if unlogged and self._close(self.progress.metrics):
            return
        mine = self.processes
        batches = islice(self.objective.batches(self.progress.step), mine.rank, None, mine.count)
        for step in range(self.progress.step, self.config.steps):
            started = time.perf_counter()
            metrics = self._step(step, batches)
            seconds = time.perf_counter() - started
            metrics["tokens_per_s"] = metrics.pop("tokens") / seconds
            if self.peak:
                used = metrics["tokens_per_s"] * metrics.pop("flops_per_token")
                metrics["mfu"] = used / (self.peak * mine.count)
            self.progress.step = step + 1
            self.progress.seconds += seconds
            self.progress.metrics = metrics
            saved = self._is_due(self.config.save_every) and self.guard.is_calm()
            if saved:
                self._save("last", self.optimizer)
            if self._close(metrics):
                if not saved:
                    self._save("last", self.optimizer)
                return

    def _close(self, metrics: Metrics) -> bool:
        """What follows a step once it is safe: evaluate, log, show; True where the run is over."""
        over = False
        if self._is_due(self.config.eval_every):
            metrics = metrics | self._validate()
            over = self.guard.evaluated(metrics) or self.objective.is_done(metrics)
        self.log.write(metrics)
        self.board.write(metrics)
        if self.watcher:
            self.watcher.step(metrics)
            if over and self.progress.step < self.config.steps:
                why = "its aim is reached" if self.objective.is_done(metrics) else "val_loss rests"
                self.watcher.note(f"step {self.progress.step}: stopped, {why}")
        return over

    def _is_due(self, every: int) -> bool:
        return self.progress.step % every == 0 or self.progress.step == self.config.steps

    def _step(self, step: int, batches: Iterator[Any]) -> Metrics:
        config = self.config
        self.model.train()
        rate = learning_rate(config, step)
        self.optimizer.set_rate(rate)
        passes = config.accumulate // self.processes.count
        total: Metrics = {"loss": 0.0, "tokens": 0.0}
        for number in range(passes):
            batch = next(batches)
            with self.spread.summing(last=number == passes - 1), self.precision.autocast():
                loss, figures = self.spread(_to(batch, self.processes.device), True)
            self.precision.scaler.scale(loss / passes).backward()  # type: ignore[no-untyped-call]
            total["tokens"] += self.objective.count_tokens(batch)
            if self.peak:
                width = _width(batch)
                total["flops_per_token"] = flops_per_token(self.model.config, width)
            for name, value in {"loss": loss.detach(), **figures}.items():
                total[name] = total.get(name, 0.0) + float(value) / passes
        total = self.processes.mean(total)
        total["tokens"] *= self.processes.count
        self.progress.tokens += int(total["tokens"])
        norm = self._clip()
        finite_loss = self.precision.scaler.is_enabled() and math.isinf(norm)
        self.guard.step(total["loss"], 0.0 if finite_loss else norm, step + 1, self.out)
        self.optimizer.step(self.precision.scaler)
        self.average.update(step + 1)
        loss_first = {"step": step + 1, "loss": total.pop("loss"), "lr": rate}
        return {**loss_first, **total, "grad_norm": norm}

    def _clip(self) -> float:
        for part in self.optimizer.parts:
            self.precision.scaler.unscale_(part)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        return float(whole(norm))

    def _validate(self) -> Metrics:
        self.model.eval()
        sums: Metrics = {}
        batches = list(self.objective.validation())
        rank, count = self.processes.rank, self.processes.count
        with torch.no_grad(), self.average.in_place():
            # All processes take part in each round: a sharded model needs every one of them.
            for first in range(0, len(batches), count):
                mine = first + rank < len(batches)
                batch = batches[first + rank if mine else first]
                with self.precision.autocast():
                    loss, figures = self.spread(_to(batch, self.processes.device), False)
                for name, value in {"loss": loss, **figures}.items():
                    sums[name] = sums.get(name, 0.0) + float(value) * mine
            sums = self.processes.mean(sums)
            means = {f"val_{n}": value * count / len(batches) for n, value in sums.items()}
            if means.get("val_loss", math.inf) < self.progress.best:
                self.progress.best = means["val_loss"]
                self._save("best", None)
            means |= self.objective.figures(self.model)
        if self.watcher and means:
            said = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
            self.watcher.note(f"step {self.progress.step}: {said}")
        return means

    def _save(self, name: str, optimizer: Optimizers | None) -> None:
        own = self.average.live() if optimizer else {}
        with self.average.in_place():
            self.saver.save(
                self.out / name, self.model, optimizer, self.precision.scaler, self.progress, own
            )


def _width(batch: Any) -> int:
    ids: torch.Tensor = batch[0] if isinstance(batch, tuple) else batch.ids
    return ids.shape[1]


def _to(batch: Any, device: torch.device) -> Any:
    if device.type == "cpu":
        return batch
    if isinstance(batch, tuple):
        return tuple(t.to(device, non_blocking=True) for t in batch)
    return type(batch)(*(getattr(batch, f).to(device) for f in batch.__slots__))
