"""The reader's objective: where in a passage the answer stands, or that it does not.

In: a reading set. Out: batches of prompts of like length, and their losses.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dragon.config import ModelConfig, TrainConfig
from dragon.data.shards import ReadingSet
from dragon.errors import DataError
from dragon.model.transformer import Transformer
from dragon.tokenizer.reading import MATCHES, SEG_TEXT
from dragon.train.batches import ReadingBatch, epoch_batches, reading_batch, reading_order
from dragon.train.objective import Objective

MASK_TOKEN = 8  # <|reserved_0|>


class ReaderObjective(Objective):
    """Start and end of the answer over the passage and the no-answer position.

    With `mask_share` a part of the passage is hidden and predicted as well, which teaches the
    body the language at little cost: the vocabulary is only computed where something is hidden.
    """

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        self.config = train
        self.data = ReadingSet(Path(train.data), "train")
        self.val = ReadingSet(Path(train.validation or train.data), "val")
        for data in (self.data, self.val):
            longest = int(_lengths(data).max(initial=0))
            if longest > model.max_position_embeddings:
                raise DataError(
                    f"{train.data} has a prompt of {longest} tokens and "
                    f"model.max_position_embeddings is {model.max_position_embeddings}.",
                    f"Set model.max_position_embeddings={longest}, or prepare the data with a "
                    "smaller max_tokens.",
                )

    def batches(self, start_step: int) -> Iterator[ReadingBatch]:
        """Batches of prompts of like length."""
        c = self.config
        order = reading_order(_lengths(self.data), c.batch_tokens, c.seed)
        for indices in islice(order, start_step * c.accumulate, None):
            yield reading_batch(self.data, indices, c.batch_tokens)

    def loss(
        self, model: Transformer, batch: ReadingBatch, train: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Cross-entropy of start and end, plus that of the hidden tokens."""
        if model.config.reader_head == "recurrent":
            batch = trimmed(batch)  # reading backwards begins on the padding
        share = self.config.mask_share if train else 0.0
        ids, hidden = hide(batch, share) if share else (batch.ids, None)
        scores, states = read(model, batch, ids)
        loss = F.cross_entropy(scores.flatten(0, 1), batch.answers.flatten(), ignore_index=-1)
        figures = {"span_loss": loss.detach()}
        if not train:
            figures |= span_figures(scores, batch.answers)
        if hidden is not None:
            targets = batch.ids[hidden]
            masked = F.cross_entropy(model.language(states[hidden]).float(), targets)
            figures["mask_loss"] = masked.detach()
            loss = loss + self.config.mask_weight * masked
        return loss, figures

    def stream(self) -> npt.NDArray[np.uint16]:
        """[N] the tokens of all training prompts."""
        return self.data.ids

    def batches_an_epoch(self) -> int:
        """Batches in which each prompt stands once."""
        return epoch_batches(_lengths(self.data), self.config.batch_tokens, self.config.seed)

    def validation(self) -> Iterator[ReadingBatch]:
        """Batches of the val split; none where it is empty."""
        if not len(self.val):
            return
        c = self.config
        order = reading_order(_lengths(self.val), c.batch_tokens, c.seed)
        for indices in islice(order, c.eval_batches):
            yield reading_batch(self.val, indices, c.batch_tokens)


def read(model: Transformer, batch: ReadingBatch, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Start and end scores [B, 2, T] of a batch with these ids, and the states [B, T, C]."""
    valid = torch.arange(ids.shape[1], device=ids.device) < batch.lengths[:, None]
    states = model.states(ids, batch.features, valid[:, None, None, :])
    scores = model.read(states, batch.features, valid).float()
    return candidate_scores(scores, batch.features, valid), states


def trimmed(batch: ReadingBatch) -> ReadingBatch:
    """The same prompts without the columns that are padding in all of them."""
    longest = int(batch.lengths.max())
    return replace(batch, ids=batch.ids[:, :longest], features=batch.features[:, :longest])


def candidate_scores(scores: Tensor, features: Tensor, valid: Tensor) -> Tensor:
    """[B, T, 2] -> [B, 2, T] with -1e4 wherever no answer can begin or end."""
    allowed = (features[..., 0] >= SEG_TEXT * MATCHES) & valid
    allowed[:, 0] = True
    return scores.masked_fill(~allowed[..., None], -1e4).transpose(1, 2)


def span_figures(scores: Tensor, answers: Tensor) -> dict[str, Tensor]:
    """Share of prompts whose best start and end are both right, with and without an answer."""
    right = (scores.argmax(-1) == answers).all(1).float()
    real = answers[:, 0] >= 0
    has = real & (answers[:, 0] > 0)
    none = real & (answers[:, 0] == 0)
    return {
        "exact": (right * has).sum() / has.sum().clamp_min(1),
        "abstained": (right * none).sum() / none.sum().clamp_min(1),
    }


def hide(batch: ReadingBatch, share: float) -> tuple[Tensor, Tensor]:
    """Replace a share of the passage's tokens, never the answer's, by the mask token."""
    at = torch.arange(batch.ids.shape[1], device=batch.ids.device)
    answer = (at >= batch.answers[:, :1]) & (at <= batch.answers[:, 1:])
    text = batch.features[..., 0] >= SEG_TEXT * MATCHES
    hidden = (torch.rand(batch.ids.shape, device=batch.ids.device) < share) & text & ~answer
    hidden[0, 0] = True  # never empty, so that shapes and means stay defined
    return batch.ids.masked_fill(hidden, MASK_TOKEN), hidden


def _lengths(data: ReadingSet) -> npt.NDArray[np.int64]:
    lengths: npt.NDArray[np.int64] = data.table["length"].astype(np.int64)
    return lengths
