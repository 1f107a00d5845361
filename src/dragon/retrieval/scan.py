"""Finds the files to index below the given paths.

In: files and folders. Out: every supported file once, in order, with its size and time. A file
`.dragonignore` in a given folder names what to leave out, a pattern a line: `drafts/*`, `*.log`.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path

from dragon.errors import InputError
from dragon.retrieval.readers import SUFFIXES
from dragon.retrieval.types import Skipped

_IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


@dataclass(frozen=True, slots=True)
class Found:
    """A file: absolute path, size in bytes, modification time in nanoseconds."""

    path: str
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Scan:
    """What stands below the given paths.

    Attributes:
        files: by absolute path.
        roots: the given paths, absolute, links resolved.
        skipped: folders that cannot be read.
        ignored: number of files with an unknown ending; none that are hidden or named to be left
            out.
    """

    files: dict[str, Found] = field(default_factory=dict)
    roots: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ignored: int = 0

    def covers(self, path: str) -> bool:
        """Whether a file of this path would have been found, if it were there."""
        return any(
            path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in self.roots
        )


def scan(paths: Sequence[Path]) -> Scan:
    """Walk through files and folders; links to folders are not followed, so loops cannot be.

    Raises:
        InputError: for a path that does not exist or is a pipe, or a single file of another kind.
    """
    result = Scan()
    seen: set[tuple[int, int]] = set()
    for path in paths:
        root = os.path.realpath(path.expanduser())
        result.roots.append(root)
        if Path(root).is_dir():
            _walk(root, result, seen)
        elif Path(root).is_file():
            _single(root, result, seen)
        elif Path(root).exists():
            raise InputError(f"{path} is neither a file nor a folder.", "Give a file or folder.")
        else:
            raise InputError(f"There is no file or folder {path}.", "Check the spelling.")
    return result


def _single(path: str, result: Scan, seen: set[tuple[int, int]]) -> None:
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"{path} has an ending that is not read: {suffix or 'none'}.",
            f"Read are {' '.join(sorted(SUFFIXES))}.",
        )
    _keep(path, Path(path).stat(), result, seen)


def _walk(folder: str, result: Scan, seen: set[tuple[int, int]]) -> None:
    ignored = _ignored_patterns(Path(folder))
    stack = [folder]
    while stack:
        try:
            with os.scandir(stack.pop()) as entries:
                # Links last: a file found by its own name and by a link keeps its own.
                ordered = sorted(entries, key=lambda entry: (entry.is_symlink(), entry.name))
        except OSError as error:
            reason = f"folder cannot be read: {error.strerror or error}."
            result.skipped.append(Skipped(Path(error.filename), reason))
            continue
        for entry in ordered:
            if ignored and ignored.match(Path(os.path.relpath(entry.path, folder)).as_posix()):
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _IGNORED_FOLDERS and not entry.name.startswith("."):
                    stack.append(entry.path)
            elif (stat := _wanted(entry)) is not None:
                _keep(entry.path, stat, result, seen)
            elif not entry.name.startswith("."):
                result.ignored += 1


def _ignored_patterns(folder: Path) -> re.Pattern[str] | None:
    try:
        lines = (folder / ".dragonignore").read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    patterns = [line.strip().rstrip("/") for line in lines if line.strip()]
    # As in .gitignore, a pattern without a slash fits at any depth.
    return re.compile(
        "|".join(
            ("" if "/" in pattern else "(?:.*/)?") + translate(pattern.lstrip("/"))
            for pattern in patterns
            if not pattern.startswith("#")
        )
        or r"(?!)"
    )


def _wanted(entry: os.DirEntry[str]) -> os.stat_result | None:
    suffix = entry.name[entry.name.rfind(".") :].lower()
    try:
        wanted = not entry.name.startswith(".") and suffix in SUFFIXES and entry.is_file()
        return entry.stat() if wanted else None
    except OSError:  # It went away, or is a link that leads in a circle.
        return None


def _keep(path: str, stat: os.stat_result, result: Scan, seen: set[tuple[int, int]]) -> None:
    # A file that is reached twice, by a link or by overlapping paths, is one document.
    if (stat.st_dev, stat.st_ino) not in seen:
        seen.add((stat.st_dev, stat.st_ino))
        result.files[path] = Found(path, stat.st_size, stat.st_mtime_ns)
