"""The index of a set of documents: add, remove, list, search.

In: files and folders, and questions. Out: passages, best first.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dragon.errors import InputError
from dragon.retrieval import store
from dragon.retrieval.question import match_expression, pairs, terms
from dragon.retrieval.types import AddReport, DocumentRow, Hit, Passage, Progress, Skipped

if TYPE_CHECKING:
    from dragon.text.vectors import WordVectors

_CANDIDATES = 50
_MATCHES = """
SELECT passages.id, path, title, heading, text, start, score
FROM (SELECT rowid AS hit, -bm25(search, 2.0, 2.0, 1.0) AS score FROM search
      WHERE search MATCH ? ORDER BY score DESC LIMIT ?)
JOIN passages ON passages.id = hit JOIN documents ON documents.id = document
"""
_HOLDING = """
SELECT passages.id, path, title, heading, text, start, ({}) / ? AS score
FROM passages JOIN documents ON documents.id = document
WHERE score > 0 ORDER BY score DESC, passages.id LIMIT ?
"""
_PASSAGES = """
SELECT passages.id, path, title, heading, text, start
FROM documents JOIN passages ON document = documents.id WHERE path = ? ORDER BY start
"""
_DOCUMENTS = """
SELECT path, title, size, characters,
       (SELECT count(*) FROM passages WHERE document = documents.id)
FROM documents WHERE problem = '' ORDER BY path
"""
_COUNTS = """
SELECT (SELECT count(*) FROM documents WHERE problem = ''), (SELECT count(*) FROM passages),
       (SELECT count(*) FROM documents WHERE problem <> '')
