"""Running text as token ids, document after document, each closed by the token that ends a text.

In: text files, a tokenizer. Out: the files of a language set (see `dragon.data.shards`), encoded by
several processes, the result the same for any number of them.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dragon.data.encoding import Encoder
from dragon.data.mixture import Taken, mixture
from dragon.data.names import Names
from dragon.data.pool import in_order
from dragon.data.randomize import Randomizer
from dragon.data.shards import id_type
from dragon.data.sources import Row, text_of, title_of
from dragon.data.stage import Block, Meter, Moved, blocks
from dragon.data.unfinished import Made, Unfinished
from dragon.errors import DataError, TokenizerError
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.special import END
from dragon.tokenizer.template import end_ids

HELD_OUT_SHARE = 0.01
SPLITS = ("train", "val")
# What ends a text in the vocabularies of others, where their files do not say it.
_ENDS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>")


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a process needs; a file taken several times gets other names each time.

    Attributes:
        folder: holds the tokenizer.
        taken: the passes over the files.
        names: what is a name and is exchanged; None leaves the text as it is.
        seed: of the names and of the documents held out.
        held_out: titles that go to val; where there are none, every document goes there with a
            probability of 1%, the same ones for the same seed.
        end: id of the token after each document.
    """

    folder: Path
    taken: tuple[Taken, ...]
    names: Names | None
    seed: int
    held_out: frozenset[str]
    end: int

    def start(self) -> Callable[[Block], Made]:
        """The function that encodes a block."""
        tokenizer = load_tokenizer(self.folder)
        encode = Encoder(tokenizer, id_type(tokenizer.vocab_size))

        def work(block: Block) -> Made:
            parts: dict[str, list[bytes]] = {}
            counts: Counter[str] = Counter()
            for line, row in block.rows:
                split, text = self._document(block, line, row)
                if not split:
                    continue
                try:
                    ids = encode(text, self.end)
                except TokenizerError as error:
                    where = f"{block.path}:{line}: {error.problem}"
                    raise DataError(where, error.remedy) from None
                parts.setdefault(f"{split}.bin", []).append(ids.tobytes())
                length = np.uint32(len(ids)).tobytes()
                parts.setdefault(f"{split}.documents.bin", []).append(length)
                counts.update({f"{split} tokens": len(ids), f"{split} documents": 1})
            return Made({name: b"".join(part) for name, part in parts.items()}, counts)

        return work

    def _document(self, block: Block, line: int, row: Row) -> tuple[str, str]:
        """The split that a row goes to, empty for none, and its text."""
        text = text_of(block.path, line, row) if "text" in row else ""
        _, time, share = self.taken[block.file]
        if not text.strip():
            return "", ""
        where = f"{self.seed} {block.path.name} {line}"
        drawn = random.Random(where)
        is_val = drawn.random() < HELD_OUT_SHARE
        if self.held_out:
            is_val = title_of(row) in self.held_out
        if bool(time) if is_val else drawn.random() >= share:
            return "", ""
        if self.names is not None:
            text = Randomizer(self.names, random.Random(f"{where} {time}"))(text)
        return "val" if is_val else "train", text


def write_language_set(
    files: Sequence[Path],
    run: Unfinished,
    names: Names | None,
    end: int,
    *,
    seed: int = 0,
    held_out: frozenset[str] = frozenset(),
    passes: Mapping[str, float] | None = None,
    workers: int = 1,
    progress: Moved | None = None,
) -> dict[str, Any]:
    """Write the files of both splits; returns the manifest's splits.

    Args:
        files: the sources; each row's `text` is a document, rows without one are passed over.
        run: the unfinished folder, which holds the tokenizer.
        names, end, seed, held_out: see `Encoding`.
        passes: by the start of a file's name, how often it is taken: its weight in the mixture.
        workers: processes; 0 for one a core.
        progress: told how many characters are done.

    Raises:
        DataError: if there is no text at all.
    """
    taken = mixture(files, passes or {})
    task = Encoding(run.folder, tuple(taken), names, seed, held_out, end)
    paths = [path for path, _, _ in taken]
    moved = Meter(paths, run.read, progress)
    for block, made in in_order(task, blocks(paths, run.pieces), workers):
        run.append(made, block.size)
        moved.add(block)
    run.flush()
    if not run.counts["train tokens"]:
        raise DataError("The sources hold no text.", "Give files with running text.")
    for split in SPLITS:
        for name in (f"{split}.bin", f"{split}.documents.bin"):
            (run.folder / name).touch()
    return {s: {n: run.counts[f"{s} {n}"] for n in ("tokens", "documents")} for s in SPLITS}


def end_of_text(tokenizer: LibraryTokenizer, folder: Path) -> int:
    """The id that closes a document: ours, or the one that the tokenizer's own files name.

    Args:
        tokenizer: the one of the folder.
        folder: a tokenizer's, or a model's.

    Raises:
        DataError: if it has none.
    """
    special = tokenizer.special_tokens
    if END in special:
        return special[END]
    named = sorted(end_ids(folder, tokenizer))
    found = named + [special[token] for token in _ENDS if token in special]
    if not found:
        raise DataError(
            f"The tokenizer at {folder} has no token that ends a text.",
            "Name one as eos_token in its tokenizer_config.json.",
        )
    return found[0]
