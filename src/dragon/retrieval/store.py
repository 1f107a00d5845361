"""The index file: one SQLite database, opened, checked and guarded.

In: a path. Out: a connection whose schema is ours, and `StoreError` for whatever can go wrong
with it.

A file that cannot be read has a row with its `problem`, so that it is not parsed again at each run.
Passages hold their text; `gap` is what stands before them in the document, so that the document's
text is the concatenation of both and nothing is stored twice. The full-text index takes its
columns from the view `contents`. The journal is SQLite's rollback journal: one file at rest,
readable from a folder that cannot be written, and after a kill or a full disk the next opening
rolls back to the last commit.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dragon.errors import StoreError

APPLICATION_ID = 0x44724147
SCHEMA_VERSION = 1
_WAIT_SECONDS = 5.0
_CACHE_KIB = 65536  # A transaction within the cache locks readers out only while it commits.

_SCHEMA = f"""
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, title TEXT NOT NULL, hash BLOB NOT NULL,
    mtime_ns INTEGER NOT NULL, size INTEGER NOT NULL, characters INTEGER NOT NULL,
    tail TEXT NOT NULL, problem TEXT NOT NULL);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL,
    heading TEXT NOT NULL, gap TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX passages_of_document ON passages (document);
CREATE VIEW contents AS
    SELECT passages.id AS id, title, heading, text
    FROM passages JOIN documents ON documents.id = passages.document;
CREATE VIRTUAL TABLE search USING fts5 (
    title, heading, text, content = 'contents', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE stems USING fts5vocab (search, row);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


def connect(path: Path, *, create: bool, read_only: bool) -> sqlite3.Connection:
    """Open an index file; with `create`, make it where there is none.

    Raises:
        StoreError: if there is none, or it is corrupt, another program's or newer.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder.", "Give --index a file.")
    if not path.exists() or path.stat().st_size == 0:
        if not create:
            raise StoreError(
                f"No index at {path}.", f"Make one: dragon index add PATH --index {path}"
            )
        _make_folder(path.parent)
    with guarded(path):
        # A run that was killed left a journal: whoever opens the file next has to roll it back.
        interrupted = Path(f"{path}-journal").exists()
        mode = "ro" if read_only and not interrupted else "rwc"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=_WAIT_SECONDS,
        )
        try:
            _prepare(connection, path, create)
        except BaseException:
            connection.close()
            raise
    return connection


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Cannot make the folder {folder}: {error.strerror}.", "Give --index another place."
        ) from None


def _prepare(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    kind, version = _stamp(connection)
    if (kind, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return
    if kind == APPLICATION_ID:
        raise StoreError(
            f"The index {path} has format {version}; this dragon reads {SCHEMA_VERSION}.",
            "Upgrade dragon, or remove the file and index again.",
        )
    if not create or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise StoreError(f"{path} is not a dragon index.", "Give --index another file.")
    # In one transaction: two processes that create the same index must not both try.
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")


def _stamp(connection: sqlite3.Connection) -> tuple[int, int]:
    (kind,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return kind, version


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a `StoreError` that says what to do."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(f"The index {path} is in use by another process.", "Try again later.")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")) and "READ" not in name:
        return StoreError(
            f"No space left to write the index {path}; it is as it was before.",
            "Free disk space, or give --index a file on another disk.",
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreError(
            f"The index {path} cannot be written or opened.", "Check its permissions and folder."
        )
    if name.startswith("SQLITE_NOTADB"):
        return StoreError(f"{path} is not a dragon index.", "Give --index another file.")
    return StoreError(f"The index {path} is damaged ({error}).", "Remove the file and index again.")


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing, for any exception, Ctrl-C among them."""
    with guarded(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
