"""Quantities in a text: which number of what.

In: a text and a span in it. Out: (number, unit) for each number of the span, in one spelling.
"""

import re

from dragon.text.words import is_stop, stem

_SMALL = "one two three four five six seven eight nine ten eleven twelve".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SPELLED = {word: str(n) for n, word in enumerate(_SMALL, 1)} | {
    word: str(10 * n) for n, word in enumerate(_TENS, 2)
}
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
NUMBER = re.compile(
    rf"(?<![\w.])(?P<money>[$€£])?\s?(?P<value>\d+(?:[.,:]\d+)*|\b(?:{'|'.join(_SPELLED)})\b)"
    r"(?:\s?(?P<percent>%)|-?(?P<rest>[^\W\d_]+)|\s(?P<next>[^\W\d_]+))?",
    re.IGNORECASE,
)


def quantities(text: str, start: int, end: int) -> tuple[tuple[str, str], ...]:
    """The numbers in text[start:end], each with its unit: the word after it, or its sign.

    >>> quantities("Stay for thirty days or at most 8.5%.", 9, 36)
    (('30', 'day'), ('8.5', 'percent'))
    >>> quantities("It opens at 9:00 daily. Pay €5.", 12, 30)
    (('9:00', 'time'), ('5', '€'))
    """
    found = NUMBER.finditer(text, max(0, start - 2))  # a sign of money may stand before the span
    return tuple((_value(m), _unit(m)) for m in found if start <= m.start("value") < end)


def _value(found: re.Match[str]) -> str:
    value = found["value"].lower()
    return _SPELLED.get(value, value.replace(",", ""))


def _unit(found: re.Match[str]) -> str:
    if found["money"]:
        return found["money"]
    if ":" in found["value"]:
        return "time"
    word = (found["rest"] or found["next"] or "").lower()
    if found["percent"] or word == "percent":
        return "percent"
    if word in _MONTHS:
        return "date"
    return "" if is_stop(word) else stem(word)
