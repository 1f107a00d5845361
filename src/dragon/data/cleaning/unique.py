"""Duplicates over a whole corpus: the last pass of cleaning.

In: the documents that were kept and a record of each (its words as one number, a signature). Out:
the same without exact and near duplicates; of each group the first one stays.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dragon.data.cleaning.hashing import Hashes, word_hashes
from dragon.data.cleaning.near import BINS, candidates, similarity

RAW = ".all"  # ending of what the second pass wrote
SIGNATURES, DUPLICATES = "signatures.bin", "duplicates.jsonl"
DOCUMENT = np.dtype(
    [
        ("words", "<u8"),
        ("file", "<u4"),
        ("size", "<u4"),
        ("line", "<u4"),
        ("count", "<u4"),
        ("signature", "<u4", (BINS,)),
    ]
)


def keep_unique(
    folder: Path,
    outputs: Sequence[str],
    near: float,
    counts: Counter[str],
    files: Sequence[Path],
    text: str,
) -> None:
    """Write each output from its unique documents, and a line for each duplicate.

    Args:
        folder: holds OUTPUT.all for each output that has documents, and the signatures.
        outputs: name of what each source becomes.
        near: least similarity of a duplicate; 0 keeps all.
        counts: gets `kept` and how many were duplicates.
        files: the sources, for the lines about duplicates.
        text: field of the running text.
    """
    documents = _Documents(folder, outputs)
    records = documents.records
    faults = _duplicates(documents, near, text) if near else {}
    with (folder / DUPLICATES).open("wb") as refused:
        for name, part in groupby(range(len(records)), documents.output):
            with (folder / (name + RAW)).open("rb") as raw, (folder / name).open("ab") as kept:
                for at in part:
                    raw.seek(int(documents.starts[at]))
                    data = raw.read(int(records[at]["size"]))
                    if at not in faults:
                        kept.write(data)
                        counts["kept"] += 1
                        continue
                    fault, first = faults[at]
                    counts[f"left out: {fault}"] += 1
                    where, like = (
                        (files[int(r["file"])].name, int(r["line"]))
                        for r in (records[at], records[first])
                    )
                    refused.write(_refusal(data, *where, fault, f"{like[0]}:{like[1]}"))


class _Documents:
    """The documents that were kept, by number.

    Attributes:
        records: [N] of dtype DOCUMENT.
        starts: [N] where each begins in its file.
    """

    def __init__(self, folder: Path, outputs: Sequence[str]) -> None:
        self._folder, self._outputs = folder, outputs
        self.records = _records(folder / SIGNATURES)
        numbers = {name: number for number, name in enumerate(dict.fromkeys(outputs))}
        of_source = np.array([numbers[name] for name in outputs], dtype=np.int64)
        self.starts = _starts(of_source[self.records["file"]], self.records["size"])

    def output(self, at: int) -> str:
        """The name of the file that a document goes to."""
        return self._outputs[int(self.records[at]["file"])]

    def row(self, at: int) -> Any:
        """A document."""
        with (self._folder / (self.output(at) + RAW)).open("rb") as file:
            file.seek(int(self.starts[at]))
            return json.loads(file.read(int(self.records[at]["size"])))


def _records(path: Path) -> npt.NDArray[Any]:
    if not path.exists() or not path.stat().st_size:
        return np.zeros(0, dtype=DOCUMENT)
    return np.memmap(path, dtype=DOCUMENT, mode="r")


def _starts(outputs: npt.NDArray[np.int64], sizes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """[N] where each document begins in its file, from their files [N] and bytes [N]."""
    order = np.argsort(outputs, kind="stable")
    ends = np.cumsum(sizes[order].astype(np.int64))
    begins = ends - sizes[order]
    firsts = np.searchsorted(outputs[order], outputs[order])  # of each one's file
    starts = np.zeros(len(sizes), dtype=np.int64)
    starts[order] = begins - begins[firsts]
    return starts


def _duplicates(documents: _Documents, near: float, text: str) -> dict[int, tuple[str, int]]:
    """Which documents are duplicates, of what kind, and of which one."""
    records = documents.records
    _, first, inverse = np.unique(records["words"], return_index=True, return_inverse=True)
    faults = {
        at: ("exact duplicate", int(first[group]))
        for at, group in enumerate(inverse.tolist())
        if first[group] != at
    }

    @lru_cache(maxsize=64)
    def hashes(at: int) -> Hashes:
        return word_hashes(documents.row(at)[text]).hashes

    left = np.array([at for at in range(len(records)) if at not in faults], dtype=np.int64)
    for a, b in candidates(np.ascontiguousarray(records["signature"][left])):
        one, other = int(left[a]), int(left[b])
        sizes = sorted((int(records["count"][one]), int(records["count"][other])))
        if other in faults or sizes[0] < near * sizes[1] - 1:
            continue
        if similarity(hashes(one), hashes(other)) >= near:
            faults[other] = "near duplicate", one
    return faults


def _refusal(data: bytes, file: str, line: int, fault: str, like: str) -> bytes:
    row = json.loads(data)
    where = {
        "file": file,
        "line": line,
        "title": row.get("title", ""),
        "reason": fault,
        "like": like,
    }
    text = max((v for v in row.values() if isinstance(v, str)), key=len, default="")
    return json.dumps({**where, "text": text[:400]}, ensure_ascii=False).encode() + b"\n"
