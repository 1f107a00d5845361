"""Entries become token sequences with targets, and batches of them.

    <|end|> sentence <|end|>                                   every token is predicted
    <|user|> instruction <|end|> <|assistant|> answer <|end|>  the answer and its end are

Shapes: B batch, T time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dragon.errors import DataError
from dragon.reference.dataset import Entry
from dragon.reference.softmax import IGNORED
from dragon.tokenizer.special import ASSISTANT, END, PAD, USER

if TYPE_CHECKING:
    from dragon.tokenizer import Tokenizer

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """Ids [T] and, for each, the token that follows or `IGNORED` [T]."""

    ids: list[int]
    targets: list[int]


def instruction_ids(tokenizer: "Tokenizer", instruction: str) -> list[int]:
    """The prompt that an answer follows, in the format of the tokenizer's chat template."""
    user, end, assistant = map(tokenizer.id, (USER, END, ASSISTANT))
    return [user, *tokenizer.encode(instruction), end, assistant]


def make_example(tokenizer: "Tokenizer", entry: Entry, longest: int) -> Example:
    """One entry as a sequence.

    Raises:
        DataError: if it is longer than the model reads.
    """
    end = tokenizer.id(END)
    prompt = instruction_ids(tokenizer, entry.instruction) if entry.instruction else [end]
    ids = [*prompt, *tokenizer.encode(entry.text), end]
    if len(ids) - 1 > longest:
        raise DataError(
            f"{entry.where}: it has {len(ids) - 1} tokens; the model reads {longest}.",
            "Shorten it, or set model.max_position_embeddings.",
        )
    silent = len(prompt) - 1
    return Example(ids[:-1], [IGNORED] * silent + ids[1 + silent :])


def batches(
    examples: Sequence[Example], size: int, pad: int, random: np.random.Generator
) -> Iterator[tuple[Ids, Ids]]:
    """Ids and targets [B, T] of one epoch, in random order, padded on the right."""
    order = random.permutation(len(examples))
    for start in range(0, len(order), size):
        chosen = [examples[i] for i in order[start : start + size]]
        shape = len(chosen), max(len(example.ids) for example in chosen)
        ids, targets = np.full(shape, pad, np.int64), np.full(shape, IGNORED, np.int64)
        for row, example in enumerate(chosen):
            ids[row, : len(example.ids)] = example.ids
            targets[row, : len(example.targets)] = example.targets
        yield ids, targets


def pad_id(tokenizer: "Tokenizer") -> int:
    """The id that fills a batch; what stands right of a text is seen by nobody."""
    return tokenizer.id(PAD)
