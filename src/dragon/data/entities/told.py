"""What the words around a name say that it is: "X is a village", "the band X", "tools such as X".

In: a text and where a name stands in it. Out: a kind, or None. The head of a noun phrase decides:
the last noun before what says more about it ("a football club of the north" is a club).
"""

import re

from dragon.data.entities.types import Kind
from dragon.data.entities.words import ORG_CUES, ROLES, WORK_CUES

_PEOPLE = ROLES | frozenset(
    """
    actor activist ambassador artist astronomer athlete bishop businessman businesswoman cricketer
    critic dancer diplomat economist editor entrepreneur general golfer jurist king monk nurse
    officer priest princess queen rapper sculptor skater soldier songwriter striker surgeon swimmer
    teacher wrestler people player celebrity star leader candidate figure character god goddess
    musician author composer member official expert student scholar critic
    """.split()
)
_ORGANISATIONS = ORG_CUES | frozenset(
    """
    agency airline army association bank brand broadcaster charity college company conglomerate
    cooperative corporation division duo ensemble federation hospital institute
    institution league manufacturer ministry museum organisation organization orchestra
    publisher quartet regiment retailer sorority squadron startup store studio subsidiary trio
    troupe union university
    """.split()
)
_WORKS = WORK_CUES | frozenset(
    """
    anthology ballad ballet cantata concerto drama game fresco manga mural painting poem podcast
    program programme sculpture show soundtrack statue sonata telenovela miniseries textbook
    thriller trilogy
    """.split()
)
_PLACES = frozenset(
    """
    airport area borough bridge building capital castle cathedral church city commune community
    country county crater creek district forest fort hamlet hill island lake locality monastery
    mosque mountain municipality neighborhood neighbourhood palace park parish peninsula province
    region reserve river road settlement stadium state station street suburb temple town township
    valley village ward
    """.split()
)
_THINGS = frozenset(
    """
    aircraft algorithm award beetle bird breed car cheese cmdlet command compound dinosaur disease
    dish drug engine enzyme fish flower format framework frog gene genus grape holiday instrument
    language library locomotive mineral missile module moth plant plugin prize protein
    protocol rifle ship software species spider submarine subspecies tank technique tool tournament
    tree variety virus yacht
    """.split()
)
NOUNS: dict[str, Kind] = {
    **dict.fromkeys(_THINGS, "COINED"),
    **dict.fromkeys(_PEOPLE, "PERSON"),
    **dict.fromkeys(_PLACES, "PLACE"),
    **dict.fromkeys(_ORGANISATIONS, "ORG"),
    **dict.fromkeys(_WORKS, "WORK"),
}
_MORE = (
    "of|in|from|by|that|which|who|whose|for|at|on|with|and|or|to|near|where|as|under|during|between"
    "|located|based|founded|situated|written|set|released|published|directed|known|born|made"
)
_IS = re.compile(
    rf"(?: \([^()]{{0,90}}\))?,? (?:(?:is|was|are|were) )?(?:an?|the|one of the)"
    rf"((?: [\w\0'’-]+){{1,8}}?)(?=[,.;:()]| (?:{_MORE})\b)"
)
_DONE: tuple[tuple[Kind, str], ...] = (
    ("ORG", "founded established formed incorporated dissolved disbanded rebranded headquartered"),
    ("PERSON", "born raised educated elected married buried knighted ordained survived"),
    ("WORK", "released published premiered recorded filmed broadcast composed aired reissued"),
    ("PLACE", "located situated inhabited"),
)
_KIND_OF_DONE = {word: kind for kind, words in _DONE for word in words.split()}
_WAS = re.compile(
    r"(?: \([^()]{0,90}\))?(?:, which)? (?:is|was|were|are) (?:also |first )?"
    rf"({'|'.join(_KIND_OF_DONE)})\b"
)
_YEAR = re.compile(r" \(\0{4}\)")  # a date, masked
_SUCH = re.compile(r"([a-z]+),? (?:such as|including|like|namely|e\.g\.,?) (?:the )?$")
# What is done with works, and with bands, clubs and firms, right before their name.
_WITH_WORKS = (
    r"(?:co-|guest )?starr(?:ed|ing|s) (?:in|on)|(?:guest )?appear(?:ed|ing|s|ances?) (?:in|on)"
    r"|roles? (?:in|on)|authors? of|(?:co-)?(?:wrote|directed|produced|edited|authored|published)"
    r"|(?:episodes?|seasons?|remake|adaptation|screening|premiere|sequel|prequel) (?:of|to)"
    r"|soundtrack (?:of|to|for)|characters? (?:in|from|of)|music (?:for|from)|songs? from|editor of"
)
_WITH_GROUPS = (
    r"members? of|(?:co-)?founders? of|(?:vocalist|singer|guitarist|drummer|bassist) (?:of|for)"
    r"|ceo of|subsidiary of|signed (?:to|with|for|by)|play(?:s|ed|ing)? for|work(?:s|ed|ing)? for"
    r"|join(?:s|ed|ing)|acquired by|loaned? to|loan (?:to|at)"
)
_DEEDS = re.compile(rf"\b(?:(?P<WORK>{_WITH_WORKS})|(?P<ORG>{_WITH_GROUPS})) (?:the )?$", re.I)
# How what stands before a name must end, looked at before anything slower is.
_BEFORE_DEEDS = (
    *(f" {word} " for word in "in on of to for from with by at the The".split()),
    *(
        f"{word} "
        for word in "joins joined joining wrote directed produced edited authored".split()
    ),
    "published ",
)
_BEFORE_SUCH = (" as ", "including ", " like ", "namely ", "e.g. ", "e.g., ", " the ")
_NEXT = re.compile(r" ([a-z]+)")


