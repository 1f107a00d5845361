"""Running text as token ids, document after document, each closed by `<|end|>`.

In: text files, a tokenizer. Out: train.bin and val.bin (see `dragon.data.shards`).
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dragon.data.names import Names
from dragon.data.randomize import Randomizer
from dragon.data.reading_set import Progress
from dragon.data.sources import read_rows, title_of
from dragon.errors import DataError
from dragon.tokenizer import Tokenizer
from dragon.tokenizer.reading import END

HELD_OUT_SHARE = 0.01


def write_language_set(
    files: Sequence[Path],
    tokenizer: Tokenizer,
    folder: Path,
    names: Names | None,
    seed: int = 0,
    held_out: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the two token files; returns the manifest's splits.

    Args:
        files: the sources; each row's `text` is a document, rows without one are passed over.
        tokenizer: with at most 65,536 ids.
        folder: exists.
        names: what is a name and is exchanged; None leaves the text as it is.
        seed: of the names and of the documents held out.
        held_out: titles that go to val; where there are none, every document goes there with a
            probability of 1%, the same ones for the same seed.
        progress: called after each file.

    Raises:
        DataError: if there is no text at all.
    """
    rng = random.Random(seed)
    counts = {"train": 0, "val": 0}
    with (folder / "train.bin").open("wb") as train, (folder / "val.bin").open("wb") as val:
        for number, path in enumerate(files, 1):
            for title, text in _documents(path):
                is_val = title in held_out if held_out else rng.random() < HELD_OUT_SHARE
                ids = _encode(text, tokenizer, names, rng)
                ids.tofile(val if is_val else train)
                counts["val" if is_val else "train"] += len(ids)
            if progress:
                progress(path.name, number, len(files))
    if not counts["train"]:
        raise DataError("The sources hold no text.", "Give files with running text.")
    return {split: {"tokens": tokens} for split, tokens in counts.items()}


def _documents(path: Path) -> Iterator[tuple[str, str]]:
    for row in read_rows(path):
        text = row.get("text")
        if isinstance(text, str) and text.strip():
            yield title_of(row), text


def _encode(
    text: str, tokenizer: Tokenizer, names: Names | None, rng: random.Random
) -> npt.NDArray[np.uint16]:
    if names is not None:
        text = Randomizer(names, rng)(text)
    return np.array([*tokenizer.encode(text), END], dtype=np.uint16)
