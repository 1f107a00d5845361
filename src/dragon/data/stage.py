"""One way to run a stage over many files: in blocks, by several processes, and resumable.

In: source files, and a `Task` that turns a block of rows into bytes and counts. Out: a folder with
what the blocks gave, in the order of the sources whatever the number of processes, and a manifest.
After kill -9 the same command goes on, and the result is the same to the byte (see
`dragon.data.unfinished`).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dragon.data.licences import Licences, records
from dragon.data.pool import in_order
from dragon.data.shards import MANIFEST, file_hash
from dragon.data.sources import DOCUMENTS, PACKED, Row, ending_of, numbered_rows, stem_of
from dragon.data.unfinished import JOURNAL, Made, Unfinished, unfinished
from dragon.errors import DataError

BLOCK = 1 << 20  # characters of text a block: what is lost when a process is killed
UNPACKED = 4  # times as much text as there are bytes in a packed file, for the progress bar
Moved = Callable[[str, int, int], None]  # what is read, bytes done, bytes in all
Finish = Callable[[Path, Counter[str]], Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one file that are worked on together.

    Attributes:
        file: number of the source file.
        path: it.
        rows: (line or row number, row).
        size: characters, for the progress bar.
    """

    file: int
    path: Path
    rows: list[tuple[int, Row]]
    size: int

    def seed(self, seed: int, output: str, line: int) -> str:
        """What draws of a row hang on, whatever the number of processes."""
        return f"{seed} {output} {self.path.name} {line}"


class Task(Protocol):
    """A stage: can be sent to another process, where `start` gives the function that works."""

    def start(self) -> Callable[[Block], Made]:
        """Load what is needed, once a process."""


def run_stage(
    name: str,
    make: Callable[[Path], Task],
    files: list[Path],
    out: Path,
    settings: dict[str, Any],
    *,
    begin: Callable[[Path], None] | None = None,
    finish: Finish | None = None,
    licences: Mapping[str, str] | None = None,
    documents: Sequence[Path] = (),
    workers: int = 0,
    progress: Moved | None = None,
) -> dict[str, Any]:
    """Run a stage and return its manifest.

    Args:
        name: of the stage, for the manifest.
        make: the task, from the unfinished folder and what `begin` wrote there.
        files: the sources.
        out: folder to write; what is there is replaced as a whole at the end.
        settings: whatever decides the result; a run that was stopped goes on only with the same.
        begin: first work, whose files in the unfinished folder are kept when the run is stopped.
        finish: last work on the unfinished folder, with the counts; names files that may go then.
        licences: of the sources (see `dragon.data.licences`).
        documents: what the only source was read from, for the manifest to name in its place.
        workers: processes; 0 for one a core that this process may use.
        progress: told how many characters are done.

    Raises:
        DataError: for malformed sources, a full disk, or another process at the same folder.
    """
    if not files:
        raise DataError("No sources are given.", "Name files or folders with text.")
    known = Licences(files, licences)
    with unfinished(out, plan_of(name, files, settings, licences)) as run:
        if run.manifest is not None:
            return run.manifest
        if begin and not run.begun:
            begin(run.folder)
            run.begin()
        moved = Meter(files, run.read, progress)
        for block, made in in_order(make(run.folder), blocks(files, run.pieces), workers):
            rows = known.count(block.file, (row for _, row in block.rows))
            run.append(made, block.size, {block.file: rows})
            moved.add(block)
        run.flush()
        drop = (finish(run.folder, run.counts) if finish else None) or ()
        sources = records(files, run.seen, known)
        outputs = output_names(files)
        if documents:
            of_documents = Licences(documents, licences)
            whole = {n: of_documents.count(n, [{}]) for n in range(len(documents))}
            sources = records(documents, whole, of_documents)
            outputs = outputs * len(documents)
        return run.finish(name, _manifest(run, settings, sources, outputs, drop), drop)


def plan_of(kind: str, files: Iterable[Path], *settings: Any) -> str:
    """Names all that decides a result: settings, and name, size and time of each source."""
    sources = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    whole = json.dumps([kind, BLOCK, settings, sources], default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


def blocks(files: Iterable[Path], skip: int = 0) -> Iterator[Block]:
    """The blocks of the sources, without the first `skip`, which are read but not kept."""
    number = 0
    for at, path in enumerate(files):
        rows: list[tuple[int, Row]] = []
        size = 0
        for line, row in numbered_rows(path):
            rows.append((line, row))
            size += _length(row)
            if size >= BLOCK:
                if number >= skip:
                    yield Block(at, path, rows, size)
                number, rows, size = number + 1, [], 0
        if rows:
            if number >= skip:
                yield Block(at, path, rows, size)
            number += 1


def output_names(files: Sequence[Path]) -> list[str]:
    """A name for what each source becomes: its own, ending in .jsonl, numbered where two are alike.

    The documents of a folder, one a file, become one file together.

    >>> output_names([Path("a/wiki.txt"), Path("b/wiki.jsonl.xz")])
    ['wiki.jsonl', 'wiki-2.jsonl']
    >>> output_names([Path("a/one.txt"), Path("a/two.md")])
    ['a.jsonl', 'a.jsonl']
    """
    single = {path for path in files if ending_of(path) in DOCUMENTS}
    together = {p for p, count in Counter(path.parent for path in single).items() if count > 1}
    names: dict[Path, str] = {}
    for path in files:
        shared = path in single and path.parent in together
        key = path.parent if shared else path
        if key not in names:
            stem = path.parent.resolve().name or "texts" if shared else stem_of(path)
            names[key] = _free(stem, set(names.values()))
        names[path] = names[key]
    return [names[path] for path in files]


def _free(stem: str, taken: Collection[str]) -> str:
    number, name = 1, f"{stem}.jsonl"
    while name in taken:
        number += 1
        name = f"{stem}-{number}.jsonl"
    return name


def json_line(row: Row) -> bytes:
    """A row as one line of JSON."""
    return json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _length(row: Row) -> int:
    return sum(len(value) for value in row.values() if isinstance(value, str)) + 50


class Meter:
    """Tells a progress bar how much of the sources is read.

    Args:
        files: the sources; how much text a packed one holds is estimated.
        read: characters that were read before.
        progress: what to tell.
    """

    def __init__(self, files: Iterable[Path], read: int, progress: Moved | None) -> None:
        self._total = sum(
            path.stat().st_size * (UNPACKED if path.suffix in PACKED else 1) for path in files
        )
        self._read, self._progress = read, progress

    def add(self, block: Block) -> None:
        """A block is done."""
        self._read += block.size
        if self._progress:
            self._progress(block.path.name, self._read, max(self._total, self._read))


def _manifest(
    run: Unfinished,
    settings: dict[str, Any],
    sources: dict[str, dict[str, Any]],
    outputs: Sequence[str],
    drop: Sequence[str],
) -> dict[str, Any]:
    rights: dict[str, Counter[str]] = {}
    for output, source in zip(outputs, sources.values(), strict=True):
        rights.setdefault(output, Counter()).update(source["licences"])
    made = described(run.folder, drop)
    for name, entry in made.items():
        entry["licences"] = dict(rights.get(name, {}))
    return {
        "settings": settings,
        "counts": dict(sorted(run.counts.items())),
        "files": made,
        "sources": sources,
    }


def described(folder: Path, drop: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Bytes and SHA-256 of each file of a finished folder, but for those that go."""
    left = sorted(p for p in folder.iterdir() if p.name not in (JOURNAL, MANIFEST, *drop))
    return {path.name: {"bytes": path.stat().st_size, "sha256": file_hash(path)} for path in left}
