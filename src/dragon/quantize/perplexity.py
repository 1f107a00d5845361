"""How well a model foretells a text: what quantisation is judged by.

In: an engine and token ids. Out: perplexity, and how often two models choose the same next token.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dragon.engine import Engine
from dragon.engine.embedding import Ids
from dragon.errors import InputError
from dragon.tokenizer import load_tokenizer


class Forecast(NamedTuple):
    """Of some texts: perplexity, and the likeliest next token after each token."""

    perplexity: float
    choices: Ids


def forecast(engine: Engine, texts: Sequence[Ids]) -> Forecast:
    """Read texts of at least two tokens each."""
    total, count, choices = 0.0, 0, []
    for ids in texts:
        logits = engine.logits(ids)[:-1].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        right = np.take_along_axis(logits, ids[1:, None].astype(np.int64), axis=1)[:, 0]
        total += float(np.sum(np.log(np.exp(logits).sum(axis=1)) - right))
        count += len(right)
        choices.append(logits.argmax(axis=1).astype(np.int32))
    return Forecast(float(np.exp(total / count)), np.concatenate(choices))


def calibration_texts(folder: Path, file: Path, length: int, most: int) -> list[Ids]:
    """A text file in pieces of ids.

    Args:
        folder: of the model, with its tokenizer.
        file: UTF-8 text.
        length: tokens of a piece; a shorter rest is left out, unless it is all there is.
        most: pieces at most, spread over the file.

    Raises:
        InputError: if the file cannot be read or is too short to measure on.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}.", "Give a UTF-8 text file.") from None
    ids = np.asarray(load_tokenizer(folder).encode(text), np.int32)
    pieces = [ids[i : i + length] for i in range(0, len(ids) - length + 1, length)]
    if len(pieces) < 2:
        pieces = np.array_split(ids, 2)
    if min(map(len, pieces)) < 2:
        raise InputError(f"{file} has {len(ids)} tokens.", "Calibration needs more text.")
    chosen = np.linspace(0, len(pieces) - 1, min(most, len(pieces))).round().astype(int)
    return [pieces[i] for i in chosen]
