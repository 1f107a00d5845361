"""Word files (.docx): headings, paragraphs and tables in their order.

In: a path. Out: a `Document`. A file that would unpack to far more than a document is refused
first.
"""

import re
import zipfile
from pathlib import Path

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

from dragon.errors import DocumentError
from dragon.retrieval.readers.builder import Builder
from dragon.retrieval.readers.document import Document

_MAX_UNPACKED = 200_000_000
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)


def read_docx(path: Path) -> Document:
    """Read a Word file.

    Raises:
        DocumentError: if it is damaged, encrypted, or unpacks to more than 200 MB.
    """
    try:
        _check_size(path)
        source = docx.Document(str(path))
    except (zipfile.BadZipFile, KeyError, ValueError, PackageNotFoundError):
        raise DocumentError(
            "not a readable Word file (damaged, or protected by a password).",
            "Save it again as .docx without a password.",
        ) from None
    builder = Builder()
    for block in source.iter_inner_content():
        if isinstance(block, Table):
            _table(block, builder)
        else:
            _paragraph(block, builder)
    return builder.document(path, source.core_properties.title or "")


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _MAX_UNPACKED:
        raise DocumentError(f"unpacks to {size / 1e6:.0f} MB.", "Remove its pictures, or split it.")


def _paragraph(paragraph: Paragraph, builder: Builder) -> None:
    style = (paragraph.style.name if paragraph.style else None) or ""
    if style == "Title":
        builder.heading(0, paragraph.text)  # It stands above every "Heading 1".
    elif level := _HEADING.match(style):
        builder.heading(int(level[1]), paragraph.text)
    elif style.startswith("List"):
        if paragraph.text.strip():
            builder.item(f"- {paragraph.text}")
    else:
        builder.paragraph(paragraph.text)


def _table(table: Table, builder: Builder) -> None:
    for row in table.rows:
        # A merged cell is handed out once for each column that it spans.
        cells = {id(cell._tc): " ".join(cell.text.split()) for cell in row.cells}
        builder.item(" | ".join(filter(None, cells.values())))
