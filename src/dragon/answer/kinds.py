"""What kind of answer a question wants, as far as its first words tell.

In: a question, a candidate answer. Out: "quantity" (a number, a date, a length of time), "name", or
nothing; and whether the candidate is one.
"""

import re
from typing import Literal

from dragon.answer.quantities import NUMBER

Kind = Literal["quantity", "name"]

_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|often|far|fast|old|soon|quickly|high|large|big|early|late)\b"
    r"|\bwhen\b(?! (?:I|we|you|they|he|she|it|the|a|an|my|our|somebody|no one)\b)"
    r"|\b(?:what|which) (?:year|day|date|month|percentage|percent|share|time|number|amount|age"
    r"|price|speed)\b"
    r"|^what (?:does|do|must|is|will) .*\b(?:cost|pay|charge|price|fee|fine|limit|worth)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"^\W*(?:who|whom|whose)\b", re.IGNORECASE)
_CALENDAR = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|daily|weekly|monthly|yearly|once|twice"
    r"|jan(?:uary)?|feb(?:ruary)?|march|april|may|june|july|aug(?:ust)?|sept(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|century|centuries|first|second|third|\d+(?:st|nd|rd|th)"
    r"|none|half|quarter|hundred|thousand|million|dozen)\b",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"\b[A-Z]")


def wanted(question: str) -> Kind | None:
    """The kind of answer that a question wants; None where it leaves that open.

    >>> [wanted(q) for q in ("How long is it?", "Who signs?", "What do I do when it rains?")]
    ['quantity', 'name', None]
    """
    if _QUANTITY.search(question):
        return "quantity"
    return "name" if _NAME.search(question) else None


def is_kind(text: str, kind: Kind) -> bool:
    """True where a candidate answer is of a kind.

    >>> is_kind("every Monday", "quantity"), is_kind("staff", "quantity"), is_kind("Maud", "name")
    (True, False, True)
    """
    if kind == "name":
        return bool(_CAPITAL.search(text))
    return bool(NUMBER.search(text) or any(c.isdigit() for c in text) or _CALENDAR.search(text))
