"""One way to run a stage over many files: in blocks, by several processes, and resumable.

In: source files, and a `Task` that turns a block of rows into bytes and counts. Out: a folder with
what the blocks gave, in the order of the sources whatever the number of processes, and a manifest.

While it runs everything lies in `.NAME.unfinished` beside the folder. A journal there says which
blocks are whole; after kill -9 the same command cuts off what is half written and goes on, and the
result is the same to the byte. Only a whole folder gets the name.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from dragon.checkpoint import put_back, swap_in
from dragon.data.pool import in_order
from dragon.data.shards import MANIFEST, file_hash
from dragon.data.sources import Row, numbered_rows, stem_of
from dragon.errors import DataError

BLOCK = 1 << 20  # characters of text a block: what is lost when a process is killed
Moved = Callable[[str, int, int], None]  # what is read, bytes done, bytes in all
_JOURNAL = "journal.jsonl"


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


@dataclass(slots=True)
class Made:
    """What a block gave.

    Attributes:
        files: bytes to append to each output file, by its name.
        counts: what happened to how many documents, by reason.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


class Task(Protocol):
    """A stage: can be sent to another process, where `start` gives the function that works."""

    def start(self) -> Callable[[Block], Made]:
        """Load what is needed, once a process."""


def run_stage(
    name: str,
    task: Task,
    files: list[Path],
    out: Path,
    settings: dict[str, Any],
    workers: int = 0,
    progress: Moved | None = None,
    finish: Callable[[Path, Counter[str]], None] | None = None,
) -> dict[str, Any]:
    """Run a stage and return its manifest.

    Args:
        name: of the stage, for the manifest.
        task: what is done with a block.
        files: the sources.
        out: folder to write; what is there is replaced as a whole at the end.
        settings: whatever decides the result; a run that was stopped goes on only with the same.
        workers: processes; 0 for one a core that this process may use.
        progress: told how many characters are done.
        finish: last work on the unfinished folder, with the counts, before the manifest.

    Raises:
        DataError: for malformed sources, a full disk, or another process at the same folder.
    """
    if not files:
        raise DataError("No sources are given.", "Name files or folders with text.")
    sources = {str(path): _fingerprint(path) for path in files}
    plan = hashlib.sha256(json.dumps([name, BLOCK, settings, sources]).encode()).hexdigest()
    with _unfinished(out, plan) as (folder, done, counts):
        with disk_errors(folder):
            _work(task, files, folder, done, counts, workers, progress)
            if finish:
                finish(folder, counts)
            manifest = _finished(name, folder, settings, files, counts)
        swap_in(folder, out)
    return manifest


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

    >>> output_names([Path("a/wiki.txt"), Path("b/wiki.jsonl.xz")])
    ['wiki.jsonl', 'wiki-2.jsonl']
    """
    names: list[str] = []
    for path in files:
        stem, number = stem_of(path), 1
        name = f"{stem}.jsonl"
        while name in names:
            number += 1
            name = f"{stem}-{number}.jsonl"
        names.append(name)
    return names


def json_line(row: Row) -> bytes:
    """A row as one line of JSON."""
    return json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def _length(row: Row) -> int:
    return sum(len(value) for value in row.values() if isinstance(value, str)) + 50


def _fingerprint(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


@contextmanager
def _unfinished(out: Path, plan: str) -> Iterator[tuple[Path, int, Counter[str]]]:
    """The folder that is worked in, how many blocks it holds already, and their counts."""
    out.parent.mkdir(parents=True, exist_ok=True)
    put_back(out)
    folder = out.with_name(f".{out.name}.unfinished")
    with out.with_name(f".{out.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"Another process is writing {out}.", "Wait for it, or name another folder."
            ) from None
        journal = _read_journal(folder, plan)
        if journal is None:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / _JOURNAL).write_text(json.dumps({"plan": plan}) + "\n", "utf-8")
            journal = []
        sizes: dict[str, int] = journal[-1]["sizes"] if journal else {}
        for path in folder.iterdir():
            if path.name != _JOURNAL:
                _cut(path, sizes.get(path.name, 0))
        counts: Counter[str] = Counter()
        for entry in journal:
            counts.update(entry["counts"])
        yield folder, len(journal), counts
        Path(lock.name).unlink(missing_ok=True)


def _read_journal(folder: Path, plan: str) -> list[dict[str, Any]] | None:
    """The whole entries; None if the folder is of another plan, or is none."""
    try:
        lines = (folder / _JOURNAL).read_bytes().split(b"\n")
    except OSError:
        return None
    entries = []
    for line in lines[:-1]:  # what follows the last line feed is half written
        try:
            entries.append(json.loads(line))
        except ValueError:
            return None
    if not entries or entries[0].get("plan") != plan:
        return None
    sizes = entries[-1].get("sizes", {})
    if any(
        not p.exists() or p.stat().st_size < n for p, n in ((folder / k, sizes[k]) for k in sizes)
    ):
        return None  # stopped in the last work, which takes files away: from the start
    _cut(folder / _JOURNAL, sum(len(line) + 1 for line in lines[:-1]))
    return entries[1:]


def _cut(path: Path, size: int) -> None:
    if size:
        os.truncate(path, size)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _work(
    task: Task,
    files: list[Path],
    folder: Path,
    done: int,
    counts: Counter[str],
    workers: int,
    progress: Moved | None,
) -> None:
    total = sum(path.stat().st_size for path in files)
    opened: dict[str, IO[bytes]] = {}
    sizes: dict[str, int] = {p.name: p.stat().st_size for p in folder.iterdir()}
    sizes.pop(_JOURNAL)
    read = 0
    try:
        with (folder / _JOURNAL).open("ab") as journal:
            for block, made in in_order(task, blocks(files, done), workers):
                for name, data in made.files.items():
                    if name not in opened:
                        opened[name] = (folder / name).open("ab")
                    opened[name].write(data)
                    sizes[name] = sizes.get(name, 0) + len(data)
                for file in opened.values():
                    file.flush()
                    os.fsync(file.fileno())
                entry = {"sizes": sizes, "counts": made.counts}
                journal.write(json.dumps(entry).encode() + b"\n")
                journal.flush()
                counts.update(made.counts)
                read += block.size
                if progress:
                    progress(block.path.name, read, max(total, read))
    finally:
        for file in opened.values():
            file.close()


def _finished(
    name: str, folder: Path, settings: dict[str, Any], files: list[Path], counts: Counter[str]
) -> dict[str, Any]:
    (folder / _JOURNAL).unlink()
    made = sorted(path for path in folder.iterdir())
    manifest = {
        "kind": name,
        "settings": settings,
        "counts": dict(sorted(counts.items())),
        "files": {
            path.name: {"bytes": path.stat().st_size, "sha256": file_hash(path)} for path in made
        },
        "sources": {str(path): file_hash(path) for path in files},
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, "utf-8")
    return dict(json.loads(text))


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """A full disk becomes an error that says what to do; what is written stays for the next run."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise DataError(
            f"No space left on the disk for {folder}.",
            "Free some and run the same command again: it goes on where it stopped.",
        ) from None
