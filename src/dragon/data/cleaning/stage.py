"""The stage `clean`: documents in, documents worth learning from out, everything else counted.

In: source files. Out: JSON Lines, one file a source, and a manifest with how many documents and
lines were left out for which reason. Three passes: lines are counted over all documents; each
document is tidied and judged by itself; then duplicates are found over all that is left.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dragon.checkpoint import replaced_beside
from dragon.data.cleaning.hashing import whole, word_hashes
from dragon.data.cleaning.language import language_of
from dragon.data.cleaning.lines import Frequent, LineCounts, Slots, slots_of
from dragon.data.cleaning.markup import tidy
from dragon.data.cleaning.near import signature
from dragon.data.cleaning.private import is_unsafe, masked
from dragon.data.cleaning.quality import Limits, fault_of, without_boilerplate
from dragon.data.cleaning.unique import DOCUMENT, DUPLICATES, RAW, SIGNATURES, keep_unique
from dragon.data.pool import in_order
from dragon.data.sources import Row, source_files, text_of, title_of
from dragon.data.stage import Block, Meter, Moved, blocks, json_line, output_names, run_stage
from dragon.data.unfinished import Made
from dragon.errors import DataError

REJECTED, _FREQUENT = "rejected.jsonl", "frequent.bin"
SHOWN = 400  # characters of a rejected document that are kept to look at


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What `dragon data clean` does.

    Attributes:
        language: keep only this one; empty for all.
        least_words, most_words: of a document.
        boilerplate: leave out lines that stand in so many documents; 0 for none.
        quality, safety, personal: whether these filters are used.
        near: similarity from which a document is a duplicate; 0 leaves duplicates in.
        text: field of the running text.
    """

    language: str = "en"
    least_words: int = 50
    most_words: int = 100_000
    boilerplate: int = 20
    quality: bool = True
    safety: bool = True
    personal: bool = True
    near: float = 0.9
    text: str = "text"


@dataclass(frozen=True, slots=True)
class _Count:
    """First pass: where the lines of a block count."""

    text: str

    def start(self) -> Callable[[Block], Slots]:
        def work(block: Block) -> Slots:
            texts = (text_of(block.path, line, row, self.text) for line, row in block.rows)
            slots = [slots_of(tidy(text).split("\n")) for text in texts]
            return np.concatenate(slots or [np.zeros((0, 2), dtype=np.int64)])

        return work


@dataclass(frozen=True, slots=True)
class _Clean:
    """Second pass: each document by itself."""

    how: Cleaning
    outputs: tuple[str, ...]
    frequent: Frequent | None
    rejected: bool

    def start(self) -> Callable[[Block], Made]:
        return self._work

    def _work(self, block: Block) -> Made:
        made = Made()
        kept: list[bytes] = []
        records: list[bytes] = []
        rejected: list[bytes] = []
        for line, row in block.rows:
            made.counts["documents"] += 1
            text = text_of(block.path, line, row, self.how.text)
            fault, text, record = self._judged(text, made.counts)
            if fault:
                made.counts[f"left out: {fault}"] += 1
                rejected.append(refusal(block.path.name, line, row, fault, text))
                continue
            kept.append(json_line({**row, self.how.text: text}))
            record["file"], record["size"], record["line"] = block.file, len(kept[-1]), line
            records.append(record.tobytes())
        made.files[self.outputs[block.file] + RAW] = b"".join(kept)
        made.files[SIGNATURES] = b"".join(records)
        if self.rejected:
            made.files[REJECTED] = b"".join(rejected)
        return made

    def _judged(self, text: str, counts: Counter[str]) -> tuple[str | None, str, Any]:
        """Why it is left out (or None), the tidied text, its record."""
        how = self.how
        record = np.zeros((), dtype=DOCUMENT)
        text = tidy(text)
        lines = text.split("\n")
        left = without_boilerplate(lines) if how.quality else lines
        left = self.frequent.without(left) if self.frequent else left
        if len(left) < len(lines):
            counts["lines left out: boilerplate"] += len(lines) - len(left)
            text = tidy("\n".join(left))
        if not text:
            return "empty", text, record
        if how.quality and len(text.split()) < how.least_words:
            return "too short", text, record
        if how.language and language_of(text) != how.language:
            return "language", text, record
        words = word_hashes(text)
        if how.quality:
            fault = fault_of(text, words, Limits(how.least_words, how.most_words))
            if fault:
                return fault, text, record
        if how.safety and is_unsafe(text):
            return "unsafe", text, record
        if how.personal:
            text, found = masked(text)
            counts.update({f"exchanged: {name}": count for name, count in found.items()})
        record["words"] = whole(words.hashes)
        record["count"], record["signature"] = len(words.hashes), signature(words.hashes)
        return None, text, record


