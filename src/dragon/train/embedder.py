"""The embedder objective: a question lies closer to its passage than to any other of the batch.

In: pairs of texts: rows with `question` and `passage` (or `context`), or `anchor` and `positive`.
Out: batches of both sides, and InfoNCE losses with in-batch negatives (van den Oord et al. 2018,
arXiv:1807.03748; Karpukhin et al. 2020, arXiv:2004.04906). A text's vector is the mean of its
states, of length 1, as the engine gives it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from dragon.config import ModelConfig, TrainConfig
from dragon.data.sources import read_rows, source_files
from dragon.errors import DataError
from dragon.model.transformer import Transformer
from dragon.tokenizer import Tokenizer, load_tokenizer
from dragon.train.batches import padded_width
from dragon.train.checks import tokenizer_folder
from dragon.train.objective import Objective

FIELDS = (("question", "passage"), ("question", "context"), ("anchor", "positive"))
HELD_OUT_SHARE = 0.05
FEWEST = 4  # pairs; below there is nothing to tell apart

Ids = npt.NDArray[np.int32]
Pair = tuple[Ids, Ids]
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class EmbedderObjective(Objective):
    """Contrastive learning over pairs; a text too long is cut at its end."""

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        self.config = train
        self.limit = train.sequence_length or model.max_position_embeddings
        tokenizer = load_tokenizer(tokenizer_folder(train))
        pairs = list(read_pairs(Path(train.data), tokenizer, self.limit))
        if train.validation:
            self.train = pairs
            self.val = list(read_pairs(Path(train.validation), tokenizer, self.limit))
        else:
            order = np.random.default_rng(train.seed).permutation(len(pairs)).tolist()
            held = round(HELD_OUT_SHARE * len(pairs)) if len(pairs) >= 10 * FEWEST else 0
            self.train = [pairs[i] for i in sorted(order[held:])]
            self.val = [pairs[i] for i in sorted(order[:held])]
        if len(self.train) < FEWEST:
            raise DataError(
                f"{train.data} holds {len(self.train)} pairs.", f"Give at least {FEWEST}."
            )
        longest = max(len(passage) for _, passage in self.train)
        self.rows = min(len(self.train), max(2, train.batch_tokens // (2 * longest)))

    def batches(self, start_step: int) -> Iterator[Batch]:
        """Ids [B, T] and lengths [B] of questions, then of passages; pair i shares row i."""
        number = start_step * self.config.accumulate
        per_epoch = self.batches_an_epoch()
        while True:
            epoch, at = divmod(number, per_epoch)
            order = np.random.default_rng((self.config.seed, epoch)).permutation(len(self.train))
            chosen = order[at * self.rows : (at + 1) * self.rows]
            yield _batch([self.train[i] for i in chosen], self.limit)
            number += 1

    def batches_an_epoch(self) -> int:
        """Whole batches of all pairs."""
        return len(self.train) // self.rows

    def loss(
        self, model: Transformer, batch: Batch, train: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """InfoNCE in both directions, in nats, and how often the right passage is the nearest."""
        asked, passages = embed(model, batch[0], batch[1]), embed(model, batch[2], batch[3])
        scores = self.config.similarity_scale * asked @ passages.T
        own = torch.arange(len(scores), device=scores.device)
        loss = (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
        return loss, {"nearest": (scores.argmax(-1) == own).float().mean()}

    def count_tokens(self, batch: Batch) -> int:
        """Those of both sides."""
        return batch[0].numel() + batch[2].numel()

    def validation(self) -> Iterator[Batch]:
        """Batches of held-out pairs; none where there are fewer than two."""
        for number in range(self.config.eval_batches):
            pairs = self.val[number * self.rows : (number + 1) * self.rows]
            if len(pairs) > 1:
                yield _batch(pairs, self.limit)

    def stream(self) -> npt.NDArray[np.uint16]:
        """[N] the tokens of all pairs."""
        return np.concatenate([side for pair in self.train for side in pair]).astype(np.uint16)

    def notes(self) -> Iterator[str]:
        """How much there is."""
        yield f"{len(self.train)} pairs, {len(self.val)} held out, {self.rows} a batch"


def embed(model: Transformer, ids: Tensor, lengths: Tensor) -> Tensor:
    """Ids [B, T] of lengths [B] -> vectors [B, C] of length 1, the mean of each text's states."""
    valid = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    states = model.states(ids, None, valid[:, None, None, :]).float()
    return F.normalize((states * valid[..., None]).sum(1), dim=-1)


def read_pairs(path: Path, tokenizer: Tokenizer, limit: int) -> Iterator[Pair]:
    """The pairs of a file or folder, as token ids.

    Raises:
        DataError: naming file and row of the first one that is malformed.
    """
    for file in source_files([path]):
        for number, row in enumerate(read_rows(file), 1):
            yield _pair(row, tokenizer, limit, f"{file}, row {number}")


def _pair(row: dict[str, Any], tokenizer: Tokenizer, limit: int, where: str) -> Pair:
    for one, other in FIELDS:
        texts = row.get(one), row.get(other)
        if all(isinstance(text, str) and text.strip() for text in texts):
            a, b = (np.array(tokenizer.encode(str(t))[:limit], dtype=np.int32) for t in texts)
            return a, b
    raise DataError(
        f"{where} has the fields {', '.join(map(str, row)) or 'none'}.",
        "Give question and passage, or anchor and positive, both text.",
    )


def _batch(pairs: list[Pair], limit: int) -> Batch:
    asked, passages = zip(*pairs, strict=True)
    return (*_padded(asked, limit), *_padded(passages, limit))


def _padded(texts: tuple[Ids, ...], limit: int) -> tuple[Tensor, Tensor]:
    lengths = [len(text) for text in texts]
    ids = np.zeros((len(texts), min(padded_width(max(lengths)), limit)), dtype=np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
    return torch.from_numpy(ids), torch.tensor(lengths)
