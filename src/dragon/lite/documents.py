"""Chapter 2: files become documents, and documents become passages.

In: files and folders. Out: `Document`s with their text, cut into `Passage`s at headings.
HTML and Word files are turned into plain text that marks headings, list items and table rows as
Markdown does, so that everything after this chapter knows one format only. Offsets count characters
of that text; for all other files it is the file's own.
"""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from dragon.lite.words import Span, sentences, trimmed

PROSE = frozenset(".txt .md .rst .html .htm .docx".split())
# One line is one statement here.
ROWS = frozenset(
    ".csv .tsv .json .jsonl .py .js .ts .c .h .cpp .java .go .rs .rb .sh .sql .toml .yaml .yml "
    ".ini .cfg".split()
)
LONGEST = 900  # characters of a passage
LARGEST = 20_000_000  # bytes of a file
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_SKIPPED = frozenset("node_modules venv __pycache__".split())


class LiteError(Exception):
    """Something that the user can put right: one line with the value and the remedy."""


class Document(NamedTuple):
    """A file: its name as it is cited, its title and its text."""

    name: str
    title: str
    text: str


class Passage(NamedTuple):
    """A stretch of a document under one heading, with its sentences as offsets."""

    document: Document
    heading: str
    spans: tuple[Span, ...]
    columns: str = ""  # the first row of a table file, which names what stands in the others


def read(paths: Iterable[str]) -> tuple[list[Document], list[str]]:
    """Read files, and all files of folders.

    Returns:
        the documents, and a line for every file that could not be read.

    Raises:
        LiteError: if a path does not exist, or nothing can be read.
    """
    given = list(paths)
    documents, problems = [], []
    for file, name in _files(given):
        try:
            documents.append(load(file, name))
        except (OSError, ValueError, KeyError) as error:
            problems.append(f"{name}: {error}")
    if not documents:
        raise LiteError(f"Nothing to read in {', '.join(given)}. Name a folder of text files.")
    return documents, problems


def load(file: Path, name: str) -> Document:
    """Read one file; its title is its first heading, else its name.

    Raises:
        ValueError: if it is no text, or too large.
    """
    if file.stat().st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST:,} bytes")
    suffix = file.suffix.lower()
    text = _word_text(file) if suffix == ".docx" else _plain_text(file)
    if suffix in (".html", ".htm"):
        from dragon.lite.readers import read_html

        text = read_html(text)
    heading = _HEADING.search(text) if suffix in PROSE else None
    return Document(name, heading[2] if heading else file.stem.replace("-", " "), text)


def _plain_text(file: Path) -> str:
    # Not read_text, which makes \r\n one character: offsets must be those of the file.
    text = file.read_bytes().decode("utf-8")
    if "\0" in text:
        raise ValueError("a binary file")
    return text


def _word_text(file: Path) -> str:
    from dragon.lite.readers import read_docx  # slow to load, seldom needed

    return read_docx(file)


def _files(paths: Iterable[str]) -> Iterator[tuple[Path, str]]:
    for given in map(Path, paths):
        if not given.exists():
            raise LiteError(f"There is no {str(given)!r}. Name a file or a folder that exists.")
        if given.is_file():
            yield given, given.name
            continue
        ignored = _ignored(given)
        for file in sorted(given.rglob("*")):
            inside = file.relative_to(given)
            hidden = any(part.startswith(".") or part in _SKIPPED for part in inside.parts)
            hidden |= any(fnmatch(name, p) for p in ignored for name in (str(inside), file.name))
            if file.suffix.lower() in PROSE | ROWS and not hidden and file.is_file():
                yield file, inside.as_posix()


def _ignored(folder: Path) -> list[str]:
    """The patterns of a folder's .dragonignore, one a line."""
    try:
        lines = (folder / ".dragonignore").read_text("utf-8").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def passages(document: Document) -> Iterator[Passage]:
    """Cut a document at its headings, and long sections between sentences."""
    text, suffix = document.text, Path(document.name).suffix.lower()
    if suffix in ROWS:
        rows = _lines(text)
        columns = text[slice(*rows[0])] if rows and suffix in (".csv", ".tsv") else ""
        yield from _packed(document, "", rows[1:] if columns else rows, columns)
        return
    trail: list[tuple[int, str]] = []
    begin = 0
    for heading in [*_HEADING.finditer(text), None]:
        stop = heading.start() if heading else len(text)
        above = " > ".join(name for _, name in trail)
        yield from _packed(document, above, sentences(text, begin, stop))
        if heading:
            trail = [(n, name) for n, name in trail if n < len(heading[1])]
            trail.append((len(heading[1]), heading[2]))
            begin = heading.end()


def _lines(text: str) -> list[Span]:
    spans, begin = [], 0
    for line in text.splitlines(keepends=True):
        spans.append(trimmed(text, begin, begin + len(line)))
        begin += len(line)
    return [(a, b) for a, b in spans if a < b]


def _packed(
    document: Document, heading: str, spans: list[Span], columns: str = ""
) -> Iterator[Passage]:
    taken: list[Span] = []
    for span in spans:
        if taken and span[1] - taken[0][0] > LONGEST:
            yield Passage(document, heading, tuple(taken), columns)
            taken = []
        taken.append(span)
    if taken:
        yield Passage(document, heading, tuple(taken), columns)
