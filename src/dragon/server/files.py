"""Files of OpenAI's interface, and the libraries that they are put into.

In: uploads and ids. Out: file objects; a file in a library is a copy below the library's folder,
`<file id>/<name>`, so that names may repeat.
"""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any, BinaryIO

from dragon.errors import DocumentError
from dragon.retrieval import Index
from dragon.server.database import Database, new_id, now
from dragon.server.errors import ApiError, missing
from dragon.server.libraries import Libraries
from dragon.server.library import Library
from dragon.server.uploads import check_examples, check_kind, drop, keep, safe_name

TO_LEARN = "fine-tune"


class Files:
    """The files of one owner.

    Args:
        database: knows them.
        folder: holds them, `<file id>/<name>`.
        owner: the id of a key, or "".
    """

    def __init__(self, database: Database, folder: Path, owner: str) -> None:
        self._database, self._folder, self._owner = database, folder, owner

    def create(self, name: str, size: int, source: BinaryIO, purpose: str) -> dict[str, Any]:
        """Store a file; it is on the disk when this returns.

        Raises:
            ApiError: 400 for a file that could never be read.
        """
        try:
            name = safe_name(name)
            if purpose == TO_LEARN:
                check_examples(name)
            else:
                check_kind(name, size)
        except DocumentError as error:
            raise ApiError(400, f"{error}", "invalid_file", "file") from None
        id = new_id("file")
        keep(source, self._folder / id / name)
        self._database.rows(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)",
            *(id, self._owner, name, self.path(id, name).stat().st_size, purpose, now()),
        )
        return self.get(id)

    def all(self) -> list[dict[str, Any]]:
        """All files, the newest first."""
        query = "SELECT * FROM files WHERE owner = ? ORDER BY created DESC, rowid DESC"
        return [_described(row) for row in self._database.rows(query, self._owner)]

    def get(self, id: str) -> dict[str, Any]:
        """One file.

        Raises:
            ApiError: 404 if this owner has none of this id.
        """
        query = "SELECT * FROM files WHERE owner = ? AND id = ?"
        row = self._database.row(query, self._owner, id)
        if row is None:
            raise missing("file", id, "file_not_found", "file_id")
        return _described(row)

    def path(self, id: str, name: str) -> Path:
        """Where a file that is known to exist lies."""
        return self._folder / id / name

    def delete(self, id: str, libraries: Libraries) -> None:
        """Delete a file, from all libraries too."""
        self.get(id)
        for row in self._database.rows("SELECT library FROM library_files WHERE file = ?", id):
            self.take_out(libraries.get(row["library"]), id)
        self._database.rows("DELETE FROM files WHERE id = ?", id)
        shutil.rmtree(self._folder / id, ignore_errors=True)

    def check_document(self, id: str) -> dict[str, Any]:
        """One file that may go into a library.

        Raises:
            ApiError: 404 if there is none, 400 for one to learn from.
        """
        file = self.get(id)
        if file["purpose"] == TO_LEARN:
            raise ApiError(
                400,
                f"{file['filename']} was uploaded to learn from. Use the purpose assistants.",
                "invalid_file",
                "file_id",
            )
        return file

    def put_in(self, library: Library, id: str, libraries: Libraries) -> dict[str, Any]:
        """Put a file into a library and have it indexed."""
        name = self.check_document(id)["filename"]
        copy = library.files / id / name
        if not copy.exists():
            with self.path(id, name).open("rb") as source:
                keep(source, copy)
        self._database.rows(
            "INSERT OR IGNORE INTO library_files VALUES (?, ?, ?)", library.id, id, now()
        )
        libraries.update(library, [os.path.realpath(copy)])
        return self.in_library(library, id)

    def take_out(self, library: Library, id: str) -> None:
        """Take a file out of a library; it answers no more from now on."""
        self._row_in(library, id)
        folder = library.files / id
        for path in folder.glob("*"):
            drop(path)
        with Index.open(library.index) as index:
            known = {row.path for row in index.documents()}
            known |= {str(skipped.path) for skipped in index.unreadable()}
            if any(Path(path).parent == folder for path in known):
                index.remove([folder])
        shutil.rmtree(folder, ignore_errors=True)
        self._database.rows(
            "DELETE FROM library_files WHERE library = ? AND file = ?", library.id, id
        )

    def in_library(self, library: Library, id: str) -> dict[str, Any]:
        """A file in a library: indexed, waiting or failed.

        Raises:
            ApiError: 404 if it is not in there.
        """
        row = self._row_in(library, id)
        path = str(library.files / id / row["name"])
        status, error = _status(library, path)
        return {
            "id": id,
            "object": "vector_store.file",
            "created_at": row["added"],
            "vector_store_id": library.id,
            "usage_bytes": row["bytes"],
            "status": status,
            "last_error": error,
            "attributes": {},
            "chunking_strategy": {"type": "other"},
        }

    def all_in(self, library: Library) -> list[dict[str, Any]]:
        """This owner's files in a library, the newest first."""
        query = (
            "SELECT file FROM library_files JOIN files ON files.id = file"
            " WHERE library = ? AND owner = ? ORDER BY library_files.created DESC, file"
        )
        rows = self._database.rows(query, library.id, self._owner)
        return [self.in_library(library, row["file"]) for row in rows]

    def _row_in(self, library: Library, id: str) -> sqlite3.Row:
        row = self._database.row(
            "SELECT files.*, library_files.created AS added FROM library_files"
            " JOIN files ON files.id = file WHERE library = ? AND file = ? AND owner = ?",
            *(library.id, id, self._owner),
        )
        if row is None:
            raise missing("file", id, "file_not_found", "file_id")
        return row


def _status(library: Library, path: str) -> tuple[str, dict[str, Any] | None]:
    if path in library.pending:
        return "in_progress", None
    with Index.open(library.index, read_only=True) as index:
        if index.holds(path):
            return "completed", None
        reasons = {str(skipped.path): skipped.reason for skipped in index.unreadable()}
    if path not in reasons and library.busy:
        return "in_progress", None
    why = reasons.get(path) or library.problem or "It was not indexed."
    return "failed", {"code": "invalid_file", "message": why}


def _described(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "object": "file",
        "bytes": row["bytes"],
        "created_at": row["created"],
        "filename": row["name"],
        "purpose": row["purpose"],
        "status": "processed",
        "status_details": None,
        "expires_at": None,
    }
