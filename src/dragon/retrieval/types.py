"""What retrieval hands out: passages, hits, and the report of an indexing run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, small enough to be read at once.

    Attributes:
        id: row of the passage in its index.
        document: absolute path of the document.
        title: title of the document.
        heading: the headings above the passage, outermost first, joined by " > ".
        text: the passage; equals document_text[start:end].
        start, end: character offsets into the document's text.
    """

    id: int
    document: str
    title: str
    heading: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and how well it fits the question; greater is better."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the index knows it; `size` in bytes, `characters` of extracted text."""

    path: str
    title: str
    size: int
    characters: int
    passages: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not in the index, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an indexing run has come; sizes in bytes, `path` the file that comes next."""

    files: int
    files_total: int
    size: int
    size_total: int
    path: str


@dataclass(frozen=True, slots=True)
class AddReport:
    """What an indexing run did.

    Attributes:
        added, changed, unchanged, removed: numbers of documents.
        skipped: files that should have been read and could not be.
        ignored: number of files with an unknown ending; none that are hidden or left out by name.
        bytes: size of the files that were read.
        seconds: wall time.
    """

    added: int
    changed: int
    unchanged: int
    removed: int
    skipped: tuple[Skipped, ...]
    ignored: int
    bytes: int
    seconds: float