def refusal(file: str, line: int, row: Row, fault: str, text: str) -> bytes:
    """A line of the file of rejected documents."""
    where = {"file": file, "line": line, "title": title_of(row), "reason": fault}
    return json_line({**where, "text": text[:SHOWN]})


def clean(
    sources: list[Path],
    out: Path,
    how: Cleaning = Cleaning(),
    *,
    rejected: Path | None = None,
    licences: Mapping[str, str] | None = None,
    workers: int = 0,
    progress: Moved | None = None,
) -> dict[str, Any]:
    """Write a folder with the documents that are worth learning from.

    Args:
        sources: files and folders.
        out: folder to write.
        how: what is left out.
        rejected: file for one JSON object for each document left out, or None.
        licences: of the sources (see `dragon.data.licences`).
        workers: processes; 0 for one a core.
        progress: told how many characters are done.

    Returns:
        The manifest, with counts by reason.

    Raises:
        DataError: for missing or malformed sources, a full disk, or if nothing is left.
    """
    files = source_files(sources)
    outputs = tuple(output_names(files))

    def begin(folder: Path) -> None:
        if how.boilerplate:
            _frequent(files, how, workers, progress).save(folder / _FREQUENT)

    def make(folder: Path) -> _Clean:
        frequent = Frequent.load(folder / _FREQUENT) if how.boilerplate else None
        return _Clean(how, outputs, frequent, rejected is not None)

    def finish(folder: Path, counts: Counter[str]) -> Sequence[str]:
        keep_unique(folder, outputs, how.near, counts, files, how.text)
        if not counts["documents"]:
            raise DataError("The sources hold no text.", "Give files with running text.")
        if not counts["kept"]:
            left = {k: v for k, v in counts.items() if k.startswith("left out: ")}
            reasons = ", ".join(f"{v} {k.removeprefix('left out: ')}" for k, v in left.items())
            raise DataError(
                f"Nothing is left of {counts['documents']} documents ({reasons}).",
                "Loosen --least-words or --language, or see --rejected.",
            )
        if rejected is not None:
            with replaced_beside(rejected) as fresh:
                shutil.copyfile(folder / REJECTED, fresh)
                with fresh.open("ab") as file, (folder / DUPLICATES).open("rb") as more:
                    shutil.copyfileobj(more, file)
        return [*(name + RAW for name in outputs), SIGNATURES, DUPLICATES, REJECTED, _FREQUENT]

    return run_stage(
        "cleaned",
        make,
        files,
        out,
        asdict(how) | {"outputs": outputs, "rejected": rejected is not None},
        begin=begin,
        finish=finish,
        licences=licences,
        workers=workers,
        progress=progress,
    )


def _frequent(files: list[Path], how: Cleaning, workers: int, progress: Moved | None) -> Frequent:
    counts, moved = LineCounts(), Meter(files, 0, progress)
    for block, slots in in_order(_Count(how.text), blocks(files), workers):
        counts.add(slots)
        moved.add(block)
    return counts.frequent(how.boilerplate)
