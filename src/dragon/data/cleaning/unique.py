"""Duplicates over a whole corpus: the last pass of cleaning.

In: the documents that were kept and a record of each (its words as one number, a signature). Out:
the same without exact and near duplicates; of each group the first one stays.
"""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dragon.data.cleaning.hashing import Hashes, word_hashes
from dragon.data.cleaning.near import BINS, candidates, similarity

RAW = ".all"  # ending of what the second pass wrote
SIGNATURES = "signatures.bin"
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
    refused: IO[bytes],
    files: Sequence[Path],
    text: str,
) -> None:
    """Write each output from its unique documents; counts and refusals are added to.

    Args:
        folder: holds OUTPUT.all for each output that has documents, and the signatures.
        outputs: names of the files to write.
        near: least similarity of a duplicate; 0 keeps all.
        counts: gets `kept` and how many were duplicates.
        refused: gets a line for each duplicate.
        files: the sources, for the lines about duplicates.
        text: field of the running text.
    """
    records = _records(folder / SIGNATURES)
    starts = _starts(records)
    with ExitStack() as stack:
        raw: dict[int, IO[bytes]] = {
            number: stack.enter_context((folder / (name + RAW)).open("rb"))
            for number, name in enumerate(outputs)
            if (folder / (name + RAW)).exists()
        }
        faults = _duplicates(records, starts, raw, near, text) if near else {}
        written = {
            number: stack.enter_context((folder / outputs[number]).open("wb")) for number in raw
        }
        for at, record in enumerate(records):
            number = int(record["file"])
            raw[number].seek(int(starts[at]))
            data = raw[number].read(int(record["size"]))
            if at not in faults:
                written[number].write(data)
                counts["kept"] += 1
                continue
            fault, first = faults[at]
            counts[f"left out: {fault}"] += 1
            like = f"{files[int(records[first]['file'])].name}:{records[first]['line']}"
            refused.write(_refusal(data, files[number].name, int(record["line"]), fault, like))
    for path in [*folder.glob(f"*{RAW}"), folder / SIGNATURES]:
        path.unlink(missing_ok=True)


def _records(path: Path) -> npt.NDArray[Any]:
    if not path.exists() or not path.stat().st_size:
        return np.zeros(0, dtype=DOCUMENT)
    return np.memmap(path, dtype=DOCUMENT, mode="r")


def _starts(records: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """[N] where each document begins in its file."""
    starts = np.zeros(len(records), dtype=np.int64)
    for number in np.unique(records["file"]):
        of_file = np.flatnonzero(records["file"] == number)
        sizes = records["size"][of_file].astype(np.int64)
        starts[of_file] = np.cumsum(sizes) - sizes
    return starts


def _duplicates(
    records: npt.NDArray[Any],
    starts: npt.NDArray[np.int64],
    raw: dict[int, IO[bytes]],
    near: float,
    text: str,
) -> dict[int, tuple[str, int]]:
    """Which documents are duplicates, of what kind, and of which one."""
    _, first, inverse = np.unique(records["words"], return_index=True, return_inverse=True)
    faults = {
        at: ("exact duplicate", int(first[group]))
        for at, group in enumerate(inverse.tolist())
        if first[group] != at
    }

    @lru_cache(maxsize=64)
    def hashes(at: int) -> Hashes:
        file = raw[int(records["file"][at])]
        file.seek(int(starts[at]))
        row = json.loads(file.read(int(records["size"][at])))
        return word_hashes(row[text]).hashes

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