def told_after(text: str, end: int) -> Kind | None:
    """By what follows a name: a predicate, an apposition, a noun that says what it is.

    >>> told_after("Oxa is a football club of the north.", 3), told_after("Oxa sings.", 3)
    ('ORG', None)
    """
    if text[end : end + 1] not in (" ", ","):
        return None
    if text.startswith((", who ", ", whose ", " who "), end):
        return "PERSON"
    if _YEAR.match(text, end):
        return "WORK"
    found = _WAS.match(text, end)
    if found:
        return _KIND_OF_DONE[found[1]]
    found = _IS.match(text, end)
    return kind_of(found[1].split()[-1]) if found else None


def told_next(text: str, end: int) -> Kind | None:
    """By the next word: `Kasaba village`, `the Pester cmdlet`; only of places and things."""
    found = _NEXT.match(text, end)
    kind = kind_of(found[1]) if found else None
    return kind if kind in ("PLACE", "COINED") else None


def told_deed(text: str, start: int) -> Kind | None:
    """By what is done: `starred in X`, `a member of X`.

    >>> told_deed("She starred in Oxa Vell.", 15)
    'WORK'
    """
    if not text.endswith(_BEFORE_DEEDS, max(0, start - 12), start):
        return None
    found = _DEEDS.search(text, max(0, start - 24), start)
    return found.lastgroup if found else None  # type: ignore[return-value]


def told_before(text: str, start: int) -> Kind | None:
    """By the noun of which a name is an example.

    >>> told_before("They use tools such as Oxa.", 23)
    'COINED'
    """
    if not text.endswith(_BEFORE_SUCH, max(0, start - 12), start):
        return None
    found = _SUCH.search(text, max(0, start - 40), start)
    return (kind_of(found[1]) or "COINED") if found else None


def kind_of(noun: str) -> Kind | None:
    """What a noun, in the singular or plural, says that a name is."""
    if noun in NOUNS:
        return NOUNS[noun]
    if noun.endswith("ies"):
        return NOUNS.get(f"{noun[:-3]}y")
    return NOUNS.get(noun.removesuffix("es")) or NOUNS.get(noun.removesuffix("s"))
