"""The server's own SQLite file: libraries, conversations, files and responses.

In: statements. Out: rows. One connection behind a lock: its statements are short, and what has
been acknowledged must be on the disk.
"""

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dragon.errors import StoreError

APPLICATION_ID = 0x44725376
SCHEMA_VERSION = 4
_JOBS = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created INTEGER NOT NULL, finished INTEGER,
    status TEXT NOT NULL, base TEXT NOT NULL, folder TEXT NOT NULL, model TEXT NOT NULL,
    asked TEXT NOT NULL, plan TEXT NOT NULL, error TEXT);
CREATE TABLE job_events (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, job TEXT NOT NULL, created INTEGER NOT NULL,
    level TEXT NOT NULL, message TEXT NOT NULL, data TEXT);
CREATE INDEX events_of_job ON job_events (job, number);
"""
_BATCHES = """
CREATE TABLE file_batches (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, library TEXT NOT NULL
    REFERENCES libraries (id) ON DELETE CASCADE, files TEXT NOT NULL, created INTEGER NOT NULL,
    cancelled INTEGER NOT NULL DEFAULT 0);
"""
_WATCHED = """
CREATE TABLE watched (folder TEXT PRIMARY KEY, seconds INTEGER NOT NULL);
"""
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE libraries (id TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, model TEXT NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL);
CREATE INDEX conversations_of_owner ON conversations (owner, updated);
CREATE TABLE messages (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL
    REFERENCES conversations (id) ON DELETE CASCADE, role TEXT NOT NULL, content TEXT NOT NULL,
    created INTEGER NOT NULL, model TEXT, stopped INTEGER NOT NULL DEFAULT 0, dragon TEXT,
    feedback TEXT);
CREATE INDEX messages_of_conversation ON messages (conversation, number);
CREATE TABLE files (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL,
    purpose TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE library_files (
    library TEXT NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    file TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE, created INTEGER NOT NULL,
    PRIMARY KEY (library, file));
CREATE TABLE responses (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL,
    history TEXT NOT NULL);
{_JOBS}{_BATCHES}{_WATCHED}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""
# What an older version lacks.
_LACKING = {1: _JOBS + _BATCHES + _WATCHED, 2: _BATCHES + _WATCHED, 3: _WATCHED}


class Database:
    """The file, opened; every method may be called from any thread.

    Raises:
        StoreError: if it cannot be opened, or is another program's or a newer version's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._guarded():
            self._connection = sqlite3.connect(
                path, isolation_level=None, timeout=5.0, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            # Acknowledged means written: FULL also syncs the write-ahead log at each commit.
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._prepare()

    def _prepare(self) -> None:
        (kind,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if (kind, version) == (APPLICATION_ID, SCHEMA_VERSION):
            return
        if kind == APPLICATION_ID and version in _LACKING:
            steps = f"{_LACKING[version]} PRAGMA user_version = {SCHEMA_VERSION};"
            self._connection.executescript(f"BEGIN IMMEDIATE; {steps} COMMIT;")
            return
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if kind or tables:
            self._connection.close()
            raise StoreError(
                f"{self.path} has format {version}; this dragon reads {SCHEMA_VERSION}.",
                "Upgrade dragon, or move the file away.",
            )
        self._connection.executescript(_SCHEMA)

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """Execute one statement; returns its rows."""
        with self._lock, self._guarded():
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a statement, if there is one."""
        return next(iter(self.rows(statement, *values)), None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements within, or none."""
        with self._lock, self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"The server's database {self.path} fails ({error}).",
                "Check its folder, permissions and free space.",
            ) from error


def new_id(kind: str) -> str:
    """A name that nobody can guess: "conv_" and 24 hexadecimal digits."""
    return f"{kind}{'-' if kind in ('file', 'chatcmpl', 'cmpl') else '_'}{secrets.token_hex(12)}"


def now() -> int:
    """Unix time in whole seconds."""
    return int(time.time())
