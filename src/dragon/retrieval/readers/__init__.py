"""Readers: a file in, a `Document` out, or a `DocumentError` whose message is the reason.

One small file a format. Formats that need a parser (PDF, Word, HTML) are imported when first met.
"""

from collections.abc import Callable
from pathlib import Path

from dragon.errors import DocumentError
from dragon.retrieval.readers.decode import decode
from dragon.retrieval.readers.document import Document, Heading, title_of
from dragon.retrieval.readers.markdown import read_markdown, read_rst

__all__ = ["PARSED", "SUFFIXES", "Document", "Heading", "read_document", "read_text"]


def read_plain(path: Path, text: str) -> Document:
    """A text without known structure."""
    return Document(path, title_of(path), text)


_CODE = (
    "py pyi js mjs cjs ts tsx jsx java kt c h cc cpp cxx hpp cs go rs rb php pl lua r scala swift sh "
    "bash zsh ps1 bat sql yaml yml toml ini cfg conf env properties xml css scss tex proto gradle"
)
TEXTUAL: dict[str, Callable[[Path, str], Document]] = {
    ".txt": read_plain,
    ".text": read_plain,
    ".log": read_plain,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".mdx": read_markdown,
    ".rst": read_rst,
    **{f".{suffix}": read_plain for suffix in _CODE.split()},
}
PARSED: frozenset[str] = frozenset()
SUFFIXES = frozenset(TEXTUAL) | PARSED


def read_text(path: Path, raw: bytes) -> Document:
    """Make a document of the bytes of a textual file.

    Raises:
        DocumentError: if they are not text, or hold none.
    """
    document = TEXTUAL[path.suffix.lower()](path, decode(raw))
    if not document.text.strip(" \t\r\n\ufeff"):
        raise DocumentError("empty: there is no text in it.")
    return document


def read_document(path: Path) -> Document:
    """Read any supported file.

    Raises:
        DocumentError: with the reason, if it cannot be read.
    """
    try:
        return read_text(path, path.read_bytes())
    except OSError as error:
        raise DocumentError(f"{error.strerror or error}.") from None
