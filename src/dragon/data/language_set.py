"""Running text as token ids, document after document, each closed by `<|end|>`.

In: text files, a tokenizer. Out: train.bin and val.bin (see `dragon.data.shards`), encoded by
several processes, the result the same for any number of them.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dragon.data.encoding import Encoder
from dragon.data.names import Names
from dragon.data.pool import in_order
from dragon.data.randomize import Randomizer
from dragon.data.reading_set import Progress
from dragon.data.shards import id_type
from dragon.data.sources import title_of
from dragon.data.stage import Block, blocks
from dragon.errors import DataError
from dragon.tokenizer import Tokenizer, load_tokenizer
from dragon.tokenizer.reading import END

HELD_OUT_SHARE = 0.01
SPLITS = ("train", "val")
Encoded = tuple[bytes, bytes]  # of train and of val


@dataclass(frozen=True, slots=True)
class _Encode:
    """What a process needs; a file taken several times gets other names each time."""

    folder: Path
    names: Names | None
    randomize: bool
    seed: int
    held_out: frozenset[str]
    times: tuple[int, ...]  # how often each entry of the files was taken before

    def start(self) -> Callable[[Block], Encoded]:
        tokenizer = load_tokenizer(self.folder)
        dtype = id_type(tokenizer.vocab_size)
        encode, end = Encoder(tokenizer, dtype), np.array([END], dtype=dtype).tobytes()

        def work(block: Block) -> Encoded:
            made: dict[bool, list[bytes]] = {False: [], True: []}
            time = self.times[block.file]
            for line, row in block.rows:
                text = row.get("text")
                if not isinstance(text, str) or not text.strip():
                    continue
                where = f"{self.seed} {block.path.name} {line}"
                is_val = (
                    title_of(row) in self.held_out
                    if self.held_out
                    else random.Random(where).random() < HELD_OUT_SHARE
                )
                if is_val and time:
                    continue
                if self.randomize:
                    text = Randomizer(self.names, random.Random(f"{where} {time}"))(text)
                made[is_val] += [encode(text).tobytes(), end]
            return b"".join(made[False]), b"".join(made[True])

        return work


def write_language_set(
    files: Sequence[Path],
    tokenizer: Tokenizer,
    folder: Path,
    names: Names | None,
    seed: int = 0,
    held_out: frozenset[str] = frozenset(),
    progress: Progress | None = None,
    passes: Mapping[str, int] | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Write the two token files; returns the manifest's splits.

    Args:
        files: the sources; each row's `text` is a document, rows without one are passed over.
        tokenizer: the one that lies in `folder`.
        folder: holds the tokenizer.
        names: what is a name and is exchanged; None leaves the text as it is.
        seed: of the names and of the documents held out.
        held_out: titles that go to val; where there are none, every document goes there with a
            probability of 1%, the same ones for the same seed.
        progress: called after each block of documents.
        passes: by the start of a file's name, how often it is taken: its weight in the mixture.
        workers: processes; 0 for one a core.

    Raises:
        DataError: if there is no text at all.
    """
    taken = [(path, time) for path in files for time in range(_passes(path, passes or {}))]
    times = tuple(time for _, time in taken)
    task = _Encode(folder, names, names is not None, seed, held_out, times)
    size = np.dtype(id_type(tokenizer.vocab_size)).itemsize
    counts = dict.fromkeys(SPLITS, 0)
    with (folder / "train.bin").open("wb") as train, (folder / "val.bin").open("wb") as val:
        for block, parts in in_order(task, blocks([path for path, _ in taken]), workers):
            for split, file, part in zip(SPLITS, (train, val), parts, strict=True):
                file.write(part)
                counts[split] += len(part) // size
            if progress:
                progress(block.path.name, block.file + 1, len(taken))
    if not counts["train"]:
        raise DataError("The sources hold no text.", "Give files with running text.")
    return {split: {"tokens": tokens} for split, tokens in counts.items()}


def _passes(path: Path, passes: Mapping[str, int]) -> int:
    return next((n for start, n in passes.items() if path.name.startswith(start)), 1)
