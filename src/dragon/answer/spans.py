"""From start and end scores to candidate answers: spans of a passage, and nothing else.

In: the reader's scores for one prompt. Out: the best spans, as characters of the passage's text. A span is
a pair of positions in the passage, so a quote is a substring of it by construction (decision 5 of the
design): there is no vocabulary that could put another word there.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dragon.text.sentences import sentence_spans
from dragon.tokenizer.reading import Reading

LONGEST = 40  # tokens of a span
BEST = 40  # start and end positions that are paired


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
    reading: Reading, scores: npt.NDArray[np.float32], text: str, most: int = 3
) -> list[Span]:
    """The best spans of a passage that do not overlap, best first.

    Args:
        reading: the prompt.
        scores: [T, 2] start and end logits.
        text: the passage's text.
        most: how many at most.
    """
    if not len(reading.starts):
        return []
    at = slice(reading.text_start, reading.text_start + len(reading.starts))
    start, end = scores[at, 0].astype(np.float64), scores[at, 1].astype(np.float64)
    none = float(scores[0, 0]) + float(scores[0, 1])
    table = start[:, None] + end[None, :]
    n = len(start)
    # A quote that runs over the end of a sentence does not read as an answer.
    sentence = np.searchsorted([a for a, _ in sentence_spans(text)], reading.starts, side="right")
    distance = np.arange(n)[None, :] - np.arange(n)[:, None]
    allowed = (distance >= 0) & (distance < LONGEST) & (sentence[:, None] == sentence[None, :])
    table[~allowed] = -np.inf
    top = float(table.max())
    total = top + float(np.log(np.exp(table - top).sum()))
    found: list[Span] = []
    for flat in np.argsort(table, axis=None)[::-1][: BEST * most]:
        first, last = divmod(int(flat), n)
        if not np.isfinite(table[first, last]):
            break
        a, b = trimmed(text, int(reading.starts[first]), int(reading.ends[last]))
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
    while start < end and (text[start].isspace() or text[start] in ",;:.!?)]}*_|"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",;:.!?([{*_|"):
        end -= 1
    inside = text[start:end]
    if inside.endswith(")") and "(" not in inside:
        end -= 1
    if inside.startswith("(") and ")" not in inside:
        start += 1
    return start, end
