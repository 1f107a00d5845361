"""One indexing run: compares files with the index and writes what differs in one transaction.

In: files and folders. Out: the report of what was added, changed, removed and skipped.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from dragon.errors import DocumentError, InputError
from dragon.retrieval import store
from dragon.retrieval.passages import cut
from dragon.retrieval.readers import Document, read_text
from dragon.retrieval.scan import Found, Scan, scan
from dragon.retrieval.types import AddReport, Progress, Skipped

_MAX_BYTES = 50_000_000
_RECENT_NS = 2_000_000_000

_NEW_DOCUMENT = """
INSERT INTO documents (path, title, hash, mtime_ns, size, characters, tail) VALUES (?, ?, ?, ?, ?, ?, '')
"""
_NEW_PASSAGE = (
    "INSERT INTO passages (id, document, start, heading, gap, text) VALUES (?, ?, ?, ?, ?, ?)"
)
_INDEX_DOCUMENT = """
INSERT INTO search (rowid, title, heading, text)
SELECT passages.id, ?, heading, text FROM passages WHERE document = ?
"""
_FORGET = (
    "DELETE FROM search WHERE rowid IN (SELECT id FROM passages WHERE document = ?)",
    "DELETE FROM passages WHERE document = ?",
    "DELETE FROM documents WHERE id = ?",
)


class Update:
    """The state of one run over an open index."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._progress = progress
        self._counts = {"added": 0, "changed": 0, "unchanged": 0, "removed": 0, "bytes": 0}
        self._skipped: list[Skipped] = []

    def run(self, paths: Sequence[Path]) -> AddReport:
        """See `Index.add`."""
        started = time.perf_counter()
        found = scan(paths)
        with store.transaction(self._connection, self._path):
            known = self._known()
            for path in known.keys() - found.files.keys():
                if found.covers(path):
                    forget(self._connection, known[path][0])
                    self._counts["removed"] += 1
            self._update(found, known)
        return AddReport(
            **self._counts,
            skipped=tuple(self._skipped),
            ignored=found.ignored,
            seconds=time.perf_counter() - started,
        )

    def _known(self) -> dict[str, tuple[int, int, int, bytes]]:
        rows = self._connection.execute("SELECT path, id, size, mtime_ns, hash FROM documents")
        return {row[0]: row[1:] for row in rows}

    def _update(self, found: Scan, known: dict[str, tuple[int, int, int, bytes]]) -> None:
        total, size = len(found.files), sum(file.size for file in found.files.values())
        done = 0
        for i, file in enumerate(found.files.values()):
            if self._progress:
                self._progress(Progress(i, total, done, size, file.path))
            try:
                self._update_file(file, known.get(file.path))
            except DocumentError as error:
                self._skipped.append(Skipped(Path(file.path), str(error)))
                if file.path in known:
                    forget(self._connection, known[file.path][0])
                    self._counts["removed"] += 1
            done += file.size
        if self._progress:
            self._progress(Progress(total, total, size, size, ""))

    def _update_file(self, file: Found, row: tuple[int, int, int, bytes] | None) -> None:
        if row and row[1:3] == (file.size, file.mtime_ns):
            self._counts["unchanged"] += 1
            return
        raw, stat = read_bytes(file.path)
        digest = blake2b(raw, digest_size=16).digest()
        mtime_ns = _settled(stat.st_mtime_ns)
        if row and row[3] == digest:
            self._counts["unchanged"] += 1
            self._connection.execute(
                "UPDATE documents SET mtime_ns = ? WHERE id = ?", (mtime_ns, row[0])
            )
            return
        document = read_text(Path(file.path), raw)
        if row:
            forget(self._connection, row[0])
        self._counts["changed" if row else "added"] += 1
        self._counts["bytes"] += len(raw)
        insert(self._connection, document, digest, mtime_ns, len(raw))


def _settled(mtime_ns: int) -> int:
    # A file written a moment ago may change again within the clock's tick: compare its hash next time.
    return mtime_ns if time.time_ns() - mtime_ns > _RECENT_NS else 0


def read_bytes(path: str) -> tuple[bytes, os.stat_result]:
    """A file's bytes and the state that they belong to.

    Raises:
        DocumentError: if it is too large, cannot be read, or changes again and again while it is read.
    """
    try:
        for _ in range(2):
            with open(path, "rb") as stream:
                before = os.fstat(stream.fileno())
                if before.st_size > _MAX_BYTES:
                    raise DocumentError(
                        f"{before.st_size / 1e6:.0f} MB; the limit is {_MAX_BYTES / 1e6:.0f} MB.",
                        "Split it.",
                    )
                raw = stream.read(_MAX_BYTES + 1)
            after = os.stat(path)
            if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
                return raw, after
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}.") from None
    raise DocumentError("changes while it is read.", "Index it when its writer is done.")


def insert(
    connection: sqlite3.Connection, document: Document, digest: bytes, mtime_ns: int, size: int
) -> None:
    """Write a document, its passages and their full-text index."""
    text = document.text
    row = (str(document.path), document.title, digest, mtime_ns, size, len(text))
    number = connection.execute(_NEW_DOCUMENT, row).lastrowid
    assert number is not None
    (first,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM passages").fetchone()
    end = 0

    def rows() -> Iterator[tuple[int, int, int, str, str, str]]:
        nonlocal end
        for i, (start, stop, heading) in enumerate(cut(document), first):
            yield i, number, start, heading, text[end:start], text[start:stop]
            end = stop

    connection.executemany(_NEW_PASSAGE, rows())
    connection.execute("UPDATE documents SET tail = ? WHERE id = ?", (text[end:], number))
    connection.execute(_INDEX_DOCUMENT, (document.title, number))


def forget(connection: sqlite3.Connection, number: int) -> None:
    """Delete a document; its full-text rows first, since deleting them reads its passages."""
    for statement in _FORGET:
        connection.execute(statement, (number,))


def remove(connection: sqlite3.Connection, path: Path, paths: Sequence[Path]) -> int:
    """See `Index.remove`."""
    removed = 0
    with store.transaction(connection, path):
        for given in paths:
            root = os.path.realpath(given.expanduser())
            covers = Scan(roots=[root]).covers
            rows = connection.execute("SELECT id, path FROM documents").fetchall()
            matches = [number for number, document in rows if covers(document)]
            if not matches:
                raise InputError(
                    f"The index holds nothing from {given}.", "See: dragon index list."
                )
            for number in matches:
                forget(connection, number)
            removed += len(matches)
    return removed
