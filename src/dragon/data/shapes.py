"""Rows that are what their first field promises, before anything is made of them.

In: rows. Out: the same; or an error with file, line and field. Only types are looked at here:
`dragon.data.checking` finds empty texts and answers that their passage does not hold.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dragon.data.sources import Numbered, Row
from dragon.errors import DataError

# The field that tells a form -> what its rows must have. The first that a row has counts.
SHAPES: Mapping[str, Mapping[str, str]] = {
    "passages": {
        "question": "text",
        "passages": "passages",
        "answers": "places",
        "previous": "exchange",
    },
    "context": {"question": "text", "context": "text", "answers": "texts"},
    "sentence": {"sentence": "text", "question": "text", "answer": "text", "split": "text"},
    "meaning": {"term": "text", "meaning": "text"},
    "template": {"template": "text", "prompt": "text", "completion": "text"},
    "input": {"input": "text", "output": "texts"},
    "members": {"members": "texts"},
    "text": {"text": "text"},
}
_SAID = {
    "text": "text",
    "texts": "a list of texts",
    "passages": "a list of objects with `text`",
    "places": "a list of objects with `text`, `passage`, `start` and `end`",
    "exchange": "an object with `question` and `answer`",
}


def told_by(row: Row) -> str | None:
    """The field that says what a row is; None if it has none of them.

    >>> told_by({"title": "Ropes", "text": "They are sold."})
    'text'
    """
    return next((field for field in SHAPES if field in row), None)


def shaped(path: Path, rows: Iterable[Numbered]) -> Iterator[Row]:
    """The rows of a file, which all are what the first one is.

    Raises:
        DataError: naming file, line and field of the first that is not.
    """
    told = None
    for line, row in rows:
        told = told or told_by(row)
        if told is None:
            fields = ", ".join(map(str, list(row)[:8])) or "none"
            raise DataError(
                f"{path}:{line} has no known field (fields: {fields}).",
                f"Rows have one of {', '.join(SHAPES)}; `dragon data format` writes them.",
            )
        check_shape(path, line, row, told)
        yield row


def check_shape(path: Path, line: int, row: Row, told: str) -> None:
    """Raise DataError, with file, line and field, unless a row has the shape of SHAPES[told]."""
    for field, kind in SHAPES[told].items():
        if field not in row:
            if field == "previous" or (field == "answers" and row.get("answerable") is False):
                continue
            fields = ", ".join(map(str, list(row)[:8])) or "none"
            raise DataError(
                f"{path}:{line}: {field} is missing (fields: {fields}).",
                "Add it, or leave the row out.",
            )
        if not _fits(row[field], kind):
            raise DataError(
                f"{path}:{line}: {field} is {str(row[field])[:40]!r}.", f"It must be {_SAID[kind]}."
            )


def texts_of(row: Row) -> list[str]:
    """The running text of a row of any shape: its text, what is asked about, what is defined."""
    if _fits(row.get("passages"), "passages"):
        return [passage["text"] for passage in row["passages"]]
    found = (row.get(field) for field in ("text", "context", "sentence", "meaning"))
    return [text for text in found if isinstance(text, str)][:1]


def is_exchange(value: Any) -> bool:
    """Whether a value has what was asked and answered before, as text."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) for name in ("question", "answer")
    )


def _fits(value: Any, kind: str) -> bool:
    if kind == "text":
        return isinstance(value, str)
    if kind == "exchange":
        return not value or is_exchange(value)
    if not isinstance(value, list):
        return False
    if kind == "texts":
        return all(isinstance(item, str) for item in value)
    numbers = ("passage", "start", "end") if kind == "places" else ()
    return all(
        isinstance(item, dict)
        and isinstance(item.get("text"), str)
        and all(type(item.get(name)) is int for name in numbers)
        for item in value
    )
