"""What kind of answer a question wants, as far as its words tell, and how well a candidate fits.

In: a question, a candidate answer. Out: a `Kind` or nothing; a number from -1 (another kind) to 1.
It knows how English asks for quantities, times and names, and nothing of the world.
"""

import re
from dataclasses import dataclass
from typing import Literal

from dragon.answer.quantities import quantities
from dragon.text.words import content_stems

Name = Literal[
    "often", "length", "weekday", "clock", "date", "share", "money", "contact", "count", "amount",
    "name", "place",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of answer.

    Attributes:
        name: what is wanted.
        stems: of a count, what is counted.
    """

    name: Name
    stems: frozenset[str] = frozenset()


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_ASKED: tuple[tuple[Name, re.Pattern[str]], ...] = (
    ("often", _words("how (?:often|frequently)")),
    ("length", _words("how (?:long|soon|quickly|fast|old|far ahead)|how much (?:time|notice)")),
    ("length", _words("what (?:age|notice)")),
    ("weekday", _words("(?:what|which) (?:weekday|day of the week|days? (?!of))")),
    ("clock", _words("(?:what|which) (?:time|hour)|how (?:early|late)")),
    ("date", _words("(?:what|which) (?:year|date|month|day of)|(?:since|until|till|by|from) when")),
    ("share", _words("(?:what|which) (?:share|part|percentage|percent|proportion|fraction)")),
    ("contact", _words("(?:e-?mail|web) address|phone number|which number do I|what number do I")),
    (
        "money",
        _words(
            r"how much (?:money|is|are|does .* cost|do .* cost)|(?:what|which) (?:price|fee|fare"
            r"|amount|sum|salary|wage|deposit|fine)|what (?:does|do|did|must|is|are|will) .*"
            r"(?:cost|pay|charge|worth)"
        ),
    ),
    ("count", _words("how many")),
    ("amount", _words("how (?:much|far|big|large|high|deep|wide|tall|heavy|full|strong)")),
    ("amount", _words("(?:what|which) (?:number|limit|size|speed|height|length|weight|distance)")),
    ("date", _words("when(?! (?:I|we|you|they|he|she|it|the|a|an|my|our|somebody|no one))")),
    ("name", re.compile(r"^\W*(?:\w+ ){0,1}(?:who|whom|whose)\b", re.IGNORECASE)),
    ("place", re.compile(r"^\W*(?:\w+ ){0,1}where\b", re.IGNORECASE)),
)
_COUNTED = re.compile(
    r"\bhow many ((?:[\w'-]+ ){1,4}?)(?:am|is|are|was|were|do|does|did|can|may|must|should|shall"
    r"|will|would|has|have|had|of|in|on|at|to|for|per|a|an|the|I|we|you|they)\b",
    re.IGNORECASE,
)

_TIMES = frozenset("second minut hour day week month year night decad centuri quarter".split())
_SPAN_OF_TIME = _words(
    "(?:second|minute|hour|day|week|month|year|night|decade|fortnight)s?|forever|never|always"
    "|immediately|at once|indefinitely|overnight"
)
_FREQUENT = _words(
    "every|each|once|twice|times|per|daily|weekly|monthly|yearly|annually|annual|hourly|nightly"
    "|quarterly|always|never"
)
_WEEKDAY = _words(
    "(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|weekdays?|daily|every day"
)
_CLOCK = re.compile(r"\d\s?[ap]\.?m\b|\b\d{1,2}[:.]\d\d\b|\bo.clock\b|\b(?:noon|midnight)\b", re.I)
_DATE = _words(rf"{_MONTHS}|\d{{4}}|\d+(?:st|nd|rd|th)|first|second|third|last|christmas|easter")
_PART = re.compile(
    r"%|\b(?:percent|per cent|half|third|thirds|quarter|quarters|fifth|tenth|all|none)\b"
    r"|\d\s*(?:in|of|out of)\s*\d",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[$€£¥]|\b(?:dollar|euro|pound|cent|crown|franc|yen|penny|pence|free|nothing)s?\b", re.I
)
_CONTACT = re.compile(r"@|\bwww\.|\b[\w-]+\.(?:com|org|net|gov|edu|io)\b|\d[\d\s()-]{4,}\d|#\w")
_PERSON = _words(
    r"\w*(?:manager|master|officer|director|head|chief|leader|team|staff|supervisor|boss|captain"
    r"|crew|doctor|physician|board|committee|department|office|everyone|everybody|nobody|anyone"
    r"|employees?|members?|parents?|authority|company|agency)s?"
)
_CAPITAL = re.compile(r"\b[A-Z]")
_NUMBER = re.compile(
    r"\d|\b(?:no|none|half|dozen|hundred|thousand|million|billion|single|both)\b", re.IGNORECASE
)
_PLACE = re.compile(
    r"\b(?:in|at|on|under|behind|beside|near|inside|outside|opposite|room|floor|hall|street|folder"
    r"|page|site|desk|building|shelf|drawer|cupboard|box)\b|[/\\\\]\w",
    re.IGNORECASE,
)


def wanted(question: str) -> Kind | None:
    """The kind of answer that a question wants; None where it leaves that open.

    >>> [k and k.name for k in map(wanted, ("How long is it?", "Who signs?", "Why does it rain?"))]
    ['length', 'name', None]
    >>> sorted(wanted("How many crew members are needed?").stems)
    ['crew', 'member']
    """
    for name, pattern in _ASKED:
        if pattern.search(question):
            counted = _COUNTED.search(question) if name == "count" else None
            return Kind(name, frozenset(content_stems(counted[1])) if counted else frozenset())
    return None


_CERTAIN: dict[Name, re.Pattern[str]] = {
    "often": _FREQUENT,
    "length": _SPAN_OF_TIME,
    "clock": _CLOCK,
    "date": re.compile(f"{_DATE.pattern}|{_CLOCK.pattern}|{_WEEKDAY.pattern}", re.IGNORECASE),
    "share": _PART,
    "weekday": _WEEKDAY,
    "money": _MONEY,
    "contact": _CONTACT,
}
_NO_THINGS = _TIMES | {"percent", "time", "date"}


def fit(passage: str, start: int, end: int, kind: Kind) -> float:
    """How well passage[start:end] is of a kind: 1 surely, 0 perhaps, -1 surely not.

    >>> fit("Closed every Monday.", 7, 19, Kind("weekday")), fit("The staff.", 4, 9, Kind("length"))
    (1.0, -1.0)
    >>> fit("It takes 16 of 20 points.", 9, 17, Kind("count", frozenset({"point"})))
    1.0
    """
    text = passage[start:end]
    if kind.name in _CERTAIN and _CERTAIN[kind.name].search(text):
        return 1.0
    units = {unit for _, unit in quantities(passage, start, end)}
    number = bool(units or _NUMBER.search(text))
    if kind.name == "place":
        timed = units & _TIMES or _CLOCK.search(text) or _WEEKDAY.search(text)
        return -1.0 if timed else 1.0 if _PLACE.search(text) else 0.0
    if kind.name == "name" and not number:
        return 1.0 if _CAPITAL.search(text) else 0.5 if _PERSON.search(text) else -1.0
    if kind.name in ("name", "contact") or not number:
        return -1.0
    if kind.name == "count" and units:
        return 1.0 if units & kind.stems else -0.5 if kind.stems and units & _NO_THINGS else 0.5
    if kind.name == "money" and units - _NO_THINGS:
        return 0.5
    return 1.0 if kind.name == "amount" else 0.0
