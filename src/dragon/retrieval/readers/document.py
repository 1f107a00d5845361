"""The common form of every document: one text, and where its headings stand in it."""

import re
from dataclasses import dataclass
from pathlib import Path

PASSAGE_LIMIT = 900
"""Longest passage in characters: about 200 tokens, what the reader sees of a passage."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading line: text[start:end] is the line, `level` 1 the outermost."""

    start: int
    end: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read.

    Attributes:
        path: absolute path of the file.
        title: the document's own title, or the file name in words.
        text: all of its text; every offset counts characters of it.
        headings: in order of their offsets.
        passage_limit: longest passage in characters; shorter for rows of a table.
    """

    path: Path
    title: str
    text: str
    headings: tuple[Heading, ...] = ()
    passage_limit: int = PASSAGE_LIMIT


def title_of(path: Path) -> str:
    """A file name in words.

    >>> title_of(Path("docs/parental_leave-2024.md"))
    'parental leave 2024'
    """
    return path.stem.replace("_", " ").replace("-", " ").strip() or path.name


def clean(text: str) -> str:
    r"""Extracted text with what cannot be stored replaced, one character for one.

    >>> clean("a\0b\ud800") == "a\ufffdb\ufffd"
    True
    """
    return _UNSTORABLE.sub("\ufffd", text)
