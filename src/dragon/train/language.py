"""The language objective: the next token of running text.

In: a language set. Out: random windows of it, and their losses.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dragon.config import ModelConfig, TrainConfig
from dragon.data.shards import language_tokens
from dragon.errors import DataError
from dragon.model.transformer import Transformer
from dragon.train.batches import language_batch
from dragon.train.cross_entropy import next_token_loss
from dragon.train.objective import Objective


class LanguageObjective(Objective):
    """Next-token prediction over random windows of a language set."""

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        self.config = train
        self.length = train.sequence_length or model.max_position_embeddings
        self.tokens = language_tokens(Path(train.data), "train")
        self.val = language_tokens(Path(train.validation or train.data), "val")
        if len(self.tokens) < self.length + 2:
            raise DataError(
                f"{train.data} has {len(self.tokens)} tokens; a window takes {self.length + 1}.",
                "Give more text or a smaller train.sequence_length.",
            )

    def batches(self, start_step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Random windows: inputs and targets, [B, T] each."""
        c = self.config
        rows = max(1, c.batch_tokens // self.length)
        number = start_step * c.accumulate
        while True:
            rng = np.random.default_rng((c.seed, number))
            yield language_batch(self.tokens, rows, self.length, rng)
            number += 1

    def loss(
        self, model: Transformer, batch: tuple[Tensor, Tensor], train: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy of the next token, in nats."""
        loss = next_token_loss(model, *batch)
        return loss, {"perplexity": loss.detach().exp()}

    def batches_an_epoch(self) -> int:
        """Batches with as many tokens as there are."""
        return -(-len(self.tokens) // max(self.length, self.config.batch_tokens))

    def stream(self) -> npt.NDArray[np.uint16]:
        """[N] all training tokens."""
        return self.tokens

    def validation(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Windows of the val split, shorter where it is short; none where it is empty."""
        c = self.config
        rows = max(1, c.batch_tokens // self.length)
        length = min(self.length, len(self.val) - 2)
        if length < 1:
            return
        rng = np.random.default_rng((c.seed, 1 << 40))
        for _ in range(c.eval_batches):
            yield language_batch(self.val, rows, length, rng)
