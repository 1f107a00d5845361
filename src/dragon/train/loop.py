"""The training loop. There is one: the objective brings the data and the loss.

In: a `ModelConfig`, a `TrainConfig`, a run folder. Out: RUN/last (a checkpoint that can be resumed),
RUN/best (the lowest validation loss), RUN/metrics.jsonl (one line a step), RUN/config.json.
"""

import json
import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Protocol

import torch
from torch import Tensor

from dragon.config import ModelConfig, TrainConfig
from dragon.errors import ConfigError, DataError
from dragon.model.transformer import Transformer
from dragon.train.embeddings import cooccurrence_embeddings
from dragon.train.objectives import Objective, make_objective
from dragon.train.state import load_state, load_weights, save


class Watcher(Protocol):
    """Sees each step; a progress bar, say."""

    def step(self, metrics: dict[str, float]) -> None:
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
    resume: bool = False,
    watcher: Watcher | None = None,
) -> dict[str, float]:
    """Train a model into a run folder.

    Args:
        model_config: shape of the network; ignored tensors of `config.init` keep initial values.
        config: see `TrainConfig`.
        out: the run folder.
        resume: go on from RUN/last, exactly as if the run had never stopped.
        watcher: is told of each step.

    Returns:
        The last validation figures.

    Raises:
        ConfigError: if the folder holds a run already and `resume` is not set.
        DataError: if the loss is not a number; the last good checkpoint is kept.
    """
    last = out / "last"
    if last.exists() and not resume:
        raise ConfigError(f"{out} holds a run already.", "Use --resume or another --out.")
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    objective = make_objective(model_config, config)
    model = Transformer(model_config, config.dropout)
    _initialise(model, config, objective, resume)
    model.to(device)
    optimizer = make_optimizer(model, config, fused=True)
    progress: dict[str, Any] = {"step": 0, "best": math.inf, "tokens": 0, "seconds": 0.0}
    if resume:
        progress |= load_state(last, model, optimizer)
    if config.compile:
        model.model.compile()
    out.mkdir(parents=True, exist_ok=True)
    settings = {"model": asdict(model_config), "train": asdict(config)}
    (out / "config.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    _forget_after(out / "metrics.jsonl", progress["step"])
    with (out / "metrics.jsonl").open("a", encoding="utf-8") as log:
        run = _Run(model, optimizer, objective, config, out, device, progress, log, watcher)
        return run.go()


def make_optimizer(
    model: Transformer, config: TrainConfig, fused: bool = False
) -> torch.optim.Optimizer:
    """AdamW; matrices decay, norms, biases and embedding tables do not."""
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        is_matrix = parameter.dim() > 1 and "embed" not in name and "features" not in name
        (decayed if is_matrix else plain).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    betas = (config.beta1, config.beta2)
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=betas, fused=fused)


def learning_rate(config: TrainConfig, step: int) -> float:
    """Linear warm-up, then a cosine from the peak to the minimum at the last step.

    >>> c = TrainConfig(steps=10, warmup_steps=2, learning_rate=1.0, min_learning_rate=0.1)
    >>> [round(learning_rate(c, s), 2) for s in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    span = max(1, config.steps - config.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, (step - config.warmup_steps) / span)))
    return config.min_learning_rate + fall * (config.learning_rate - config.min_learning_rate)


def bf16_is_fast(device: torch.device) -> bool:
    """True where products in bf16 are computed by the hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    flags = Path("/proc/cpuinfo")
    text = flags.read_text("utf-8") if flags.exists() else ""
    return "avx512_bf16" in text or "amx_bf16" in text


