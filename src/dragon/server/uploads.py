"""A file that a client sends becomes a file in a library's folder: whole and on the disk, or not.

In: a name and bytes, both untrusted. Out: a path below the folder. What is acknowledged has been
synced; what was cut off by a kill lies in a hidden file that the next start removes.
"""

import os
import secrets
import shutil
import unicodedata
from pathlib import Path
from typing import BinaryIO

from dragon.errors import DocumentError
from dragon.retrieval.readers import PARSED, SUFFIXES
from dragon.retrieval.source import MAX_PARSED_BYTES, MAX_TEXT_BYTES
from dragon.text.printable import printable

_LONGEST_NAME = 200  # bytes; file systems take 255, and a part's name is longer
_PART = ".part-"


def safe_name(name: str) -> str:
    r"""The last part of a file name, fit for any file system.

    Raises:
        DocumentError: if nothing usable is left.

    >>> safe_name("..\\..\\etc/Offer  2024.pdf")
    'Offer 2024.pdf'
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rsplit("/", 1)[-1]
    clean = " ".join(printable("".join(" " if c in '<>:"|?*' else c for c in last)).split())
    if not clean or clean.startswith("."):
        raise DocumentError(f"{name[:80]!r} is no usable file name.", "Rename the file.")
    if len(clean.encode(errors="replace")) > _LONGEST_NAME:
        raise DocumentError(
            f"The file name has over {_LONGEST_NAME} bytes.", "Shorten the file's name."
        )
    return clean


def check_kind(name: str, size: int) -> None:
    """Raise DocumentError for a file that would not be read: its ending, or its size in bytes."""
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise DocumentError(
            f"The ending {suffix or '(none)'} is not read.",
            "Read are .txt .md .pdf .docx .html .csv .json and source code.",
        )
    limit = MAX_PARSED_BYTES if suffix in PARSED else MAX_TEXT_BYTES
    if size > limit:
        raise DocumentError(
            f"{size / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB.", "Split the file."
        )


def check_examples(name: str) -> None:
    """Raise DocumentError for a file that no model could learn from."""
    if not name.lower().endswith(".jsonl"):
        raise DocumentError(f"{name} does not end in .jsonl.", "Give one conversation a line.")


def keep(source: BinaryIO, target: Path) -> None:
    """Write a file beside its place, sync it, and rename it into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{_PART}{secrets.token_hex(8)}")
    try:
        with part.open("xb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def drop(path: Path) -> None:
    """Delete a file for good; nothing happens where there is none."""
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        _sync_folder(path.parent)


def clear_parts(folder: Path) -> None:
    """Remove what a killed server had begun to write."""
    for part in folder.rglob(f"{_PART}*"):
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
