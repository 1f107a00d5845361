"""How a cited sentence reads on its own: one line, without marks of lists, tables and links.

In: a passage, a sentence and a quote in it. Out: the sentence in words, and where the quote is in
them. Nothing is invented: a cell of a table gets its column's name, an item of a list the line that
leads to it, from the same passage; all else only leaves out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from dragon.answer.extent import MARK
from dragon.text.printable import is_shown, plain
from dragon.text.sentences import sentence_spans
from dragon.text.tables import CELL_BORDER, is_rule

_LONGEST_LEAD = 200
_MARKUP = re.compile(
    r"(?<![\w*])(?P<stars>\*{1,2})(?=[^\s*])[^*]*(?<=[^\s*])(?P<end>(?P=stars))(?![\w*])"
    r"|(?P<open>!?\[)[^][]*(?P<to>\]\([^)\s]*\))"
    r"|(?<!`)(?P<tick>`)[^`\n]+(?P<tock>`)(?!`)"
)
# A line of a record, as `retrieval.readers.tables` writes them.
_FIELD = re.compile(r"[^\s:][^:\n]{0,60}: [^\n]*[^\n.;,:]$", re.MULTILINE)
# "Fees", above an indented sentence.
_TITLE = re.compile(r"[A-Z]\w*(?: \w+){0,3}(?=\n[ \t]+[A-Z])")
_Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence as it is read out; text[start:end] is the quote."""

    text: str
    start: int
    end: int


def worded(text: str, sentence: _Range, quote: _Range) -> Wording:
    r"""Word a sentence of a passage.

    Args:
        text: the passage.
        sentence, quote: characters of the text, the quote inside the sentence.

    >>> table = "| Event | Paid days |\n|---|---|\n| Moving house | 1 |"
    >>> worded(table, (32, 52), (49, 50))
    Wording(text='Event: Moving house; Paid days: 1', start=32, end=33)
    >>> worded("To pass:\n- **Ask** the [desk](http://d).", (11, 40), (24, 28)).text
    'To pass: Ask the desk.'
    """
    out = ""
    start = end = -1
    for said, at in _pieces(text, sentence, quote):
        if said.isspace():
            out += "" if not out or out.endswith(" ") else " "
            continue
        if start < 0 and at >= quote[0]:
            start = len(out)
        out += said
        if quote[0] <= at < quote[1]:
            end = len(out)
    return Wording(out.rstrip(), start, end)


def _pieces(text: str, sentence: _Range, quote: _Range) -> Iterator[tuple[str, int]]:
    """What is said, piece by piece, with the character it stands at; -1 for what is added."""
    if text.startswith("|", sentence[0]):
        names = _header(text, sentence[0])
        for number, cell in enumerate(_cells(text, *sentence)):
            name = f"{plain(names[number])}: " if number < len(names) else ""
            yield f"{'; ' if names else ' – '}{name}" if number else name, -1
            yield from _kept(text, cell, quote)
        return
    lead = _lead(text, sentence[0])
    yield from _kept(text, lead, quote)
    yield " ", -1
    yield from _kept(text, sentence, quote)


def _kept(text: str, part: _Range, quote: _Range) -> Iterator[tuple[str, int]]:
    dropped: set[int] = set()
    for found in _MARKUP.finditer(text, *part):
        marks = {i for name in found.groupdict() for i in range(*found.span(name))}
        # A quote may be the address that a link leads to.
        if not any(quote[0] <= i < quote[1] for i in marks):
            dropped |= marks
    for at in range(*part):
        if at not in dropped and (text[at].isspace() or is_shown(text[at])):
            if not quote[0] <= at < quote[1]:  # nothing is put into a quote
                yield from _joints(text, at, part[0])
            yield text[at], at


def _joints(text: str, at: int, start: int) -> Iterator[tuple[str, int]]:
    """What stands for a line break: between the fields of a record, after the title of an item."""
    if text[at] == "\n":
        line = text.rfind("\n", start, at) + 1 or start
        if _FIELD.match(text, line) and _FIELD.match(text, at + 1):
            yield ";", -1
        elif (title := _TITLE.match(text, start)) and title.end() == at:
            yield ":", -1


def _cells(text: str, start: int, end: int) -> list[_Range]:
    """The cells of a table row, without the white space around them."""
    bars = [bar.start() for bar in CELL_BORDER.finditer(text, start, end)]
    borders = bars if bars and not text[bars[-1] + 1 : end].strip() else [*bars, end]
    return [_trim(text, a + 1, b) for a, b in pairwise(borders)]


def _trim(text: str, a: int, b: int) -> _Range:
    while a < b and text[a].isspace():
        a += 1
    while b > a and text[b - 1].isspace():
        b -= 1
    return a, b


def _header(text: str, row: int) -> list[str]:
    """The names of the columns of the table that a row stands in; none if it has lost its head."""
    lines = text[:row].split("\n")[:-1]
    for number in range(len(lines) - 1, 0, -1):
        if not lines[number].lstrip().startswith("|"):
            return []
        if is_rule(lines[number]):
            head = lines[number - 1].strip()
            return [head[a:b] for a, b in _cells(head, 0, len(head))]
    return []


def _lead(text: str, item: int) -> _Range:
    """The sentence that leads to a list, for an item of it: above the list, ending in a colon."""
    *above, mark = text[:item].split("\n")
    stop = item - len(mark) - 1
    if not MARK.fullmatch(mark.lstrip()):
        return 0, 0
    for line in reversed(above):
        if line.strip() and not line[0].isspace() and not MARK.match(line):
            start, end = sentence_spans(line)[-1]
            leads = line.rstrip().endswith(":") and end - start <= _LONGEST_LEAD
            begin = stop - len(line)
            return (begin + start, begin + end) if leads else (0, 0)
        stop -= len(line) + 1
    return 0, 0
