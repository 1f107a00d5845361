"""A small dataset: a JSON or CSV file of sentences, or of instructions with their answers.

In: a file. Out: its entries, each with the line that it stands on. A JSON file is a list of texts
or of objects; a CSV file has a header. An entry has the field `text`, or the fields `instruction`
and `answer`.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.errors import DataError

FIELDS = (("text",), ("instruction", "answer"))
REMEDY = 'An entry has the field "text", or "instruction" and "answer".'


@dataclass(frozen=True, slots=True)
class Entry:
    """A sentence to be predicted (no instruction), or an instruction and its answer.

    Attributes:
        instruction: what is asked; empty for a sentence.
        text: the sentence, or the answer.
        where: file and line, for messages.
    """

    instruction: str
    text: str
    where: str


def read_dataset(path: Path) -> list[Entry]:
    """Read a .json or .csv dataset.

    Raises:
        DataError: naming file, line and field of what is wrong.
    """
    rows = {".json": _json_rows, ".csv": _csv_rows}.get(path.suffix.lower())
    if rows is None:
        raise DataError(f"{path} is neither .json nor .csv.", "Give a dataset in one of the two.")
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"There is no dataset {path}.", "Give a .json or .csv file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.", "It must be UTF-8 text.") from None
    entries = [_entry(f"{path}, line {line}", fields) for line, fields in rows(path, text)]
    if not entries:
        raise DataError(f"{path} holds no entry.", REMEDY)
    return entries


def _entry(where: str, fields: dict[str, Any]) -> Entry:
    names = next((names for names in FIELDS if set(names) == set(fields)), None)
    if names is None:
        found = ", ".join(map(str, fields)) or "none"
        raise DataError(f"{where}: the fields are {found}.", REMEDY)
    for name in names:
        value = fields[name]
        if not isinstance(value, str):
            raise DataError(f"{where}, field {name}: {value!r} is no text.", "Put it in quotes.")
        if not value.strip():
            raise DataError(f"{where}, field {name}: it is empty.", "Fill it in or drop the entry.")
    *before, last = (fields[name].strip() for name in names)
    return Entry(before[0] if before else "", last, where)


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each entry of the list with its line, which the library alone does not tell."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise DataError(f"{path}, line {_line(text, at)}: no list begins here.", "Start with [.")
    at, closed = _skip(text, at + 1), ","
    while closed == "," and text[at : at + 1] != "]":
        start = at
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError as error:
            line = _line(text, getattr(error, "pos", at))
            message = getattr(error, "msg", str(error))
            raise DataError(f"{path}, line {line}: not JSON: {message}.") from None
        if not isinstance(value, (str, dict)):
            raise DataError(f"{path}, line {_line(text, start)}: {value!r} is no entry.", REMEDY)
        yield _line(text, start), {"text": value} if isinstance(value, str) else value
        at = _skip(text, at)
        closed = text[at : at + 1]
        if closed not in (",", "]"):
            raise DataError(f"{path}, line {_line(text, at)}: a comma or ] is missing.")
        at = _skip(text, at + 1) if closed == "," else at
    if text[at + 1 :].strip() or text[at : at + 1] != "]":
        raise DataError(
            f"{path}, line {_line(text, at)}: the list does not end here.", "Use one ]."
        )


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if tuple(header) not in FIELDS:
            found = ", ".join(header) or "none"
            raise DataError(f"{path}, line 1: the columns are {found}.", REMEDY)
        end = reader.line_num
        for row in reader:
            start, end = end + 1, reader.line_num  # a quoted cell may hold line breaks
            if row and len(row) != len(header):
                raise DataError(
                    f"{path}, line {start}: {len(row)} cells; the header has {len(header)}.",
                    "Put text with commas in quotes.",
                )
            if row:
                yield start, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: not CSV: {error}.") from None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
