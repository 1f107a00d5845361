"""Cuts a document into passages: at headings, then paragraphs, then sentences.

In: a `Document`. Out: (start, end, heading) with text[start:end] at most `passage_limit` long.
Every character that is neither white space nor part of a heading line is in exactly one passage;
a heading without any text below it is a passage itself.
"""

import re
from collections.abc import Iterator

from dragon.retrieval.readers.document import Document, Heading
from dragon.text.sentences import sentence_borders

Cut = tuple[int, int, str]

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
_LEADING = re.compile(r"[\s\ufeff]*")
_BLANKS = " \t\r\n\f\v\ufeff"


def cut(document: Document) -> Iterator[Cut]:
    r"""Yield the passages of a document in order.

    >>> from pathlib import Path
    >>> from dragon.retrieval.readers.markdown import read_markdown
    >>> list(cut(read_markdown(Path("a.md"), "# Leave\n\nAsk first.\n\n## Sick\n\nRest.")))
    [(9, 19, 'Leave'), (30, 35, 'Leave > Sick')]
    """
    text, limit = document.text, document.passage_limit
    for start, end, heading in _sections(document):
        yield from ((a, b, heading) for a, b in _cut_section(text, start, end, limit))


def _sections(document: Document) -> Iterator[Cut]:
    text, headings = document.text, document.headings
    path: list[Heading] = []
    yield from _trimmed(text, 0, headings[0].start if headings else len(text), "")
    for i, heading in enumerate(headings):
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        after = headings[i + 1] if i + 1 < len(headings) else None
        trail = " > ".join(h.text for h in path)
        body = list(_trimmed(text, heading.end, after.start if after else len(text), trail))
        if not body and (after is None or after.level <= heading.level):
            body = list(_trimmed(text, heading.start, heading.end, trail))
        yield from body


def _trimmed(text: str, start: int, end: int, heading: str) -> Iterator[Cut]:
    # Without slices: a section may be a whole file of 50 MB.
    start = _LEADING.match(text, start, end).end()  # type: ignore[union-attr]
    while end > start and text[end - 1] in _BLANKS:
        end -= 1
    if start < end:
        yield start, end, heading


def _cut_section(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    while end - start > limit:
        border = _border(text, start, start + limit)
        yield start, start + len(text[start:border].rstrip(_BLANKS))
        start = _LEADING.match(text, border, end).end()  # type: ignore[union-attr]
    yield start, end


def _border(text: str, start: int, stop: int) -> int:
    """The best place to end a passage that begins at `start` and may reach to `stop`."""
    half = (start + stop) // 2
    border = 0
    for match in _PARAGRAPH.finditer(text, half, stop):
        border = match.start()
    return (
        border
        or _sentence_border(text, half, stop)
        or _sentence_border(text, start, half)
        or _word_border(text, half, stop)
    )


def _sentence_border(text: str, start: int, stop: int) -> int:
    """The last end of a sentence, preferably one that ends a line; 0 if there is none."""
    border = line = 0
    # A border is known by what follows it: look two characters further.
    for end, _ in sentence_borders(text, start, stop + 2):
        if start < end <= stop:
            border = end
            if text[end] in "\r\n":
                line = end
    return line or border


def _word_border(text: str, half: int, stop: int) -> int:
    for i in range(stop - 1, half, -1):
        if text[i].isspace():
            return i
    return stop
