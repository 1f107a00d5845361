"""The instruct objective: what the assistant says, given what was said before.

In: conversations and the chat template of the model. Out: batches of sequences of like length, and
the loss of the assistant's tokens alone.
"""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dragon.checkpoint import TOKENIZER_CONFIG_FILE
from dragon.config import ModelConfig, TrainConfig
from dragon.errors import DataError, DragonError
from dragon.model.transformer import Transformer
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.foreign import read_object
from dragon.train.batches import epoch_batches, padded_width, reading_order
from dragon.train.chat import ChatFormat, Example
from dragon.train.checks import tokenizer_folder
from dragon.train.conversations import read_conversations
from dragon.train.cross_entropy import next_token_loss
from dragon.train.objective import Objective

NOT_LEARNED = -100
HELD_OUT_SHARE = 0.05
FEWEST_TO_HOLD_OUT = 10

Batch = tuple[Tensor, Tensor, Tensor]


class InstructObjective(Objective):
    """Cross-entropy of the assistant's tokens; a conversation too long is cut at its end.

    Where no other validation is named, every twentieth conversation is kept out of training.
    """

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        self.config = train
        self.limit = train.sequence_length or model.max_position_embeddings
        folder = tokenizer_folder(train)
        self.format = ChatFormat(folder, load_tokenizer(folder))
        self.cut = self.left_out = 0
        talks = self._read(Path(train.data))
        if train.validation:
            self.train, self.val = _joined(talks), _joined(self._read(Path(train.validation)))
        else:
            self.train, self.val = _split(talks, train.seed)
        if not self.train:
            raise DataError(
                f"{train.data} holds no conversation whose answer begins within {self.limit} "
                "tokens.",
                "Give others, or a larger train.sequence_length.",
            )

    def batches(self, start_step: int) -> Iterator[Batch]:
        """Inputs [B, T], targets [B, T] (-100 where nothing is learned), prompt lengths [B]."""
        c = self.config
        order = reading_order(_lengths(self.train), c.batch_tokens, c.seed)
        for indices in islice(order, start_step * c.accumulate, None):
            yield self._batch([self.train[i] for i in indices])

    def batches_an_epoch(self) -> int:
        """Batches in which each conversation stands once."""
        return epoch_batches(_lengths(self.train), self.config.batch_tokens, self.config.seed)

    def loss(
        self, model: Transformer, batch: Batch, train: bool
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean cross-entropy of the assistant's tokens, in nats."""
        ids, targets, prefix = batch
        loss = next_token_loss(model, ids, targets, targets != NOT_LEARNED, prefix)
        return loss, {"perplexity": loss.detach().exp()}

    def validation(self) -> Iterator[Batch]:
        """Batches of what is held out; none where that is nothing."""
        if self.val:
            c = self.config
            order = reading_order(_lengths(self.val), c.batch_tokens, c.seed)
            for indices in islice(order, c.eval_batches):
                yield self._batch([self.val[i] for i in indices])

    def stream(self) -> npt.NDArray[np.uint16]:
        """[N] the tokens of all training conversations."""
        return np.concatenate([e.ids for e in self.train]).astype(np.uint16)

    def notes(self) -> Iterator[str]:
        """How much there is, and what did not fit."""
        learned = sum(int(e.learned.sum()) for e in self.train)
        yield (
            f"{len(self.train)} conversations with {learned} tokens to learn, "
            f"{len(self.val)} held out"
        )
        if self.cut or self.left_out:
            yield (
                f"{self.cut} cut at {self.limit} tokens, {self.left_out} left out whose answer "
                "begins later"
            )

    def complete(self, folder: Path) -> None:
        """Write the chat template where the model had none, so that it is spoken to alike."""
        if self.format.is_new:
            path = folder / TOKENIZER_CONFIG_FILE
            template = {"chat_template": self.format.template.source, **self.format.template.names}
            path.write_text(json.dumps({**read_object(path), **template}, indent=2) + "\n", "utf-8")

    def _read(self, path: Path) -> list[list[Example]]:
        """The examples of each conversation, cut to the limit."""
        talks = []
        for where, messages in read_conversations(path):
            try:
                whole = list(self.format.examples(messages))
            except DragonError as error:
                raise type(error)(f"{where}: {error.problem}", error.remedy) from None
            kept = [self._cut(e) for e in whole if e.learned[: self.limit + 1].any()]
            self.left_out += len(whole) - len(kept)
            if kept:
                talks.append(kept)
        return talks

    def _cut(self, example: Example) -> Example:
        # One more than the limit: the last token is a target only.
        if len(example.ids) <= self.limit + 1:
            return example
        self.cut += 1
        return Example(example.ids[: self.limit + 1], example.learned[: self.limit + 1])

    def _batch(self, examples: list[Example]) -> Batch:
        width = min(padded_width(max(len(e.ids) for e in examples)), self.limit)
        ids = np.zeros((len(examples), width), dtype=np.int64)
        targets = np.full((len(examples), width), NOT_LEARNED, dtype=np.int64)
        for row, example in enumerate(examples):
            length = len(example.ids) - 1
            ids[row, :length] = example.ids[:-1]
            targets[row, :length] = np.where(example.learned[1:], example.ids[1:], NOT_LEARNED)
        prefix = [int(e.learned.argmax()) for e in examples]
        return torch.from_numpy(ids), torch.from_numpy(targets), torch.tensor(prefix)


def _split(talks: list[list[Example]], seed: int) -> tuple[list[Example], list[Example]]:
    if len(talks) < FEWEST_TO_HOLD_OUT:
        return _joined(talks), []
    order = np.random.default_rng(seed).permutation(len(talks)).tolist()
    held = set(order[: max(1, round(HELD_OUT_SHARE * len(talks)))])
    return (
        _joined([t for n, t in enumerate(talks) if n not in held]),
        _joined([t for n, t in enumerate(talks) if n in held]),
    )


def _joined(talks: list[list[Example]]) -> list[Example]:
    return [example for talk in talks for example in talk]


def _lengths(examples: list[Example]) -> npt.NDArray[np.int64]:
    return np.array([len(e.ids) - 1 for e in examples], dtype=np.int64)