class _Run:
    """The state of a run while it runs."""

    def __init__(
        self,
        model: Transformer,
        optimizer: torch.optim.Optimizer,
        objective: Objective,
        config: TrainConfig,
        out: Path,
        device: torch.device,
        progress: dict[str, Any],
        log: IO[str],
        watcher: Watcher | None,
    ) -> None:
        self.model, self.optimizer, self.objective = model, optimizer, objective
        self.config, self.out, self.device = config, out, device
        self.progress, self.log, self.watcher = progress, log, watcher
        wanted = config.precision
        self.bf16 = bf16_is_fast(device) if wanted == "auto" else wanted == "bf16"

    def go(self) -> dict[str, float]:
        config, figures = self.config, dict[str, float]()
        batches = self.objective.batches(self.progress["step"])
        for step in range(self.progress["step"], config.steps):
            started = time.perf_counter()
            metrics = self._step(step, batches)
            seconds = time.perf_counter() - started
            self.progress["step"] = step + 1
            self.progress["seconds"] += seconds
            metrics["tokens_per_s"] = metrics.pop("tokens") / seconds
            finished = step + 1 == config.steps
            if (step + 1) % config.save_every == 0 or finished:
                self._save("last")
            if (step + 1) % config.eval_every == 0 or finished:
                figures = self._validate()
                metrics |= figures
            self.log.write(json.dumps(metrics) + "\n")
            self.log.flush()
            if self.watcher:
                self.watcher.step(metrics)
        return figures

    def _step(self, step: int, batches: Iterator[Any]) -> dict[str, float]:
        config = self.config
        self.model.train()
        rate = learning_rate(config, step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total: dict[str, float] = {"step": step + 1, "loss": 0.0, "lr": rate, "tokens": 0.0}
        for _ in range(config.accumulate):
            batch = next(batches)
            loss, figures = self._loss(batch, train=True)
            (loss / config.accumulate).backward()  # type: ignore[no-untyped-call]
            total["tokens"] += _tokens(batch)
            for name, value in {"loss": loss.detach(), **figures}.items():
                total[name] = total.get(name, 0.0) + float(value) / config.accumulate
        self.progress["tokens"] += int(total["tokens"])
        if not math.isfinite(total["loss"]):
            raise DataError(
                f"The loss is {total['loss']} at step {step + 1}.",
                f"{self.out / 'last'} is the last good checkpoint; lower train.learning_rate.",
            )
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {**total, "grad_norm": float(norm)}

    def _loss(self, batch: Any, train: bool) -> tuple[Tensor, dict[str, Tensor]]:
        with self._autocast():
            return self.objective.loss(self.model, _to(batch, self.device), train)

    def _autocast(self) -> AbstractContextManager[Any]:
        if not self.bf16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _validate(self) -> dict[str, float]:
        self.model.eval()
        sums: dict[str, float] = {}
        count = 0
        with torch.no_grad():
            for batch in self.objective.validation():
                loss, figures = self._loss(batch, train=False)
                for name, value in {"loss": loss, **figures}.items():
                    sums[f"val_{name}"] = sums.get(f"val_{name}", 0.0) + float(value)
                count += 1
        figures_mean = {name: value / count for name, value in sums.items()}
        if figures_mean.get("val_loss", math.inf) < self.progress["best"]:
            self.progress["best"] = figures_mean["val_loss"]
            self._save("best")
        if self.watcher and figures_mean:
            said = ", ".join(f"{n} {v:.3f}" for n, v in figures_mean.items())
            self.watcher.note(f"step {self.progress['step']}: {said}")
        return figures_mean

    def _save(self, name: str) -> None:
        tokenizer = Path(self.config.tokenizer) if self.config.tokenizer else None
        optimizer = self.optimizer if name == "last" else None
        save(self.out / name, self.model, tokenizer, optimizer, dict(self.progress))


def _initialise(
    model: Transformer, config: TrainConfig, objective: Objective, resume: bool
) -> None:
    if resume:
        return
    if config.init:
        load_weights(Path(config.init), model)
    elif config.embeddings == "cooccurrence":
        c = model.config
        tokens = objective.stream()
        with torch.no_grad():
            model.model.embed_tokens.weight.copy_(
                cooccurrence_embeddings(tokens, c.vocab_size, c.hidden_size, seed=config.seed)
            )


def _tokens(batch: Any) -> int:
    first: Tensor = batch[0] if isinstance(batch, tuple) else batch.ids
    return first.numel()


def _to(batch: Any, device: torch.device) -> Any:
    if device.type == "cpu":
        return batch
    if isinstance(batch, tuple):
        return tuple(t.to(device, non_blocking=True) for t in batch)
    return type(batch)(*(getattr(batch, f).to(device) for f in batch.__slots__))


def _forget_after(log: Path, step: int) -> None:
    """Drop lines that a killed run logged after its last checkpoint."""
    if not log.exists():
        return
    lines = log.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    log.write_text("".join(kept), "utf-8")
