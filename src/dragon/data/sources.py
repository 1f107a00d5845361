"""Raw text from files, streamed.

In: paths of .txt, .md, .jsonl, .json or .csv, plain or compressed with .gz or .xz; a folder means
all such files below it. Out: one dictionary a row (JSON, CSV) or a file (plain text), with at least
the key `text` where the source has running text.
"""

import csv
import gzip
import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from dragon.errors import DataError

ENDINGS = (".txt", ".md", ".jsonl", ".json", ".csv")
Row = dict[str, Any]


def source_files(paths: Iterable[Path]) -> list[Path]:
    """All readable source files among and below some paths, sorted.

    Raises:
        DataError: if a path does not exist, is of another kind, or holds no such file.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"No training text at {path}.", "Check the path.")
        files = [path] if path.is_file() else _visible_below(path)
        readable = [file for file in files if _ending(file) in ENDINGS]
        if not readable:
            raise DataError(
                f"No training text found in {path}.",
                f"Give files that end in {', '.join(ENDINGS)}.",
            )
        found += readable
    if not found:
        raise DataError("No sources are given.", "Name files or folders with text.")
    return found


def title_of(row: Row) -> str:
    """The title of a row as people write it: SQuAD has underscores for blanks; empty if none.

    >>> title_of({"title": "Apollo_program"})
    'Apollo program'
    """
    return str(row.get("title") or "").replace("_", " ").strip()


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of one file.

    Raises:
        DataError: naming file and line of the first malformed row.
    """
    ending = _ending(path)
    try:
        with _open(path) as file:
            if ending == ".jsonl":
                yield from _jsonl(path, file)
            elif ending == ".json":
                values = json.load(file)
                yield from _objects(path, values if isinstance(values, list) else [values])
            elif ending == ".csv":
                yield from csv.DictReader(file)
            else:
                yield {"title": path.stem, "text": file.read()}
    except (OSError, UnicodeDecodeError, ValueError, EOFError, lzma.LZMAError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from None


def _visible_below(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        path
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _ending(path: Path) -> str:
    stripped = path.with_suffix("") if path.suffix in (".gz", ".xz") else path
    return stripped.suffix.lower()


def _open(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8", newline="")


def _jsonl(path: Path, file: IO[str]) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number} is not JSON: {error}.") from None
        yield from _objects(f"{path}:{number}", [row])


def _objects(where: object, values: Iterable[Any]) -> Iterator[Row]:
    for value in values:
        if not isinstance(value, dict):
            raise DataError(
                f"{where} holds {str(value)[:40]!r}.", "Each row must be a JSON object."
            )
        yield value
