"""PDF files: the text layer, page by page.

In: a path. Out: a `Document` whose headings are its pages. Lines that were broken to fit the page
are joined, so that a sentence can be read and quoted as one.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pypdf
from pypdf.errors import DependencyError, PyPdfError

from dragon.errors import DocumentError
from dragon.retrieval.readers.builder import Builder
from dragon.retrieval.readers.document import Document

_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_ENDS = (".", "!", "?", ":", ";")


def read_pdf(path: Path, page_done: Callable[[], None] = lambda: None) -> Document:
    """Read a PDF; `page_done` is called after each page.

    Raises:
        DocumentError: if it is encrypted, damaged, or has no text layer.
    """
    builder = Builder()
    try:
        reader = pypdf.PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DependencyError("a password")
        title = str(reader.metadata.title or "") if reader.metadata else ""
        pages = 0
        for pages, page in enumerate(reader.pages, 1):
            builder.mark(f"page {pages}")
            builder.paragraph(unwrap(page.extract_text()))
            page_done()
    except DependencyError:  # A password is set, or AES without its optional package.
        raise DocumentError(
            "encrypted.", "Save a copy without a password, e.g. with qpdf --decrypt."
        ) from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # pypdf meets damage with whatever error its parser stumbles into.
        raise DocumentError(f"a damaged PDF ({error}).", "Print it to a new PDF.") from None
    document = builder.document(path, title)
    if not document.text:
        raise DocumentError(
            f"no text layer in its {pages} pages (scanned?).", "Run OCR first, e.g. ocrmypdf."
        )
    return document


def unwrap(text: str) -> str:
    r"""Join the lines of a paragraph that were broken to fit a page.

    >>> unwrap("Leave is granted by the depart-\nment that the person\nworks for.\nNext")
    'Leave is granted by the department that the person works for.\nNext'
    """
    lines = _HYPHEN.sub("", text).split("\n")
    width = max(map(len, lines))
    joined = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        stripped = line.rstrip()
        filled = 0.6 if following.lstrip()[:1].islower() else 0.8
        broken = len(stripped) > filled * width and not stripped.endswith(_ENDS)
        wrapped = broken and following.strip()
        joined += stripped + (" " if wrapped else "\n")
    return joined.strip()
