"""JSON and JSON Lines: each record becomes lines of "name: value".

In: a path and its text. Out: a `Document`; nested names are joined by dots, keys of a top-level
object that hold objects or lists of objects become headings.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dragon.errors import DocumentError
from dragon.retrieval.readers.document import Document, Heading, clean, title_of
from dragon.retrieval.readers.tables import RECORD_LIMIT


def read_json(path: Path, text: str) -> Document:
    """One JSON value, or JSON Lines under the wrong name.

    >>> print(read_json(Path("a.json"), '{"name": "Ada", "at": {"floor": 3}}').text)
    name: Ada
    at.floor: 3
    """
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return read_jsonl(path, text)
        raise DocumentError(f"not valid JSON: {error}.") from None
    except (RecursionError, ValueError) as error:
        raise DocumentError(f"not readable JSON: {error}.") from None
    return _document(path, value)


def read_jsonl(path: Path, text: str) -> Document:
    """One JSON value a line."""
    values = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            try:
                values.append(json.loads(line))
            except (RecursionError, ValueError) as error:
                raise DocumentError(f"line {number} is not valid JSON: {error}.") from None
    return _document(path, values)


def _document(path: Path, value: Any) -> Document:
    parts: list[str] = []
    headings: list[Heading] = []
    position = 0
    try:
        for heading, block in _blocks(value):
            if heading:
                headings.append(Heading(position, position, 1, heading))
            if block:
                parts.append(clean(block))
                position += len(block) + 2
    except RecursionError:
        raise DocumentError("nested too deeply to be read.", "Flatten it.") from None
    text = "\n\n".join(parts)
    return Document(path, title_of(path), text, tuple(headings), RECORD_LIMIT)


def _blocks(value: Any) -> Iterator[tuple[str, str]]:
    """(heading, text) of each record; a heading comes without text."""
    if isinstance(value, list):
        for item in value:
            yield "", "\n".join(_lines("", item))
    elif isinstance(value, dict):
        sections = {k: v for k, v in value.items() if _holds_records(v)}
        rest = {k: v for k, v in value.items() if k not in sections}
        yield "", "\n".join(_lines("", rest))
        for name, items in sections.items():
            yield clean(str(name)), ""
            for item in items:
                yield "", "\n".join(_lines("", item))
    else:
        yield "", str(value)


def _holds_records(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _lines(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lines(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for i, item in enumerate(value, 1):
            yield from _lines(f"{name}.{i}" if name else str(i), item)
    elif value not in (None, "", []):
        shown = ", ".join(map(_word, value)) if isinstance(value, list) else _word(value)
        yield f"{name}: {shown}" if name else shown


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
