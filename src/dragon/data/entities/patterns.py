"""Dates, numbers, amounts and coined words: what can be told by its shape.

In: a text. Out: entities in order, none overlapping. Spelled numbers from two on are numbers.
"""

import re
from collections.abc import Iterator

from dragon.data.entities.types import Entity, Kind

_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec"
)
_WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_YEAR = r"(?:1\d{3}|20\d\d)"
SPELLED = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
).split()
_SPELLED = "|".join(SPELLED)
_BIG = r"(?:hundred|thousand|million|billion|trillion)"
_DIGITS = r"(?:\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*)"
_UNIT = (
    r"(?:%|percent|per\ cent|km²|km2|km/h|mph|kilometres?|kilometers?|km|metres?|meters?|miles?|"
    r"feet|foot|ft|inches|inch|yards?|acres?|hectares?|ha|"
    r"square\ (?:miles|kilometres|kilometers|feet)|"
    r"kilograms?|kg|grams?|mg|pounds?|lbs?|tons?|tonnes?|ounces?|litres?|liters?|gallons?|mL|"
    r"seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries|"
    r"MW|kW|GW|GWh|kWh|MHz|GHz|kHz|Hz|MeV|keV|eV|kV|volts?|watts?|"
    r"bytes?|bits?|KB|MB|GB|TB|MiB|GiB|KiB|°C|°F|K|degrees|"
    r"dollars?|euros?|pounds?|yen|rupees?|francs?|cents?|crowns?|cm|mm|nm|μm|m|s|ms|g)"
)
_MONEY = r"(?:(?:US|A|C|NZ|HK)?[$€£¥₹]|(?:USD|EUR|GBP|Rs\.?|Ks|INR)\s)"
_COUNT = rf"(?:{_DIGITS}|(?:{_SPELLED})(?:[ -](?:{_SPELLED}|one|{_BIG}))*)"

_DATE = rf"""
    \b(?:(?:\d{{1,2}}(?:st|nd|rd|th)?\ ?(?:–|-|\ and\ |\ to\ )\ ?)?
        \d{{1,2}}(?:st|nd|rd|th)?\ (?:{_MONTHS})\.?(?:,?\ {_YEAR}\b)?
    |(?:{_MONTHS})\.?\ \d{{1,2}}(?:st|nd|rd|th)?\b(?!\.\d|\s?%)(?:,?\ {_YEAR}\b)?
    |(?:{_MONTHS})\.?,?\ {_YEAR}\b
    |{_YEAR}-[01]\d-[0-3]\d\b
    |[0-3]?\d[/.][0-3]?\d[/.]{_YEAR}\b
    |(?:1?\d(?:st|nd|rd|th)|20th|21st)(?:[ -]century)
    |{_YEAR}s\b|[’']\d0s\b
    |{_YEAR}\s?[/–-]\s?\d\d\b(?!\d|[-–]\d)
    |{_YEAR}\b(?![.,]\d|%|[-–]\d{{1,3}}\b)
    |\d{{1,4}}\ (?:BC|BCE|AD|CE|A\.H\.)(?!\w)
    |(?:{_WEEKDAYS})s?\b
    |(?:January|February|April|June|July|September|October|November|December)\b
    |(?<=[a-z]\ )(?:March|May|August)\b)
"""
_AMOUNT = rf"""
    {_MONEY}\s?{_DIGITS}(?:[ -]?(?:{_BIG}|bn|m|k)\b)?(?:/-)?
    |(?<![\w.]){_COUNT}(?:(?:–|-|\ to\ |\ or\ |\ and\ ){_COUNT})?(?:\ {_BIG})?[ -]?(?:{_UNIT})(?!\w)
"""
_NUMBER = rf"""
    (?<![\w.$#/]){_DIGITS}[–-](?:{_DIGITS})(?![\w])
    |(?<![\w.$#/-]){_DIGITS}(?:\ {_BIG}\b)?(?:(?:st|nd|rd|th|ST|ND|RD|TH)\b)?(?![\w_])
    |(?<=[-–/ ])\d+\b(?!\.\w)
    |(?<=under-)\d+\b
    |\b(?:{_SPELLED})\b(?:[ -](?:{_SPELLED}|one|{_BIG})\b)*(?!-?fold)
"""
# CamelCase, snake_case, dotted or hyphened with digits: words of somebody's making.
_CODED = r"""
    `[^`\s][^`\n]{0,60}`
    |\$[A-Za-z_]\w+
    |(?<![\w./])(?:https?://|www\.)[^\s<>)\]]+
    |(?<!\w)[A-Za-z]+(?:-[A-Za-z]+)*[a-z][A-Z]\w*(?:[-.]\w+)*(?:\(\))?
    |(?<!\w)[A-Za-z]\w*_\w+(?:\([^)\s]*\))?(?:\.\w+)*
    |(?<!\w)[a-z]\w*\(\)
    |(?<!\w)[A-Za-z]+-?\d+[a-z]*\d*(?:\.\d+)*(?:-[A-Za-z]+)?(?![\w])
    |(?<!\w)[a-z]+\.(?:js|py|dev|io|com|org|net|md|yaml|toml|ts|sh|exe|css|html)\b
"""
# Most places of a text begin none of these: plain words are passed over before all else is tried.
_PLAIN_END = r"(?:[ ,;:)\n]|\.(?:\s|\Z))"
_PLAUSIBLE = rf"""
    (?<![A-Za-z])(?:
    (?=[a-z])(?:(?![a-z]++{_PLAIN_END})|(?=(?:{_SPELLED})\b))
    |(?=[A-Z])(?:(?![A-Z][a-z]*+{_PLAIN_END})|(?=(?:{_MONTHS}|{_WEEKDAYS}|Rs|Ks|[AC]\$)))
    |(?=[^A-Za-z\s]))
"""
_SHAPES = re.compile(
    rf"{_PLAUSIBLE}(?:(?P<COINED>{_CODED})|(?P<DATE>{_DATE})|(?P<AMOUNT>{_AMOUNT})|(?P<NUMBER>{_NUMBER}))",
    re.VERBOSE,
)
# A digit, or the first letters of a spelled number, a month or a coded word.
_IMPLAUSIBLE = re.compile(r"^[A-Z][a-z]{0,2}[0-9]$|^(?:Mc|Mac|De|Le|La|Di|Van|O)[A-Z][a-z]+$")


def shapes(text: str) -> Iterator[Entity]:
    """Entities that are told by their shape.

    >>> t = "On 9 May 1871 it cost $3,400 and had 12 km of rope, as useState says."
    >>> [(t[a:b], k) for a, b, k in shapes(t)]
    [('9 May 1871', 'DATE'), ('$3,400', 'AMOUNT'), ('12 km', 'AMOUNT'), ('useState', 'COINED')]
    """
    for match in _SHAPES.finditer(text):
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        start, end = match.span()
        if kind == "COINED":
            if text[start] == "`":
                start, end = start + 1, end - 1
            if _IMPLAUSIBLE.match(text[start:end]):
                continue
        yield Entity(start, end, kind)
