"""One indexing run: compares files with the index and writes what differs in one transaction.

In: files and folders. Out: the report of what was added, changed, removed and skipped.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from dragon.errors import DocumentError, InputError
from dragon.retrieval import store
from dragon.retrieval.loading import Result, load_all
from dragon.retrieval.passages import cut
from dragon.retrieval.readers import Document
from dragon.retrieval.scan import Found, Scan, scan
from dragon.retrieval.source import Loaded
from dragon.retrieval.types import AddReport, Progress, Skipped

_NEW_DOCUMENT = """
INSERT INTO documents (path, title, hash, mtime_ns, size, characters, tail, problem)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_NEW_PASSAGE = """
INSERT INTO passages (id, document, start, heading, gap, text) VALUES (?, ?, ?, ?, ?, ?)
"""
_INDEX_DOCUMENT = """
INSERT INTO search (rowid, title, heading, text)
SELECT passages.id, ?, heading, text FROM passages WHERE document = ?
"""
_FORGET = (
    "DELETE FROM search WHERE rowid IN (SELECT id FROM passages WHERE document = ?)",
    "DELETE FROM passages WHERE document = ?",
    "DELETE FROM documents WHERE id = ?",
)


@dataclass(frozen=True, slots=True)
class _Known:
    """A document in the index."""

    id: int
    size: int
    mtime_ns: int
    digest: bytes
    problem: str


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
        self._progress = progress or (lambda _: None)
        self._counts = {"added": 0, "changed": 0, "unchanged": 0, "removed": 0, "bytes": 0}
        self._skipped: list[Skipped] = []

    def run(self, paths: Sequence[Path]) -> AddReport:
        """See `Index.add`."""
        started = time.perf_counter()
        found = scan(paths)
        with store.transaction(self._connection, self._path):
            known = self._known()
            if not found.files and not any(map(found.covers, known)):
                raise _nothing_to_read(paths, found)
            for path in known.keys() - found.files.keys():
                if found.covers(path):
                    self._forget(known[path])
            self._update([f for f in found.files.values() if not self._same(f, known)], known)
        return AddReport(
            **self._counts,
            skipped=(*found.skipped, *self._skipped),
            ignored=found.ignored,
            seconds=time.perf_counter() - started,
        )

    def _known(self) -> dict[str, _Known]:
        rows = self._connection.execute(
            "SELECT path, id, size, mtime_ns, hash, problem FROM documents"
        )
        return {path: _Known(*rest) for path, *rest in rows}

    def _same(self, file: Found, known: dict[str, _Known]) -> bool:
        row = known.get(file.path)
        if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
            return False
        self._keep(file, row)
        return True

    def _keep(self, file: Found, row: _Known) -> None:
        if row.problem:
            self._skipped.append(Skipped(Path(file.path), row.problem))
        else:
            self._counts["unchanged"] += 1

    def _update(self, files: list[Found], known: dict[str, _Known]) -> None:
        total, size, done = len(files), sum(file.size for file in files), 0
        digests = {path: row.digest for path, row in known.items()}
        for i, (file, result) in enumerate(load_all(files, digests)):
            self._progress(Progress(i, total, done, size, file.path))
            self._store(file, result, known.get(file.path))
            done += file.size
        self._progress(Progress(total, total, size, size, ""))

    def _store(self, file: Found, result: Result, row: _Known | None) -> None:
        if isinstance(result, DocumentError):
            self._skip(file, result)
            if row:
                self._forget(row)
        elif result.content is None:
            assert row
            self._keep(file, row)
            touch = "UPDATE documents SET mtime_ns = ? WHERE id = ?"
            self._connection.execute(touch, (result.mtime_ns, row.id))
        else:
            self._replace(file, result, row)

    def _replace(self, file: Found, loaded: Loaded, row: _Known | None) -> None:
        was_there = row is not None and not row.problem
        if row:
            forget(self._connection, row.id)
        self._counts["bytes"] += loaded.size if loaded.digest else 0  # one too large is not read
        if isinstance(loaded.content, Document):
            insert(self._connection, loaded.content, loaded)
            self._counts["changed" if was_there else "added"] += 1
        elif loaded.content:
            self._skip(file, loaded.content)
            self._counts["removed"] += was_there
            insert_problem(self._connection, file.path, loaded, str(loaded.content))

    def _skip(self, file: Found, error: DocumentError) -> None:
        self._skipped.append(Skipped(Path(file.path), str(error)))

    def _forget(self, row: _Known) -> None:
        forget(self._connection, row.id)
        self._counts["removed"] += not row.problem


def _nothing_to_read(paths: Sequence[Path], found: Scan) -> InputError:
    where = ", ".join(map(str, paths))
    others = f" ({found.ignored} files of other kinds)" if found.ignored else ""
    return InputError(
        f"There is nothing to read in {where}{others}.",
        "Give a folder with documents: .txt .md .pdf .docx .html .csv .json, or source code.",
    )


def insert(connection: sqlite3.Connection, document: Document, loaded: Loaded) -> None:
    """Write a document, its passages and their full-text index."""
    text = document.text
    cuts = list(cut(document))
    tail = text[cuts[-1][1] :] if cuts else text
    row = (str(document.path), document.title, loaded.digest, loaded.mtime_ns, loaded.size)
    number = connection.execute(_NEW_DOCUMENT, (*row, len(text), tail, "")).lastrowid
    (first,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM passages").fetchone()
    ends = [0, *(end for _, end, _ in cuts)]
    connection.executemany(
        _NEW_PASSAGE,
        (
            (i, number, start, heading, text[before:start], text[start:end])
            for i, before, (start, end, heading) in zip(count(first), ends, cuts, strict=False)
        ),
    )
    connection.execute(_INDEX_DOCUMENT, (document.title, number))


def insert_problem(connection: sqlite3.Connection, path: str, loaded: Loaded, problem: str) -> None:
    """Remember why a file cannot be read."""
    row = (path, "", loaded.digest, loaded.mtime_ns, loaded.size, 0, "", problem)
    connection.execute(_NEW_DOCUMENT, row)


def forget(connection: sqlite3.Connection, number: int) -> None:
    """Delete a document; its full-text rows first, since deleting them reads its passages."""
    for statement in _FORGET:
        connection.execute(statement, (number,))


def remove(connection: sqlite3.Connection, path: Path, paths: Sequence[Path]) -> int:
    """See `Index.remove`."""
    removed = 0
    with store.transaction(connection, path):
        for given in paths:
            covers = Scan(roots=[os.path.realpath(given.expanduser())]).covers
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
