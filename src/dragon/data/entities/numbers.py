"""Other dates and other numbers in the same form: order of years and sizes of numbers stay.

In: the text of a DATE, NUMBER or AMOUNT. Out: the same with other figures.
"""

import random
import re

from dragon.data.entities.patterns import SPELLED

_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d\d)(?!\d)")
_RANGE = re.compile(r"((?:1\d|20)\d\d)(\s?[/–-]\s?)(\d\d)(?!\d|-\d)")
_DAY = re.compile(r"(?<![\d:.])([0-3]?\d)(?=st|nd|rd|th|\b)(?!\d|-century| century|s\b)")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_ORDINAL = re.compile(r"(\d)(?:st|nd|rd|th|ST|ND|RD|TH)\b")
_DIGITS = re.compile(r"\d+(?:,\d{3})*")
_LONG = (
    "January February March April May June July August September October November December".split()
)
_SHORT = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_WEEK = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH = re.compile(rf"\b({'|'.join(_LONG)}|{'|'.join(_SHORT)}|Sept)(?=\b)")
_WEEKDAY = re.compile("|".join(_WEEK))
_CENTURY = re.compile(r"(\d{1,2})(?:st|nd|rd|th)([ -]century)")
_SPELLED = re.compile(rf"\b(?:{'|'.join(SPELLED)})\b")
_CLASSES = (SPELLED[:9], SPELLED[9:18], SPELLED[18:])
LAST_YEAR = 2029


class Figures:
    """One consistent change of all dates and numbers of a document.

    One shift for all years keeps their order and the spans between them; months and days move by a
    constant too, and stop at the ends of the year and of the month.

    >>> figures = Figures(random.Random(1))
    >>> int(figures.date("9 May 1902")[-4:]) - int(figures.date("1871"))
    31
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._years = rng.choice([-1, 1]) * rng.randint(3, 60)
        self._months = rng.choice([-2, -1, 1, 2])
        self._days = rng.choice([-1, 1]) * rng.randint(1, 9)
        self._week = rng.randint(1, 6)
        self._known: dict[str, str] = {}

    def date(self, text: str) -> str:
        """Another date in the same form."""
        iso = _ISO.fullmatch(text)
        if iso:
            month, day = int(iso[2]) + self._months, int(iso[3]) + self._days
            return f"{self.year(iso[1])}-{_within(month, 12):02}-{_within(day, 28):02}"
        century = _CENTURY.fullmatch(text)
        if century:
            old = int(century[1])
            other = max(2, old + (1 if self._years > 0 else -1))
            if _takes_an(century[1]) or _takes_an(str(other)):  # "an" before the 11th, the 18th
                other = old
            return f"{other}{_suffix(other)}{century[2]}"
        if not _YEAR.search(text) and re.search(r"[A-Z]\.?[A-Z]", text):  # 480 BC
            return self.number(text)
        spans = _RANGE.search(text)
        if spans:
            first = int(self.year(spans[1]))
            gap = (int(spans[3]) - int(spans[1][2:])) % 100
            return f"{text[: spans.start()]}{first}{spans[2]}{(first + gap) % 100:02}"
        parts = _YEAR.split(text)
        for at in range(0, len(parts), 2):
            parts[at] = _DAY.sub(self._day, parts[at])
        for at in range(1, len(parts), 2):
            decade = parts[at + 1].startswith("s") and parts[at].endswith("0")
            year = self.year(parts[at])
            parts[at] = year[:3] + "0" if decade else year
        text = _MONTH.sub(self._month, "".join(parts))
        return _ORDINAL.sub(_with_suffix, _WEEKDAY.sub(self._weekday, text))

    def year(self, digits: str) -> str:
        """A year moved by the document's shift."""
        return str(max(1000, int(digits) + self._years))

    def number(self, text: str) -> str:
        """Other figures, as many as before; ordinals get their right ending."""
        text = _SPELLED.sub(self._spelled, text)
        percent = "%" in text or "per" in text
        text = _DIGITS.sub(lambda m: self._digits(m.group(), percent), text)
        return _ORDINAL.sub(_with_suffix, text)

    def _digits(self, digits: str, percent: bool = False) -> str:
        bare = digits.replace(",", "")
        if percent and bare == "100":
            return digits
        if bare not in self._known:
            self._known[bare] = self._other(bare)
        other = iter(self._known[bare])
        return "".join(next(other) if c.isdigit() else c for c in digits)

    def _other(self, digits: str) -> str:
        if len(digits) == 1:
            return self._rng.choice("2345679") if digits not in "018" else digits
        if len(digits) == 2 and "10" <= digits <= "31":
            # May be a day of a month, and must stay one.
            apart = _takes_an(digits)
            fits = [n for n in map(str, range(10, 29)) if _takes_an(n) == apart and n != digits]
            return self._rng.choice(fits)
        if len(digits) == 4 and "1000" <= digits <= str(LAST_YEAR):
            return self.year(digits)
        while True:
            head = self._rng.choice("12345679") if digits[0] not in "08" else digits[0]
            other = head + "".join(self._rng.choice("0123456789") for _ in digits[1:])
            if _takes_an(other) == _takes_an(digits):
                return other

    def _spelled(self, match: re.Match[str]) -> str:
        word = match.group()
        if word not in self._known:
            group = next(c for c in _CLASSES if word in c)
            self._known[word] = self._rng.choice(
                [w for w in group if _article(w) == _article(word)]
            )
        return self._known[word]

    def _day(self, match: re.Match[str]) -> str:
        digits = match.group(1)
        if not 1 <= int(digits) <= 31:
            return digits
        other = _within(int(digits) + self._days, 28)
        return f"{other:02}" if digits[0] == "0" else str(other)

    def _month(self, match: re.Match[str]) -> str:
        name = match.group().replace("Sept", "Sep") if match.group() == "Sept" else match.group()
        names = _LONG if name in _LONG else _SHORT
        return names[_within(names.index(name) + 1 + self._months, 12) - 1]

    def _weekday(self, match: re.Match[str]) -> str:
        return _WEEK[(_WEEK.index(match.group()) + self._week) % 7]


def _within(value: int, most: int) -> int:
    return min(most, max(1, value))


def _article(word: str) -> bool:
    return word.startswith("e")  # "an eight-year-old", "an eleven": the only ones with "an"


def _takes_an(digits: str) -> bool:
    """Whether a number is said with a vowel first: 8, 80, 800, 11, 18, 11,000, 18,000,000."""
    return digits[0] == "8" or (len(digits) % 3 == 2 and digits[:2] in ("11", "18"))


def _suffix(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _with_suffix(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 1) : match.start()]
    number = int((before if before.isdigit() else "") + match[1])
    suffix = _suffix(number)
    return match[1] + (suffix.upper() if match.group()[1:].isupper() else suffix)
