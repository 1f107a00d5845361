"""Training data on disk: flat arrays that are mapped into memory, and a manifest about them.

A reading set is a folder with, for each split (train, val):

    SPLIT.bin            uint16 [N]     token ids of all prompts, one after the other
    SPLIT.features.bin   uint32 [N]     the six features of each token, packed into 22 bits
    SPLIT.examples.npy   [E]            where each prompt lies, how long it is, where its answer is

A language set has beside SPLIT.bin, whose ids are uint32 if the vocabulary has more than 65,536:

    SPLIT.documents.bin  uint32 [D]     tokens of each document with the one that closes it

manifest.json is written last, so that a folder without it is not taken for whole.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dragon.errors import DataError
from dragon.tokenizer.reading import FEATURE_SIZES, Reading

MANIFEST = "manifest.json"
EXAMPLE = np.dtype(
    [("offset", "<i8"), ("length", "<u2"), ("start", "<u2"), ("end", "<u2"), ("source", "u1")]
)
BITS = tuple((size - 1).bit_length() for size in FEATURE_SIZES)

Ids = npt.NDArray[np.uint16]
Packed = npt.NDArray[np.uint32]


def pack_features(features: npt.NDArray[np.uint8]) -> Packed:
    """[T, 6] feature indices -> [T] 32-bit words.

    >>> f = np.array([[19, 15, 7, 6, 5, 9]], dtype=np.uint8)
    >>> bool((unpack_features(pack_features(f)) == f).all())
    True
    """
    word = np.zeros(len(features), dtype=np.uint32)
    for column, bits in enumerate(BITS):
        word = (word << np.uint32(bits)) | features[:, column].astype(np.uint32)
    return word


def unpack_features(word: Packed) -> npt.NDArray[np.uint8]:
    """The inverse of `pack_features`; any shape, the features become the last axis."""
    columns = []
    for bits in reversed(BITS):
        columns.append((word & np.uint32((1 << bits) - 1)).astype(np.uint8))
        word = word >> np.uint32(bits)
    return np.stack(columns[::-1], axis=-1)


@dataclass(frozen=True, slots=True)
class Prompts:
    """Finished prompts of one worker, flat.

    Attributes:
        ids, features: [N] tokens of all prompts.
        table: [E] of dtype EXAMPLE; answer positions are tokens within the prompt, 0 for none.
        sources: names of the sources that `table["source"]` counts through.
    """

    ids: Ids
    features: Packed
    table: npt.NDArray[Any]
    sources: tuple[str, ...]


def gather(readings: Iterable[tuple[Reading, int, int, str]]) -> Prompts:
    """Flatten (prompt, first answer token, last answer token, source) into arrays."""
    ids, features, rows = [], [], []
    sources: dict[str, int] = {}
    offset = 0
    for reading, start, end, source in readings:
        ids.append(reading.ids.astype(np.uint16))
        features.append(pack_features(reading.features))
        number = sources.setdefault(source, len(sources))
        rows.append((offset, len(reading.ids), start, end, number))
        offset += len(reading.ids)
    return Prompts(
        np.concatenate(ids or [np.zeros(0, dtype=np.uint16)]),
        np.concatenate(features or [np.zeros(0, dtype=np.uint32)]),
        np.array(rows, dtype=EXAMPLE),
        tuple(sources),
    )


class ReadingWriter:
    """Appends prompts to one split of a reading set, from the start or where it stopped.

    Args:
        folder: of the set.
        split: train or val.
        counts: exercises by source that lie there already; None to begin anew.
    """

    def __init__(self, folder: Path, split: str, counts: Mapping[str, int] | None = None) -> None:
        self._folder, self._split = folder, split
        self.counts = dict(counts or {})
        self.rows = f"{split}.rows.bin"  # the table, until `close`
        self._names = f"{split}.bin", f"{split}.features.bin", self.rows
        for name in self._names:
            with (folder / name).open("wb" if counts is None else "ab"):
                pass
        self._tokens = (folder / f"{split}.bin").stat().st_size // 2

    def parts(self, prompts: Prompts) -> dict[str, bytes]:
        """What the prompts of one worker add to each file."""
        table = prompts.table.copy()
        table["offset"] += self._tokens
        self._tokens += len(prompts.ids)
        for number, name in enumerate(prompts.sources):
            self.counts.setdefault(name, 0)
            mine = prompts.table["source"] == number
            table["source"][mine] = list(self.counts).index(name)
            self.counts[name] += int(mine.sum())
        arrays: tuple[npt.NDArray[Any], ...] = (prompts.ids, prompts.features, table)
        return {name: array.tobytes() for name, array in zip(self._names, arrays, strict=True)}

    def append(self, prompts: Prompts) -> None:
        """Write the prompts of one worker."""
        for name, data in self.parts(prompts).items():
            with (self._folder / name).open("ab") as file:
                file.write(data)

    def close(self) -> dict[str, Any]:
        """Finish the files; returns the split's entry of the manifest."""
        table = np.fromfile(self._folder / self.rows, dtype=EXAMPLE)
        np.save(self._folder / f"{self._split}.examples.npy", table)
        return {"tokens": self._tokens, "examples": len(table), "sources": self.counts}


