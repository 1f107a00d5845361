"""Tables: each row becomes lines of "column: value", so that one row answers a question.

In: a path and the text of a CSV or TSV file. Out: a `Document` with a blank line between the rows.
The readers of HTML and Word write the rows of their tables in the same way.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from dragon.errors import DocumentError
from dragon.retrieval.readers.document import Document, clean, title_of

_LONGEST_NAME = 60
RECORD_LIMIT = 450
"""Longest passage of rows, in characters: a few rows at most, so that the right one stands out."""


def read_csv(path: Path, text: str) -> Document:
    r"""Rows of a table; the first row names the columns unless it holds numbers.

    >>> print(read_csv(Path("staff.csv"), "name;floor\nAda;3\nBo;\n").text)
    name: Ada
    floor: 3
    <BLANKLINE>
    name: Bo
    """
    csv.field_size_limit(1 << 24)
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    try:
        rows = csv.reader(lines, delimiter=_delimiter(path, text))
        blocks = "\n\n".join(_blocks(row for row in rows if any(row)))
    except csv.Error as error:
        raise DocumentError(f"not a readable table ({error}).", "Save it as CSV again.") from None
    return Document(path, title_of(path), clean(blocks), passage_limit=RECORD_LIMIT)


def _delimiter(path: Path, text: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    first = text[:10000].partition("\n")[0]
    return max(",;\t|", key=first.count)


def _blocks(rows: Iterator[list[str]]) -> Iterator[str]:
    first = next(rows, [])
    names = column_names(first)
    if not names:
        yield record(names, first)
    for row in rows:
        yield record(names, row)


def column_names(first: Sequence[str]) -> list[str]:
    """The cells of a first row as the names of columns; none where they cannot be names.

    >>> column_names(["Dish", "Price "]), column_names(["Soup", "4.50"])
    (['Dish', 'Price'], [])
    """
    names = [cell.strip() for cell in first]
    wrong = len(set(names)) < len(names) or not all(names) or any(map(_is_number, names))
    return [] if wrong else names


def record(names: Sequence[str], cells: Sequence[str]) -> str:
    """One row in lines; columns without a name are numbered, empty cells left out."""
    lines = []
    for i, cell in enumerate(cells):
        if value := " ".join(cell.split()):
            lines.append(f"{names[i] if i < len(names) else f'column {i + 1}'}: {value}")
    return "\n".join(lines)


def loose_row(cells: Sequence[str]) -> str:
    """A row of a table whose columns have no names; of two cells the first names the second.

    >>> loose_row(["Lunch", "", "€18"]), loose_row(["Mon", "8:00", "17:00"])
    ('Lunch: €18', 'Mon | 8:00 | 17:00')
    """
    said = [words for cell in cells if (words := " ".join(cell.split()))]
    pair = len(said) == 2 and len(said[0]) <= _LONGEST_NAME and said[0][-1].isalnum()
    return (": " if pair else " | ").join(said)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace(",", "").lstrip("-").isdigit()
