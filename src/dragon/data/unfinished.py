"""A folder that grows piece by piece, and goes on after kill -9 where it stopped.

In: pieces in order, each a few bytes for some files and counts. Out: the folder under its name.

Until then it is `.NAME.unfinished`, beside the place where it will stand. A journal in it says how
long each file was when the last piece was whole; opening it again cuts off what came after. A run
with other settings or other sources begins anew.
"""

import errno
import fcntl
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from dragon.checkpoint import put_back, swap_in
from dragon.data.pool import WorkerError
from dragon.data.shards import read_manifest, write_manifest
from dragon.errors import DataError

JOURNAL = ".journal"
TOGETHER = 1 << 20  # bytes that are written, and then on the disk for certain, at once
Seen = dict[int, Counter[str]]  # by the number of a source: its rows by their licence


@dataclass(slots=True)
class Made:
    """A piece.

    Attributes:
        files: bytes to append to each file, by its name.
        counts: what happened to how many documents, by reason.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Unfinished:
    """The folder while it grows.

    Attributes:
        folder: where it is.
        begun: whether what comes before the first piece is there already.
        pieces: how many are whole.
        read: characters of the sources in these.
        counts: all their counts.
        seen: rows read of each source, by licence.
        manifest: of the whole, if only its name was missing.
    """

    folder: Path
    begun: bool = False
    pieces: int = 0
    read: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    seen: Seen = field(default_factory=dict)
    manifest: dict[str, Any] | None = None
    _waiting: list[tuple[Made, int, Mapping[int, Counter[str]]]] = field(default_factory=list)
    _size: int = 0

    def begin(self) -> None:
        """All files that lie there now are whole."""
        for path in self.folder.iterdir():
            _sync(path)
        self._write({"begun": True, "sizes": self._sizes()})
        self.begun = True

    def append(self, made: Made, read: int = 0, seen: Mapping[int, Counter[str]] = {}) -> None:
        """Add a piece; it is kept once enough have come together, or at `flush`."""
        self._waiting.append((made, read, seen))
        self._size += sum(map(len, made.files.values())) + 1000
        if self._size >= TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write what waits; from then on it is kept."""
        if not self._waiting:
            return
        parts: dict[str, list[bytes]] = {}
        counts: Counter[str] = Counter()
        rows: Seen = {}
        read = 0
        for made, characters, seen in self._waiting:
            for name, data in made.files.items():
                parts.setdefault(name, []).append(data)
            counts.update(made.counts)
            read += characters
            _add(rows, seen)
        sizes = {name: _appended(self.folder / name, data) for name, data in parts.items()}
        entry = {"pieces": len(self._waiting), "sizes": sizes, "counts": counts, "read": read}
        self._write(entry | {"seen": rows})
        self._waiting, self._size = [], 0
        self._add(entry | {"seen": rows})

    def finish(self, kind: str, manifest: dict[str, Any], drop: Sequence[str]) -> dict[str, Any]:
        """Write the manifest; from then on only the name is missing.

        Args:
            kind: what the folder is.
            manifest: what else is said of it.
            drop: files that are needed no more.
        """
        self.manifest = write_manifest(self.folder, kind, **manifest)
        for path in self.folder.iterdir():
            _sync(path)
        self._write({"drop": list(drop)})
        self._dropped(drop)
        return self.manifest

    def replay(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Take up what a journal says; files are cut to their last whole piece."""
        sizes: dict[str, int] = {}
        for entry in entries:
            self.begun |= entry.get("begun", False)
            sizes |= entry.get("sizes", {})
            self._add(entry)
        if "drop" in entries[-1]:
            self._dropped(entries[-1]["drop"])
            self.manifest = read_manifest(self.folder)
            return
        for name, size in sizes.items():
            _cut(self.folder / name, size)
        for path in self.folder.iterdir():
            if path.name not in sizes and path.name != JOURNAL:
                path.unlink()

    def _add(self, entry: Mapping[str, Any]) -> None:
        self.pieces += entry.get("pieces", 0)
        self.read += entry.get("read", 0)
        self.counts.update(entry.get("counts", {}))
        _add(self.seen, {int(k): Counter(v) for k, v in entry.get("seen", {}).items()})

    def _dropped(self, names: Sequence[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def _sizes(self) -> dict[str, int]:
        return {p.name: p.stat().st_size for p in self.folder.iterdir() if p.name != JOURNAL}

    def _write(self, entry: Mapping[str, Any]) -> None:
        _appended(self.folder / JOURNAL, [json.dumps(entry).encode() + b"\n"])


@contextmanager
def unfinished(out: Path, plan: str) -> Iterator[Unfinished]:
    """The folder to work in; when the block ends and a manifest is there, it is `out`.

    Args:
        out: what is there is replaced as a whole at the end.
        plan: names all that decides the result; only a run with the same goes on.

    Raises:
        DataError: if another process is writing the same folder, or the disk is full.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    put_back(out)
    folder = out.with_name(f".{out.name}.unfinished")
    with _locked(out) as lock, disk_errors(folder):
        grown = _opened(folder, plan)
        try:
            yield grown
            if grown.manifest is not None:
                swap_in(folder, out)
                (out / JOURNAL).unlink()
        except BaseException as error:
            final = isinstance(error, DataError) and not isinstance(error, WorkerError)
            if final or not (grown.begun or grown.pieces):  # nothing to go on from
                shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            lock.unlink(missing_ok=True)


def _opened(folder: Path, plan: str) -> Unfinished:
    grown = Unfinished(folder)
    entries = _journal(folder / JOURNAL)
    if entries and entries[0].get("plan") == plan:
        with suppress(FileNotFoundError, DataError):
            grown.replay(entries)
            return grown
        grown = Unfinished(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _appended(folder / JOURNAL, [json.dumps({"plan": plan}).encode() + b"\n"])
    return grown


def _journal(path: Path) -> list[dict[str, Any]]:
    """The whole entries of a journal, which is cut behind them."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
        entries = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return []
    os.truncate(path, sum(len(line) + 1 for line in lines))
    return entries


@contextmanager
def _locked(out: Path) -> Iterator[Path]:
    path = out.with_name(f".{out.name}.lock")
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"Another process is writing {out}.", "Wait for it, or name another folder."
            ) from None
        yield path


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


def _add(all_rows: Seen, rows: Mapping[int, Counter[str]]) -> None:
    for number, licences in rows.items():
        all_rows.setdefault(number, Counter()).update(licences)


def _appended(path: Path, parts: Sequence[bytes]) -> int:
    """Append, wait until it is on the disk; the file's size."""
    file: IO[bytes]
    with path.open("ab") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _cut(path: Path, size: int) -> None:
    """Cut a file to a size; FileNotFoundError if it lacks some of it."""
    length = path.stat().st_size
    if length < size:
        raise FileNotFoundError(path)
    if length > size:
        os.truncate(path, size)
