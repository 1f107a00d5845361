"""Word files (.docx): headings, paragraphs and tables in their order.

In: a path. Out: a `Document`. A file that would unpack to far more than a document is refused
first.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from dragon.errors import DocumentError
from dragon.retrieval.readers.builder import Builder
from dragon.retrieval.readers.document import Document
from dragon.retrieval.readers.tables import column_names, loose_row, record

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
    rows = [row.cells for row in table.rows]
    names = _names(table, rows[0]) if len(rows) > 1 else []
    for cells in rows[bool(names) :]:
        # A merged cell is handed out once for each column that it spans.
        texts = ["" if cell._tc is before else cell.text for before, cell in _with_left(cells)]
        builder.paragraph(record(names, texts) if names else loose_row(texts))


def _names(table: Table, first: tuple[_Cell, ...]) -> list[str]:
    """The columns' names, where the first row says them: in bold, or above three columns or more.

    Two columns without a head are mostly names and values.
    """
    if len(first) < 3 and not all(map(_is_bold, first)):
        return []
    return column_names([cell.text for cell in first])


def _is_bold(cell: _Cell) -> bool:
    runs = [run for paragraph in cell.paragraphs for run in paragraph.runs if run.text.strip()]
    return bool(runs) and all(run.bold for run in runs)


def _with_left(cells: tuple[_Cell, ...]) -> Iterator[tuple[object, _Cell]]:
    """Each cell with the element of the one on its left."""
    return zip([None, *(cell._tc for cell in cells)], cells, strict=False)
