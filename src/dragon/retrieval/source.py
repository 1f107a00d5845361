"""Reads one file consistently: its bytes, their hash and its document belong to the same moment.

In: a path and what the index knows of it. Out: `Loaded`, or `DocumentError` with the reason.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

from dragon.errors import DocumentError
from dragon.retrieval.readers import PARSED, Document, read_text
from dragon.retrieval.readers.parser import Parser

MAX_TEXT_BYTES = 50_000_000
MAX_PARSED_BYTES = 150_000_000
_RECENT_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file at one moment: size in bytes, modification time in nanoseconds, hash of its bytes.

    `content` is its document, or why there is none; None where the hash is the known one.
    """

    size: int
    mtime_ns: int
    digest: bytes
    content: Document | DocumentError | None


def is_parsed(path: str) -> bool:
    """Whether a file needs a parser in a process of its own."""
    return path[path.rfind(".") :].lower() in PARSED


def load(path: str, known: bytes | None, parser: Parser | None) -> Loaded:
    """Read a file unless its hash is the known one; `parser` is for files that need one.

    Raises:
        DocumentError: if it cannot be opened, or changes while it is read. What the file itself is
            to blame for stands in the result, since it will be so until it changes.
    """
    if not _is_storable(path):
        raise DocumentError("its name is not valid UTF-8.", "Rename it.")
    file = Path(path)
    for _ in range(2):
        try:
            before = file.stat()
            digest, content = _load(file, known, parser)
            after = file.stat()
        except OSError as error:
            raise DocumentError(f"cannot be read: {error.strerror or error}.") from None
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return Loaded(after.st_size, _settled(after.st_mtime_ns), digest, content)
    raise DocumentError("changes while it is read.", "Index it when its writer is done.")


def _is_storable(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _load(
    path: Path, known: bytes | None, parser: Parser | None
) -> tuple[bytes, Document | DocumentError | None]:
    with path.open("rb") as stream:
        size, limit = os.fstat(stream.fileno()).st_size, _limit(parser)
        if size > limit:
            problem = f"{size / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB."
            return b"", DocumentError(problem, "Split the file.")
        if parser:
            digest = file_digest(stream, _hash).digest()
            return digest, None if digest == known else _content(lambda: parser.read(path))
        raw = stream.read(limit + 1)
    digest = _hash(raw).digest()
    return digest, None if digest == known else _content(lambda: read_text(path, raw))


def _content(read: Callable[[], Document]) -> Document | DocumentError:
    try:
        return read()
    except DocumentError as error:
        return error


def _hash(raw: bytes = b"") -> "blake2b":
    return blake2b(raw, digest_size=16)


def _limit(parser: Parser | None) -> int:
    """Bytes of the largest file that is read."""
    return MAX_PARSED_BYTES if parser else MAX_TEXT_BYTES


def _settled(mtime_ns: int) -> int:
    # A file of this moment may change again within the clock's tick: compare its hash next time.
    return mtime_ns if time.time_ns() - mtime_ns > _RECENT_NS else 0