class ReadingSet:
    """One split of a reading set, mapped into memory.

    Raises:
        DataError: if the folder is no finished reading set.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.manifest = read_manifest(folder, "reading")
        try:
            self.ids: Ids = _mapped(folder / f"{split}.bin", np.uint16)
            self.features: Packed = _mapped(folder / f"{split}.features.bin", np.uint32)
            self.table = np.load(folder / f"{split}.examples.npy")
        except (OSError, ValueError) as error:
            raise DataError(f"{folder}: {split} cannot be read: {error}.") from None
        expected = self.manifest["splits"][split]["tokens"]
        if not len(self.ids) == len(self.features) == expected:
            raise DataError(
                f"{folder}: {split} has {len(self.ids)} tokens, not {expected}.",
                "The folder is damaged: prepare it again.",
            )

    def __len__(self) -> int:
        return len(self.table)


def language_tokens(folder: Path, split: str) -> npt.NDArray[np.uint16]:
    """The tokens of one split of a language set, mapped into memory.

    Raises:
        DataError: if the folder is no finished language set.
    """
    manifest = read_manifest(folder, "language")
    try:
        tokens: Ids = _mapped(folder / f"{split}.bin", id_type(manifest.get("vocab_size", 0)))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder}: {split}.bin cannot be read: {error}.") from None
    if len(tokens) != manifest["splits"][split]["tokens"]:
        raise DataError(f"{folder}: {split}.bin is damaged.", "Prepare the folder again.")
    return tokens


def document_borders(folder: Path, split: str) -> npt.NDArray[np.int64]:
    """[D + 1] where the documents of one split of a language set begin, and the end of the last.

    Raises:
        DataError: if the folder is no finished language set, or of a time when it had no borders.
    """
    tokens = read_manifest(folder, "language")["splits"][split]["tokens"]
    try:
        lengths = _mapped(folder / f"{split}.documents.bin", np.uint32)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder}: {split}.documents.bin cannot be read: {error}.", "Prepare the folder again."
        ) from None
    borders = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    if borders[-1] != tokens:
        raise DataError(
            f"{folder}: the documents of {split} have {borders[-1]} tokens, not {tokens}.",
            "The folder is damaged: prepare it again.",
        )
    return borders


def id_type(vocab_size: int) -> type[np.uint16] | type[np.uint32]:
    """The smallest type that holds every id of a vocabulary.

    >>> id_type(1 << 16).__name__, id_type((1 << 16) + 1).__name__
    ('uint16', 'uint32')
    """
    return np.uint16 if vocab_size <= 1 << 16 else np.uint32


def _mapped(path: Path, dtype: Any) -> npt.NDArray[Any]:
    if not path.stat().st_size:  # an empty file cannot be mapped
        return np.zeros(0, dtype=dtype)
    return np.memmap(path, dtype=dtype, mode="r")


def write_manifest(folder: Path, kind: str, **values: Any) -> dict[str, Any]:
    """Write manifest.json, the last thing written into a data folder, and return its content."""
    text = json.dumps({"kind": kind, **values}, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")
    return dict(json.loads(text))


def read_manifest(folder: Path, kind: str | None = None) -> dict[str, Any]:
    """Read manifest.json and check that it is of a kind, `reading` or `language`.

    Raises:
        DataError: if the folder is missing, unfinished or of another kind.
    """
    if not folder.is_dir():
        raise DataError(f"No data folder at {folder}.", "Make it with `dragon data prepare`.")
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{folder} is no finished data folder.", "Make it with `dragon data prepare`."
        ) from None
    if kind is not None and manifest.get("kind") != kind:
        raise DataError(
            f"{folder} holds a {manifest.get('kind')} set, not a {kind} set.",
            "Set train.objective to match it, or name another folder.",
        )
    return dict(manifest)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