"""
_UNREADABLE = "SELECT path, problem FROM documents WHERE problem <> '' ORDER BY path"


class Index(AbstractContextManager["Index"]):
    """An index file, opened. Use `Index.open`, in a `with` statement."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path, *, create: bool = False, read_only: bool = False) -> "Index":
        """Open an index.

        Args:
            path: the index file.
            create: make it if it does not exist.
            read_only: never write to it.

        Raises:
            StoreError: if it does not exist, is damaged, or is not an index of this version.
        """
        return cls(path, store.connect(path, create=create, read_only=read_only))

    def close(self) -> None:
        """Close the file; the index cannot be used afterwards."""
        self._connection.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def search(
        self, question: str, top_k: int = 5, vectors: "WordVectors | None" = None
    ) -> list[Hit]:
        """The passages that fit a question best, best first.

        Args:
            question: in words.
            top_k: how many at most.
            vectors: of words, to find and to rank passages that say it in other words too.

        Raises:
            InputError: for an empty or endless question, or `top_k` below 1.
            StoreError: if the index is damaged or locked.
        """
        if top_k < 1:
            raise InputError(f"top_k is {top_k}.", "It must be 1 or more.")
        words = terms(question)
        if not words:
            return []
        from dragon.retrieval.ranking import Question, stem
        from dragon.retrieval.synonyms import SAME, other_words

        limit = max(_CANDIDATES, 2 * top_k)
        with store.guarded(self.path):
            rows = {row[0]: row for row in self._matching(words, limit)}
            others = other_words(words, vectors)
            for row in self._matching(others, limit):
                rows.setdefault(row[0], (*row[:6], SAME * row[6]))
            frequency = self._frequencies({*map(stem, words)})
            asked = Question(question, words, frequency, self._size(), vectors)
        if not rows:
            return self._holding(pairs(question), top_k)
        found = [(_passage(row[:6]), row[6]) for row in rows.values()]
        scores = asked.scores(found)
        hits = [Hit(passage, score) for (passage, _), score in zip(found, scores, strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage.id))[:top_k]

    def _matching(self, words: list[str], limit: int) -> list[tuple[Any, ...]]:
        if not words:
            return []
        query = match_expression(words), limit
        return self._connection.execute(_MATCHES, query).fetchall()

    def is_empty(self) -> bool:
        """True where there is nothing to search."""
        with store.guarded(self.path):
            return self._connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is None

    def _holding(self, pairs: list[str], top_k: int) -> list[Hit]:
        """The passages that hold most of some pairs of characters; the score is their share."""
        if not pairs:
            return []
        query = _HOLDING.format(" + ".join(["(instr(text, ?) > 0)"] * len(pairs)))
        with store.guarded(self.path):
            rows = self._connection.execute(query, (*pairs, float(len(pairs)), top_k)).fetchall()
        return [Hit(_passage(row[:6]), row[6]) for row in rows]

    def _size(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def _frequencies(self, stems: set[str]) -> dict[str, int]:
        marks = ", ".join("?" * len(stems))
        query = f"SELECT term, doc FROM stems WHERE term IN ({marks})"
        return dict(self._connection.execute(query, tuple(stems)))

    def documents(self) -> list[DocumentRow]:
        """All documents, by path."""
        with store.guarded(self.path):
            return [DocumentRow(*row) for row in self._connection.execute(_DOCUMENTS)]

    def counts(self) -> tuple[int, int, int]:
        """How many documents, passages and unreadable files there are."""
        with store.guarded(self.path):
            row = self._connection.execute(_COUNTS).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    def holds(self, document: str) -> bool:
        """Whether a document of this absolute path can be quoted."""
        query = "SELECT 1 FROM documents WHERE path = ? AND problem = ''"
        with store.guarded(self.path):
            return self._connection.execute(query, (document,)).fetchone() is not None

    def unreadable(self) -> list[Skipped]:
        """The files that were met and could not be read, by path."""
        with store.guarded(self.path):
            rows = self._connection.execute(_UNREADABLE).fetchall()
        return [Skipped(Path(path), problem) for path, problem in rows]

    def find(self, name: str) -> DocumentRow:
        """The document of this path; the end of a path is enough where it is the only one.

        Raises:
            InputError: if there is none, or more than one.
        """
        exact = os.path.realpath(Path(name).expanduser())
        tail = os.sep + name.replace("/", os.sep).lstrip("." + os.sep)
        rows = self.documents()
        found = [row for row in rows if row.path == exact]
        found = found or [row for row in rows if row.path.endswith(tail)]
        if not found:
            raise InputError(f"The index holds no document {name}.", "See: dragon index list.")
        if len(found) > 1:
            raise InputError(f"{len(found)} documents end in {name}.", "Give more of the path.")
        return found[0]

    def passages(self, document: str) -> list[Passage]:
        """The passages of a document, in order; `document` is its absolute path."""
        with store.guarded(self.path):
            return [_passage(row) for row in self._connection.execute(_PASSAGES, (document,))]

    def document_text(self, document: str) -> str:
        """The text of a document as it was indexed; offsets of passages count its characters.

        Raises:
            InputError: if the index holds no such document.
        """
        with store.guarded(self.path):
            row = self._connection.execute(
                "SELECT id, tail FROM documents WHERE path = ? AND problem = ''", (document,)
            ).fetchone()
            if row is None:
                raise InputError(
                    f"The index holds no document {document}.", "See: dragon index list."
                )
            pieces = self._connection.execute(
                "SELECT gap || text FROM passages WHERE document = ? ORDER BY start", row[:1]
            ).fetchall()
        return "".join([piece for (piece,) in pieces]) + str(row[1])

    def add(
        self, paths: Sequence[Path], progress: Callable[[Progress], None] | None = None
    ) -> AddReport:
        """Bring the index up to date with files and folders: all of it, or nothing at all.

        Files that have not changed are not read again; those that are gone are removed. A file
        that cannot be read is reported, and the others go on.

        Raises:
            InputError: for a path that does not exist.
            StoreError: if the index cannot be written; it is as it was before.
        """
        from dragon.retrieval.update import Update

        return Update(self._connection, self.path, progress).run(paths)

    def remove(self, paths: Sequence[Path]) -> int:
        """Remove documents, given as files or as folders that hold them; returns their number.

        Raises:
            InputError: if a path matches no document.
        """
        from dragon.retrieval.update import remove

        return remove(self._connection, self.path, paths)


def _passage(row: tuple[int, str, str, str, str, int]) -> Passage:
    number, document, title, heading, text, start = row
    return Passage(number, document, title, heading, text, start, start + len(text))
