"""Under which licence each source is, so that every manifest can say it.

In: sources, and what the user says of them. Out: rows by licence. The first that says something
counts: the row itself (a field `licence` or `license`), the user (by the start of the file's name),
a file NAME.licence beside the source, the manifest of the stage that wrote it. Else it is unknown.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dragon.data.shards import MANIFEST, file_hash
from dragon.data.sources import Row, is_called, read_rows
from dragon.errors import InputError

UNKNOWN = "unknown"
FIELDS = ("licence", "license")
SIDECARS = tuple(f".{field}" for field in FIELDS)
_LONGEST = 200  # characters of a licence's name


class Licences:
    """The licences of some sources.

    Args:
        files: the sources.
        given: licence by the start of a file's name; the empty start means all.
    """

    def __init__(self, files: Sequence[Path], given: Mapping[str, str] | None = None) -> None:
        self._of = [_given(path, given or {}) or _beside(path) or _before(path) for path in files]

    def of(self, number: int) -> str:
        """The licence of a source's rows that do not name one themselves."""
        return self._of[number]

    def count(self, number: int, rows: Iterable[Row]) -> Counter[str]:
        """Rows of a source by licence."""
        return Counter(of_row(row) or self._of[number] for row in rows)


def of_row(row: Row) -> str:
    """The licence that a row names; empty if it names none.

    >>> of_row({"license": "MIT"}), of_row({"text": "Ahoy."})
    ('MIT', '')
    """
    return next((_named(row[f]) for f in FIELDS if isinstance(row.get(f), str)), "")


def parsed(options: Iterable[str]) -> dict[str, str]:
    """What `--licence NAME` or `--licence START=NAME` says, each once or more.

    Raises:
        InputError: if a name is missing.

    >>> parsed(["CC0-1.0", "wiki=CC BY-SA 3.0"])
    {'': 'CC0-1.0', 'wiki': 'CC BY-SA 3.0'}
    """
    found = {}
    for option in options:
        start, equals, name = option.rpartition("=")
        if not _named(name) or (equals and not start):
            raise InputError(f"--licence {option!r} is not understood.", "Use START=NAME or NAME.")
        found[start] = _named(name)
    return found


def records(
    files: Sequence[Path], seen: Mapping[int, Counter[str]], licences: Licences
) -> dict[str, dict[str, Any]]:
    """What a manifest says of its sources: bytes, SHA-256, rows, and these by licence."""
    return {
        str(path): {
            "bytes": path.stat().st_size,
            "sha256": file_hash(path),
            "rows": sum(seen.get(number, {}).values()),
            "licences": dict(seen.get(number) or {licences.of(number): 0}),
        }
        for number, path in enumerate(files)
    }


def census(files: Sequence[Path], licences: Licences) -> dict[int, Counter[str]]:
    """Rows by licence of each source, read for that alone."""
    return {n: licences.count(n, read_rows(path)) for n, path in enumerate(files)}


def totals(sources: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    """Rows by licence over all sources of a manifest."""
    every: Counter[str] = Counter()
    for source in sources.values():
        every.update(source["licences"])
    return every


def _given(path: Path, given: Mapping[str, str]) -> str:
    fits = [start for start in given if is_called(path, start)]
    return given[max(fits, key=len)] if fits else ""


def _beside(path: Path) -> str:
    for ending in SIDECARS:
        try:
            return _named(path.with_name(path.name + ending).read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return ""


def _before(path: Path) -> str:
    try:
        manifest = json.loads((path.parent / MANIFEST).read_text("utf-8"))
        found = manifest["files"][path.name]["licences"]
        return "; ".join(found) or UNKNOWN
    except (OSError, ValueError, KeyError, TypeError):
        return UNKNOWN


def _named(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
