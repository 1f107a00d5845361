"""Batches in an order that depends on the seed and the step alone, so that resuming is exact.

In: a data folder. Out: tensors of one forward pass. Prompts of like length share a batch; widths
are multiples of 32, so that few shapes have to be compiled.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dragon.data.shards import ReadingSet, unpack_features
from dragon.tokenizer.reading import PAD

WIDTH_STEP = 32
CHUNK = 8192


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Padded prompts.

    Attributes:
        ids: [B, T] token ids.
        features: [B, T, 6].
        lengths: [B] tokens of each prompt without padding.
        answers: [B, 2] token positions of start and end; 0 for no answer, -1 for a padding row.
    """

    ids: Tensor
    features: Tensor
    lengths: Tensor
    answers: Tensor


def reading_order(
    lengths: npt.NDArray[np.int64], batch_tokens: int, seed: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Indices of the examples of each batch, epoch after epoch, for ever."""
    epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        shuffled = rng.permutation(len(lengths))
        for at in range(0, len(shuffled), CHUNK):
            chunk = shuffled[at : at + CHUNK]
            chunk = chunk[np.argsort(lengths[chunk], kind="stable")]
            batches = list(_slices(chunk, lengths, batch_tokens))
            for number in rng.permutation(len(batches)):
                yield batches[number]
        epoch += 1


def epoch_batches(lengths: npt.NDArray[np.int64], batch_tokens: int, seed: int) -> int:
    """How many batches of `reading_order` hold every example once."""
    left, count = len(lengths), 0
    for batch in reading_order(lengths, batch_tokens, seed) if left else ():
        left, count = left - len(batch), count + 1
        if not left:
            break
    return count


def _slices(
    chunk: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], batch_tokens: int
) -> Iterator[npt.NDArray[np.int64]]:
    widths = _width(lengths[chunk])
    for width in np.unique(widths):
        same = chunk[widths == width]
        rows = max(1, batch_tokens // int(width))
        for at in range(0, len(same), rows):
            yield same[at : at + rows]


def _width(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return (lengths + WIDTH_STEP - 1) // WIDTH_STEP * WIDTH_STEP


def padded_width(length: int) -> int:
    """The next width that a batch may have.

    >>> padded_width(33)
    64
    """
    return -(-length // WIDTH_STEP) * WIDTH_STEP


def reading_batch(
    data: ReadingSet, indices: npt.NDArray[np.int64], batch_tokens: int
) -> ReadingBatch:
    """Gather prompts into one padded batch.

    Rows are filled up to batch_tokens // T with copies of the first length-1 padding prompt, so
    that every batch of one width has one shape.
    """
    table = data.table[indices]
    width = int(_width(table["length"].astype(np.int64)).max())
    rows = max(len(indices), batch_tokens // width)
    ids = np.full((rows, width), PAD, dtype=np.int64)
    packed = np.zeros((rows, width), dtype=np.uint32)
    lengths = np.ones(rows, dtype=np.int64)
    answers = np.full((rows, 2), -1, dtype=np.int64)
    for row, (offset, length, start, end, _) in enumerate(table.tolist()):
        ids[row, :length] = data.ids[offset : offset + length]
        packed[row, :length] = data.features[offset : offset + length]
        lengths[row], answers[row] = length, (start, end)
    return ReadingBatch(
        torch.from_numpy(ids),
        torch.from_numpy(unpack_features(packed).astype(np.int64)),
        torch.from_numpy(lengths),
        torch.from_numpy(answers),
    )


def language_batch(
    tokens: npt.NDArray[np.uint16], rows: int, length: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Random windows: inputs and targets, [rows, length] each."""
    starts = rng.integers(0, len(tokens) - length - 1, size=rows)
    windows = np.stack([tokens[s : s + length + 1] for s in starts]).astype(np.int64)
    block = torch.from_numpy(windows)
    return block[:, :-1].contiguous(), block[:, 1:].contiguous()
