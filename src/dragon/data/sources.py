"""Raw text from files, streamed.

In: paths of .txt, .md, .html, .jsonl, .json, .csv or .parquet, plain or compressed with .gz, .xz or
.zst; a folder means all such files below it. Out: one dictionary a row (JSON, CSV, Parquet) or a
file (plain text), with at least the key `text` where the source has running text.
"""

import csv
import gzip
import json
import lzma
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from dragon.errors import DataError, InputError

DOCUMENTS = (".txt", ".md", ".html", ".htm")  # one document a file
ENDINGS = (*DOCUMENTS, ".jsonl", ".json", ".csv", ".parquet")
PACKED = (".gz", ".xz", ".zst")
LONGEST = 1 << 20  # characters of a plain text that stays one document
_PIECE = 100_000  # about so many characters has a piece of a longer one
Row = dict[str, Any]
Numbered = tuple[int, Row]


def source_files(paths: Iterable[Path]) -> list[Path]:
    """All readable source files among and below some paths, sorted, each once.

    Raises:
        DataError: if a path does not exist, is of another kind, or holds no such file.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"No training text at {path}.", "Check the path.")
        files = [path] if path.is_file() else _visible_below(path)
        readable = [file for file in files if ending_of(file) in ENDINGS]
        if not readable:
            raise DataError(
                f"No training text found in {path}.",
                f"Give files that end in {', '.join(ENDINGS)}.",
            )
        found += readable
    if not found:
        raise DataError("No sources are given.", "Name files or folders with text.")
    return list(dict.fromkeys(found))


def is_called(path: Path, start: str) -> bool:
    """Whether a file's name starts so; with a slash, its path from any folder on.

    >>> path = Path("runs/aug/handbook.jsonl")
    >>> is_called(path, "hand"), is_called(path, "aug/"), is_called(path, "aug")
    (True, True, False)
    """
    if "/" in start:
        return f"/{path}".find(f"/{start}") >= 0
    return path.name.startswith(start)


def check_called(files: Iterable[Path], starts: Iterable[str], option: str) -> None:
    """Raise InputError for a start that no file has, which would be passed over in silence."""
    names = list(files)
    for start in starts:
        if not any(is_called(path, start) for path in names):
            shown = ", ".join(dict.fromkeys(path.name for path in names[:5]))
            raise InputError(
                f"{option} {start}: no source is called so.",
                f"Their names start otherwise ({shown}); FOLDER/ names those of a folder.",
            )


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
    return (row for _, row in numbered_rows(path))


def numbered_rows(path: Path) -> Iterator[Numbered]:
    """The rows of one file, each with its line (JSON Lines, CSV) or its number, from 1.

    Raises:
        DataError: naming file and line of the first malformed row.
    """
    ending = ending_of(path)
    try:
        if ending == ".parquet":
            yield from enumerate(_parquet(path), 1)
            return
        with _open(path) as file:
            if ending == ".jsonl":
                yield from _jsonl(path, file)
            elif ending == ".json":
                values = json.load(file)
                yield from enumerate(
                    _objects(path, values if isinstance(values, list) else [values]), 1
                )
            elif ending == ".csv":
                yield from _csv(path, file)
            else:
                yield from enumerate(_texts(path, file, ending), 1)
    except _damage() as error:
        raise DataError(f"{path} cannot be read: {error}.") from None


def _damage() -> tuple[type[Exception], ...]:
    """What reading a damaged file raises; Zstandard's own error only where it is in use."""
    zstandard = sys.modules.get("zstandard")
    own = (zstandard.ZstdError,) if zstandard else ()
    return (OSError, ValueError, EOFError, lzma.LZMAError, csv.Error, *own)


def text_of(path: Path, line: int, row: Row, name: str = "text") -> str:
    """The running text of a row.

    Raises:
        DataError: naming file and line, if the field is missing or no text.
    """
    value = row.get(name)
    if isinstance(value, str):
        return value
    if name not in row:
        fields = ", ".join(map(str, list(row)[:8])) or "none"
        raise DataError(
            f"{path}:{line} has no field {name!r} (fields: {fields}).",
            "Name the one that holds the text with --text.",
        )
    raise DataError(f"{path}:{line}: {name} is {str(value)[:40]!r}.", "It must be text.")


def _visible_below(folder: Path) -> list[Path]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        path
        for path in files
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.name != "manifest.json"  # what an earlier stage says of its files
    ]


def ending_of(path: Path) -> str:
    """What kind of file it is: `wiki.jsonl.xz` -> `.jsonl`."""
    stripped = path.with_suffix("") if path.suffix in PACKED else path
    return stripped.suffix.lower()


def stem_of(path: Path) -> str:
    """The name of a file without its endings: `wiki.jsonl.xz` -> `wiki`."""
    stripped = path.with_suffix("") if path.suffix in PACKED else path
    return stripped.stem


def _open(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    if path.suffix == ".zst":
        return _zstandard(path)
    return path.open(encoding="utf-8", newline="")


def _zstandard(path: Path) -> IO[str]:
    with _needed(path):
        import zstandard
    opened: IO[str] = zstandard.open(path, "rt", encoding="utf-8")
    return opened


def _parquet(path: Path) -> Iterator[Row]:
    with _needed(path):
        import pyarrow.parquet as parquet
    with ExitStack() as stack:
        file = stack.enter_context(parquet.ParquetFile(path))
        for batch in file.iter_batches(batch_size=256):
            yield from batch.to_pylist()


@contextmanager
def _needed(path: Path) -> Iterator[None]:
    """A library that is missing is named with the remedy."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise DataError(
            f"{path} needs the library {error.name}.", "Run pip install 'dragon-lm[data]'."
        ) from None


def _texts(path: Path, file: IO[str], ending: str) -> Iterator[Row]:
    """A file is one document; a very long plain text is cut at paragraphs."""
    if ending in (".html", ".htm"):
        yield {"title": stem_of(path), "text": _main_text(file.read())}
        return
    text = file.read(LONGEST)
    if len(text) < LONGEST:
        yield {"title": stem_of(path), "text": text}
        return
    parts, size = [text], len(text)
    for line in file:
        parts.append(line)
        size += len(line)
        if not line.strip() and size > _PIECE:
            yield {"title": stem_of(path), "text": "".join(parts)}
            parts, size = [], 0
    if parts:
        yield {"title": stem_of(path), "text": "".join(parts)}


def _main_text(page: str) -> str:
    import trafilatura

    return trafilatura.extract(page, include_comments=False, favor_recall=True) or ""


def _csv(path: Path, file: IO[str]) -> Iterator[Numbered]:
    reader = csv.DictReader(file)
    for row in reader:
        if None in row or None in row.values():
            count = len(row) - 1 + len(row[None]) if None in row else "fewer"
            raise DataError(
                f"{path}:{reader.line_num} has {count} fields, not {len(reader.fieldnames or ())}.",
                "Put quotes around values that hold commas or line breaks.",
            )
        yield reader.line_num, row


def _jsonl(path: Path, file: IO[str]) -> Iterator[Numbered]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}:{number} is not JSON: {error}.") from None
        for value in _objects(f"{path}:{number}", [row]):
            yield number, value


def _objects(where: object, values: Iterable[Any]) -> Iterator[Row]:
    for value in values:
        if not isinstance(value, dict):
            raise DataError(
                f"{where} holds {str(value)[:40]!r}.", "Each row must be a JSON object."
            )
        yield value
