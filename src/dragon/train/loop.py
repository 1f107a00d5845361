"""The training loop. There is one: the objective brings the data and the loss.

In: a `ModelConfig`, a `TrainConfig`, a run folder. Out: RUN/last (a checkpoint to resume from),
RUN/best (the lowest validation loss), RUN/metrics.jsonl (one line a step), RUN/config.json.
"""

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from dragon.checkpoint import put_back
from dragon.config import LoraConfig, ModelConfig, TrainConfig
from dragon.errors import ConfigError, DataError
from dragon.model.transformer import Transformer
from dragon.train.adapter import base_hash
from dragon.train.checks import check_fit, tokenizer_folder
from dragon.train.objective import Objective
from dragon.train.objectives import make_objective
from dragon.train.optimizer import bf16_is_fast, learning_rate, make_optimizer
from dragon.train.run_folder import Log, Settings, check_resumed, write_settings
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
        ConfigError: if the folder holds a run already and `resume` is not set, if a resumed run has
            other settings, or if model, data and tokenizer do not fit together.
        DataError: if the data cannot be used, or the loss is no number; the last good checkpoint
            is kept.
        CheckpointError: if a checkpoint cannot be read or written; the one before is kept.
    """
    last = out / "last"
    for folder in (last, out / "best"):
        put_back(folder)
    if last.exists() and not resume:
        raise ConfigError(f"{out} holds a run already.", "Use --resume or another --out.")
    if resume:
        check_resumed(out, Settings(model_config, config, lora))
    check_fit(model_config, config, lora)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    objective = make_objective(model_config, config)
    config = _count_epochs(config, objective)
    model = Transformer(model_config, config.dropout)
    start(model, config, lora, objective.stream, resume)
    model.to(device)
    optimizer = make_optimizer(model, config)
    progress = load_state(last, model, optimizer) if resume else Progress()
    if config.compile:
        model.model.compile()
    base = Base(Path(config.init), base_hash(Path(config.init)), lora) if lora else None
    saver = Saver(tokenizer_folder(config), base, objective.complete)
    write_settings(out, Settings(model_config, config, lora))
    with Log(out / "metrics.jsonl", progress.step) as log:
        return _Run(model, optimizer, objective, config, out, progress, log, saver, watcher).go()


def _count_epochs(config: TrainConfig, objective: Objective) -> TrainConfig:
    """Epochs become steps."""
    if not config.epochs:
        return config
    batches = config.epochs * objective.batches_an_epoch()
    return replace(config, steps=max(1, math.ceil(batches / config.accumulate)))


class _Run:
    """The state of a run while it runs."""

    def __init__(
        self,
        model: Transformer,
        optimizer: torch.optim.Optimizer,
        objective: Objective,
        config: TrainConfig,
        out: Path,
        progress: Progress,
        log: Log,
        saver: Saver,
        watcher: Watcher | None,
    ) -> None:
        self.model, self.optimizer, self.objective = model, optimizer, objective
        self.config, self.out, self.progress = config, out, progress
        self.log, self.saver, self.watcher = log, saver, watcher
        self.device = next(model.parameters()).device
        wanted = config.precision
        self.bf16 = bf16_is_fast(self.device) if wanted == "auto" else wanted == "bf16"
        # The state is saved before its step is evaluated: only the log knows the best loss so far.
        progress.best = min(progress.best, log.best)

    def go(self) -> Metrics:
        """Do the steps that are left; returns the figures of the last one."""
        if self.watcher:
            self.watcher.begin(self.config.steps)
            for note in self.objective.notes():
                self.watcher.note(note)
        if self.progress.step and self.log.step < self.progress.step and self.progress.metrics:
            # Killed after a checkpoint and before its line in the log: finish that step first.
            self._close(self.progress.metrics)
        batches = self.objective.batches(self.progress.step)
        for step in range(self.progress.step, self.config.steps):
            started = time.perf_counter()
            metrics = self._step(step, batches)
            seconds = time.perf_counter() - started
            metrics["tokens_per_s"] = metrics.pop("tokens") / seconds
            self.progress.step = step + 1
            self.progress.seconds += seconds
            self.progress.metrics = metrics
            if self._is_due(self.config.save_every):
                self._save("last", self.optimizer)
            self._close(metrics)
        return self.log.last

    def _close(self, metrics: Metrics) -> None:
        """What follows a step once it is safe: evaluate, log, show."""
        if self._is_due(self.config.eval_every):
            metrics = metrics | self._validate()
        self.log.write(metrics)
        if self.watcher:
            self.watcher.step(metrics)

    def _is_due(self, every: int) -> bool:
        return self.progress.step % every == 0 or self.progress.step == self.config.steps

    def _step(self, step: int, batches: Iterator[Any]) -> Metrics:
        config = self.config
        self.model.train()
        rate = learning_rate(config, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total: Metrics = {"step": step + 1, "loss": 0.0, "lr": rate, "tokens": 0.0}
        for _ in range(config.accumulate):
            batch = next(batches)
            loss, figures = self._loss(batch, train=True)
            (loss / config.accumulate).backward()  # type: ignore[no-untyped-call]
            total["tokens"] += _tokens(batch)
            for name, value in {"loss": loss.detach(), **figures}.items():
                total[name] = total.get(name, 0.0) + float(value) / config.accumulate
        self.progress.tokens += int(total["tokens"])
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip))
        if not math.isfinite(total["loss"] + norm):
            raise DataError(
                f"The loss is {total['loss']} and its gradient {norm} at step {step + 1}.",
                f"Lower train.learning_rate; checkpoints are kept in {self.out}.",
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {**total, "grad_norm": norm}

    def _loss(self, batch: Any, train: bool) -> tuple[Tensor, dict[str, Tensor]]:
        with self._autocast():
            return self.objective.loss(self.model, _to(batch, self.device), train)

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()

    def _validate(self) -> Metrics:
        self.model.eval()
        sums: Metrics = {}
        count = 0
        with torch.no_grad():
            for batch in self.objective.validation():
                loss, figures = self._loss(batch, train=False)
                for name, value in {"loss": loss, **figures}.items():
                    sums[f"val_{name}"] = sums.get(f"val_{name}", 0.0) + float(value)
                count += 1
        means = {name: value / count for name, value in sums.items()}
        if means.get("val_loss", math.inf) < self.progress.best:
            self.progress.best = means["val_loss"]
            self._save("best", None)
        if self.watcher and means:
            said = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
            self.watcher.note(f"step {self.progress.step}: {said}")
        return means

    def _save(self, name: str, optimizer: torch.optim.Optimizer | None) -> None:
        self.saver.save(self.out / name, self.model, optimizer, self.progress)


def _tokens(batch: Any) -> int:
    first: Tensor = batch[0] if isinstance(batch, tuple) else batch.ids
    return first.numel()


def _to(batch: Any, device: torch.device) -> Any:
    if device.type == "cpu":
        return batch
    if isinstance(batch, tuple):
        return tuple(t.to(device, non_blocking=True) for t in batch)
    return type(batch)(*(getattr(batch, f).to(device) for f in batch.__slots__))
