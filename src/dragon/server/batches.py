"""Several files put into a library together, in OpenAI's form.

In: file ids. Out: a batch, whose state is that of its files.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from dragon.server.database import Database, new_id, now
from dragon.server.errors import ApiError, missing
from dragon.server.files import Files
from dragon.server.libraries import Libraries
from dragon.server.library import Library


class Batches:
    """The batches of one owner.

    Args:
        database: knows them.
        files: of the same owner.
        owner: the id of a key, or "".
    """

    def __init__(self, database: Database, files: Files, owner: str) -> None:
        self._database, self._files, self._owner = database, files, owner

    def create(self, library: Library, files: Sequence[str], libraries: Libraries) -> str:
        """Put files into a library; returns the id of the batch.

        Raises:
            ApiError: 404 for a file that is not there; then none is put in.
        """
        for file in files:
            self._files.check_document(file)
        for file in files:
            self._files.put_in(library, file, libraries)
        id = new_id("vsfb")
        self._database.rows(
            "INSERT INTO file_batches (id, owner, library, files, created) VALUES (?, ?, ?, ?, ?)",
            *(id, self._owner, library.id, json.dumps(list(dict.fromkeys(files))), now()),
        )
        return id

    def files(self, library: Library, id: str) -> list[dict[str, Any]]:
        """The files of a batch that are in the library, the last one first."""
        found = []
        for file in reversed(json.loads(self._row(library, id)["files"])):
            try:
                found.append(self._files.in_library(library, file))
            except ApiError:  # deleted since, or taken out
                continue
        return found

    def get(self, library: Library, id: str) -> dict[str, Any]:
        """A batch.

        Raises:
            ApiError: 404 if this owner has none of this id in the library.
        """
        row = self._row(library, id)
        counts = Counter(file["status"] for file in self.files(library, id))
        total = len(json.loads(row["files"]))
        gone = total - sum(counts.values())
        status = "cancelled" if row["cancelled"] else "completed"
        return {
            "id": id,
            "object": "vector_store.files_batch",
            "created_at": row["created"],
            "vector_store_id": library.id,
            "status": "in_progress" if counts["in_progress"] else status,
            "file_counts": {
                "in_progress": counts["in_progress"],
                "completed": counts["completed"],
                "failed": counts["failed"],
                "cancelled": gone,
                "total": total,
            },
        }

    def cancel(self, library: Library, id: str) -> None:
        """Take out the files that were not indexed yet.

        Raises:
            ApiError: 409 where all of them were.
        """
        waiting = [f["id"] for f in self.files(library, id) if f["status"] == "in_progress"]
        if not waiting:
            raise ApiError(409, f"The batch {id} is over.", "batch_is_over")
        for file in waiting:
            self._files.take_out(library, file)
        self._database.rows("UPDATE file_batches SET cancelled = 1 WHERE id = ?", id)

    def _row(self, library: Library, id: str) -> sqlite3.Row:
        query = "SELECT * FROM file_batches WHERE id = ? AND owner = ? AND library = ?"
        row = self._database.row(query, id, self._owner, library.id)
        if row is None:
            raise missing("file batch", id, "batch_not_found", "batch_id")
        return row
