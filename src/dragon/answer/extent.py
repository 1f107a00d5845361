"""How much of a passage is shown around a quote: its sentence, one more if that leans on it.

In: a passage's text and a span in it. Out: the characters of what is cited as its sentence.
"""

import re

from dragon.text.sentences import sentence_spans

LONGEST_SENTENCE = 420
# A sentence that begins so takes something back from the one before it, or names its exception.
QUALIFYING = (
    "but ", "otherwise", "only then", "if so", "if not", "not ", "unless ", "except ", "then ",
)  # fmt: skip
# A sentence that begins so leans on the one before it: without that it says too little.
LEANING = (
    "it ", "they ", "this ", "these ", "those ", "he ", "she ", "that ", "such ", "there ",
    *QUALIFYING,
)  # fmt: skip
# What Markdown puts before a list item, a heading or a quotation.
MARK = re.compile(r"(?:[-*+•>#]+\s+|\d+[.)]\s+)+")


def around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentences that a span stands in, without a list item's mark.

    >>> around("One. - Two is here. Three.", 12, 14)
    (7, 19)
    """
    inside = [(a, b) for a, b in sentence_spans(text) if a < end and b > start]
    if not inside:
        return start, end
    mark = MARK.match(text, inside[0][0])
    first = mark.end() if mark else inside[0][0]
    return min(first, start), max(inside[-1][1], end)


def readable(text: str, sentence: tuple[int, int], quote: tuple[int, int]) -> tuple[int, int]:
    """Extend a sentence that leans on the one before, or that the next one qualifies; cut one
    that never ends.

    >>> readable("Ask Ada. She knows. Go.", (9, 19), (9, 12))
    (0, 19)
    >>> readable("Call at nine. Not on Sunday. Go.", (0, 13), (8, 12))
    (0, 28)
    """
    a, b = _with_neighbour(text, *sentence)
    return (a, b) if b - a <= LONGEST_SENTENCE else _cut(text, a, b, *quote)


def _with_neighbour(text: str, a: int, b: int) -> tuple[int, int]:
    """The sentence with the one that it leans on, or else with the one that qualifies it."""
    spans = sentence_spans(text)
    if _begins(text[a:b], LEANING):
        before = [s for s, e in spans if e <= a]
        if before and _together(text, before[-1], a, b):
            mark = MARK.match(text, before[-1])
            return (mark.end() if mark else before[-1]), b
        return a, b
    after = next(((s, e) for s, e in spans if s >= b), None)
    if after and _begins(text[slice(*after)], QUALIFYING) and _together(text, a, *after):
        return a, after[1]
    return a, b


def _begins(sentence: str, words: tuple[str, ...]) -> bool:
    return sentence.lower().startswith(words)


def _together(text: str, a: int, second: int, b: int) -> bool:
    """True where text[a:b] is one short paragraph, its second sentence from `second` on."""
    return b - a <= LONGEST_SENTENCE and "\n\n" not in text[a:second]


def lines(text: str, quote: tuple[int, int]) -> tuple[int, int]:
    r"""The lines that a quote stands in, without their indentation.

    >>> lines("a:\n  b: 15\n  c: 3", (8, 10))
    (5, 10)
    """
    a = text.rfind("\n", 0, quote[0]) + 1
    end = text.find("\n", quote[1])
    while a < quote[0] and text[a].isspace():
        a += 1
    b = len(text) if end < 0 else end
    return (a, b) if b - a <= LONGEST_SENTENCE else _cut(text, a, b, *quote)


def _cut(text: str, a: int, b: int, start: int, end: int) -> tuple[int, int]:
    """About LONGEST_SENTENCE characters around a quote, cut between words."""
    left = max(a, start - LONGEST_SENTENCE // 3)
    right = min(b, max(end, left + LONGEST_SENTENCE))
    if left > a:
        left = text.find(" ", left, start) + 1 or start
    if right < b:
        right = max(end, text.rfind(" ", end, right))
    return left, right
