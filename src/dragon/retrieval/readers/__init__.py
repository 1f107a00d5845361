"""Readers: a file in, a `Document` out, or a `DocumentError` whose message is the reason.

One small file a format. Formats that need a parser (PDF, Word, HTML) are imported when first met.
"""

import re
from collections.abc import Callable
from pathlib import Path

from dragon.errors import DocumentError
from dragon.retrieval.code import CODE
from dragon.retrieval.readers.decode import decode
from dragon.retrieval.readers.document import Document, Heading, title_of
from dragon.retrieval.readers.markdown import read_markdown, read_rst
from dragon.retrieval.readers.records import read_json, read_jsonl
from dragon.retrieval.readers.tables import read_csv

__all__ = [
    "PARSED",
    "SUFFIXES",
    "Document",
    "Heading",
    "read_document",
    "read_file",
    "read_text",
]


def read_plain(path: Path, text: str) -> Document:
    """A text without known structure."""
    return Document(path, title_of(path), text)


_VISIBLE = re.compile(r"[^\s\ufeff]")
TEXTUAL: dict[str, Callable[[Path, str], Document]] = {
    ".txt": read_plain,
    ".text": read_plain,
    ".log": read_plain,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".mdx": read_markdown,
    ".rst": read_rst,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    **dict.fromkeys(CODE, read_plain),
}
PARSED = frozenset({".pdf", ".docx", ".html", ".htm", ".xhtml"})
SUFFIXES = frozenset(TEXTUAL) | PARSED


def read_text(path: Path, raw: bytes) -> Document:
    """Make a document of the bytes of a textual file.

    Raises:
        DocumentError: if they are not text, or hold none.
    """
    return _not_empty(TEXTUAL[path.suffix.lower()](path, decode(raw)))


def read_file(path: Path, page_done: Callable[[], None] = lambda: None) -> Document:
    """Read a file of any supported format in this process.

    Raises:
        DocumentError: with the reason, if it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        from dragon.retrieval.readers.pdf import read_pdf

        return read_pdf(path, page_done)
    if suffix == ".docx":
        from dragon.retrieval.readers.docx import read_docx

        return _not_empty(read_docx(path))
    if suffix in PARSED:
        from dragon.retrieval.readers.html import read_html

        return _not_empty(read_html(path, decode(path.read_bytes())))
    return read_text(path, path.read_bytes())


def read_document(path: Path) -> Document:
    """Read a file of any supported format; parsers run in a process of their own, with limits.

    Raises:
        DocumentError: with the reason, if it cannot be read.
    """
    from dragon.retrieval.readers.parser import Parser

    if path.suffix.lower() in PARSED:
        with Parser() as parser:
            return parser.read(path)
    if path.suffix.lower() not in TEXTUAL:
        raise DocumentError(f"{path.suffix or 'no ending'}: this format is not read.")
    try:
        return read_text(path, path.read_bytes())
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}.") from None


def _not_empty(document: Document) -> Document:
    if not _VISIBLE.search(document.text):
        raise DocumentError("empty: there is no text in it.")
    return document
