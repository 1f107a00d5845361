"""From start and end scores to candidate answers: spans of a passage, and nothing else.

In: the reader's scores for one prompt. Out: the best spans, as characters of the passage's text.
A span is a pair of positions in the passage, so a quote is a substring of it by construction
(decision 5 of the design): there is no vocabulary that could put another word there.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dragon.text.sentences import sentence_spans
from dragon.text.tables import CELL_BORDER, is_rule
from dragon.text.words import is_unspaced
from dragon.tokenizer.reading import Reading

LONGEST = 40  # tokens of a span
TRIED = 120  # best pairs of positions that are looked at

# What is never quoted in part: words with hyphens, numbers, ranges, times, addresses.
_WHOLE = re.compile(r"[^\W_]+(?:(?:[-'’./@_&+]+|(?<=\d)[,:–](?=\d))[^\W_]+)*")
_FIELD = re.compile(r"^(?P<name>[^\s:][^:\n]{0,60}): (?=\S)", re.MULTILINE)
# A sign of money or of a share belongs to its number.
_SIGN_BEFORE = re.compile(r"[$€£¥](?=\d)")
_SIGN_AFTER = re.compile(r"(?<=\d)[ \u00a0]?[%‰€](?!\d)")
_BEFORE, _AFTER = ",;:.!?)]}*_|", ",;:.!?([{*_|"


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate answer in one passage.

    Attributes:
        start, end: characters of the passage's text.
        margin: its score less that of "no answer here", in nats.
        share: its probability among all spans of the passage.
    """

    start: int
    end: int
    margin: float
    share: float


def best_spans(
    reading: Reading, scores: npt.NDArray[np.float32], text: str, most: int = 5
) -> list[Span]:
    """The best spans of a passage that do not overlap, best first.

    Each is made of whole words and stays within one sentence, or one cell of a table.

    Args:
        reading: the prompt.
        scores: [T, 2] start and end logits.
        text: the passage's text.
        most: how many at most.
    """
    if not len(reading.starts):
        return []
    units = list(_units(text))
    table = _scored(reading, scores, [start for start, _ in units])
    none = float(scores[0, 0]) + float(scores[0, 1])
    top = float(table.max())
    total = top + float(np.log(np.exp(table - top).sum()))
    found: list[Span] = []
    for first, last in _best_first(table):
        place = int(reading.starts[first]), int(reading.ends[last])
        a, b = whole(text, *trimmed(text, *_within(units, *place)))
        if a < b and all(b <= s.start or a >= s.end for s in found):
            value = float(table[first, last])
            found.append(Span(a, b, value - none, float(np.exp(value - total))))
            if len(found) == most:
                break
    return found


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Take white space and stray punctuation off both ends of a span.

    >>> trimmed("by (the captain),", 2, 17)
    (3, 16)
    >>> trimmed("on 4 May). Then", 3, 9)
    (3, 8)
    """
    while start < end and (_is_blank(text[start]) or text[start] in _BEFORE):
        start += 1
    while end > start and (_is_blank(text[end - 1]) or text[end - 1] in _AFTER):
        end -= 1
    inside = text[start:end]
    if inside.endswith(")") and "(" not in inside:
        return trimmed(text, start, end - 1)
    if inside.startswith("(") and ")" not in inside:
        return trimmed(text, start + 1, end)
    if inside.count("`") == 2 and inside[0] == inside[-1] == "`":
        return trimmed(text, start + 1, end - 1)
    return start, end


def whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span that begins or ends inside a word, a number with its sign or an address.

    >>> whole("a 14-day trip, 3.5 miles", 2, 4), whole("a 14-day trip, 3.5 miles", 17, 24)
    ((2, 8), (15, 24))
    """
    if start >= end:
        return start, end
    line = text.rfind("\n", 0, start) + 1
    for word in _WHOLE.finditer(text, line):
        if word.start() >= end:
            break
        if word.start() < start < word.end() and not _is_loose(text, start):
            start = word.start()
        if word.start() < end < word.end() and not _is_loose(text, end):
            end = word.end()
    while start > 0 and _is_mark(text[start]):
        start -= 1
    while end < len(text) and _is_mark(text[end]):
        end += 1
    sign = _SIGN_AFTER.match(text, end)
    return start - bool(_SIGN_BEFORE.match(text, start - 1)), sign.end() if sign else end


def _scored(
    reading: Reading, scores: npt.NDArray[np.float32], borders: list[int]
) -> npt.NDArray[np.float64]:
    """The score of every pair of positions [n, n], -inf for what is no span."""
    n = len(reading.starts)
    at = slice(reading.text_start, reading.text_start + n)
    start, end = scores[at, 0].astype(np.float64), scores[at, 1].astype(np.float64)
    table: npt.NDArray[np.float64] = start[:, None] + end[None, :]
    unit = np.searchsorted(borders, reading.starts, side="right")
    distance = np.arange(n)[None, :] - np.arange(n)[:, None]
    allowed = (distance >= 0) & (distance < LONGEST) & (unit[:, None] == unit[None, :])
    table[~allowed] = -np.inf
    return table


def _best_first(table: npt.NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """The pairs (first, last) with the highest scores, without sorting all of them."""
    flat = table.ravel()
    best = np.argpartition(-flat, min(TRIED, len(flat) - 1))[:TRIED]
    for i in best[np.argsort(-flat[best], kind="stable")].tolist():
        if np.isfinite(flat[i]):
            yield divmod(i, table.shape[1])


def _units(text: str) -> Iterator[tuple[int, int]]:
    """What a quote stays within: sentences; of a table the cells of the rows below its head.

    The same of records, field by field: a name that stands before several values names a column.
    """
    fields = list(_FIELD.finditer(text))
    names = Counter(field["name"] for field in fields)
    columns = [field for field in fields if names[field["name"]] > 1]
    for (start, end), after in pairwise([*sentence_spans(text), (0, 0)]):
        if is_rule(text[start:end]) or (text[start] == "|" and is_rule(text[slice(*after)])):
            continue
        here = [field for field in columns if start <= field.start() < end]
        if here:
            yield start, here[0].start()
            stops = [*(field.start() for field in here[1:]), end]
            yield from ((field.end(), stop) for field, stop in zip(here, stops, strict=True))
            continue
        borders = [start, *(f.start() for f in fields if start < f.start() < end)]
        if text[start] == "|":
            borders += [bar.end() for bar in CELL_BORDER.finditer(text, start + 1, end)]
        yield from zip(borders, [*borders[1:], end], strict=True)


def _within(units: list[tuple[int, int]], start: int, end: int) -> tuple[int, int]:
    """Cut a span at the end of the unit that it begins in; a token may reach beyond it."""
    for a, b in units:
        if a <= start < b:
            return start, min(end, b)
    return start, start


def _is_blank(char: str) -> bool:
    return char.isspace() or not char.isprintable()


def _is_loose(text: str, at: int) -> bool:
    """True between two characters of a script without spaces: any of them may end a quote."""
    return is_unspaced(text[at - 1]) and is_unspaced(text[at])


def _is_mark(char: str) -> bool:
    """True for an accent or a vowel sign that belongs to the letter before it."""
    return unicodedata.category(char).startswith("M")
