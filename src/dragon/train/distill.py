"""The distill objective: a student follows its teachers' distributions (Hinton et al. 2015).

In: a language or a reading set, and teachers with the same vocabulary. Out: the losses of the data
beside the divergence from the teachers, arXiv:1503.02531, section 2: both softened by a temperature
t, the divergence times t squared. Several teachers speak as one, by the geometric mean of their
probabilities: what an ensemble knows in a single model.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dragon.checkpoint import read_config
from dragon.config import ModelConfig, TrainConfig
from dragon.data.shards import read_manifest
from dragon.errors import ConfigError
from dragon.model.transformer import Transformer
from dragon.train.batches import ReadingBatch
from dragon.train.language import LanguageObjective
from dragon.train.objective import Objective
from dragon.train.reader import ReaderObjective, read, trimmed
from dragon.train.start import load_weights


class DistillObjective(Objective):
    """Language or reading, whichever the data is, with teachers beside the answers."""

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        self.config = train
        reading = read_manifest(Path(train.data)).get("kind") == "reading"
        self.inner: Objective = (ReaderObjective if reading else LanguageObjective)(model, train)
        self.teachers = [_open(Path(folder), model, reading) for folder in train.teachers]
        shares = train.teacher_shares or (1.0,) * len(self.teachers)
        self.shares = [share / sum(shares) for share in shares]

    def batches(self, start_step: int) -> Iterator[Any]:
        """Those of the data."""
        return self.inner.batches(start_step)

    def batches_an_epoch(self) -> int:
        """That of the data."""
        return self.inner.batches_an_epoch()

    def validation(self) -> Iterator[Any]:
        """Those of the data."""
        return self.inner.validation()

    def stream(self) -> npt.NDArray[np.uint16]:
        """[N] all training tokens."""
        return self.inner.stream()

    def loss(self, model: Transformer, batch: Any, train: bool) -> tuple[Tensor, dict[str, Tensor]]:
        """(1 - w) x the loss of the data + w x the divergence; validation is by the data alone."""
        if not train:
            return self.inner.loss(model, batch, train)
        if isinstance(batch, ReadingBatch):
            batch = trimmed(batch)
        c, mine = self.config, _distributions(model, batch)
        with torch.no_grad():
            said = [_distributions(teacher.to(mine.device), batch) for teacher in self.teachers]
            theirs = pooled(said, self.shares)
        own = F.cross_entropy(mine, _answers(batch))
        divergence = c.temperature**2 * F.kl_div(
            (mine / c.temperature).log_softmax(-1),
            (theirs / c.temperature).log_softmax(-1),
            reduction="batchmean",
            log_target=True,
        )
        figures = {"data_loss": own.detach(), "divergence": divergence.detach()}
        return (1 - c.teacher_weight) * own + c.teacher_weight * divergence, figures


def pooled(said: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """[N, V] log probabilities of each teacher's logits [N, V], meaned, short of their sum."""
    return torch.stack(
        [share * one.log_softmax(-1) for share, one in zip(shares, said, strict=True)]
    ).sum(0)


def _distributions(model: Transformer, batch: Any) -> Tensor:
    """Logits over the vocabulary, [B * T, V], or over the passage's tokens, [2 B, T]."""
    if not isinstance(batch, ReadingBatch):
        logits: Tensor = model(batch[0])
        return logits.float().flatten(0, 1)
    scores, _ = read(model, batch, batch.ids)
    return scores[batch.answers[:, 0] >= 0].flatten(0, 1)


def _answers(batch: Any) -> Tensor:
    """What is right: token ids [B * T], or positions [2 B]."""
    if not isinstance(batch, ReadingBatch):
        targets: Tensor = batch[1]
        return targets.flatten()
    return batch.answers[batch.answers[:, 0] >= 0].flatten()


def _open(folder: Path, student: ModelConfig, reading: bool) -> Transformer:
    config = read_config(folder)
    for name in ("vocab_size", *(["reader_features"] if reading else [])):
        if getattr(config, name) != getattr(student, name):
            raise ConfigError(
                f"The teacher {folder} has {name} {getattr(config, name)}, the student "
                f"{getattr(student, name)}.",
                f"Set model.{name} to the teacher's, or name another teacher.",
            )
    if config.max_position_embeddings < student.max_position_embeddings:
        raise ConfigError(
            f"The teacher {folder} reads {config.max_position_embeddings} tokens, the student "
            f"{student.max_position_embeddings}.",
            f"Set model.max_position_embeddings={config.max_position_embeddings}.",
        )
    teacher = Transformer(config)
    load_weights(folder, teacher)
    return teacher.requires_grad_(False).eval()
