"""All names, dates and numbers of a text.

In: a text, a `Lexicon`. Out: entities in order, none overlapping. A name that is clear in one place
(Anna Lindqvist) settles the kind of its parts elsewhere (Lindqvist).
"""

import re
from collections.abc import Iterator
from itertools import chain, zip_longest

from dragon.data.entities.classify import Guess, classify
from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.patterns import shapes
from dragon.data.entities.phrases import UPPER, Phrase, phrases
from dragon.data.entities.types import Entity, Kind
from dragon.data.entities.words import (
    EVENTS,
    NUMBERED,
    NUMERALS,
    ORG_HEADS,
    PARTICLES,
    PLACE_CUES,
    PLACE_TAILS,
    ROLES,
    TECHNICAL,
    TITLES,
    WORK_CUES,
)

_CUE = "|".join(sorted(WORK_CUES | {"titled", "entitled"}))
_SMALL = r"(?:of|the|a|an|and|in|on|at|to|for|with|from|by|into|under|or|is|&|before|der|la|le|nie)"
_TITLED = re.compile(
    rf"\b(?:{_CUE})s? (?:\([^)]*\) )?[\"“]?((?:[{UPPER}]\w*[’']?\w*)(?:[ :-]+(?:(?:{_SMALL}) )*"
    rf"[{UPPER}]\w*[’']?\w*)+)"
)
_THE = re.compile(
    rf"(?<=[a-z,;] )(The [{UPPER}]\w*[’']?\w*(?: (?:(?:{_SMALL}) )*[{UPPER}]\w*[’']?\w*)*)"
)
_AMID = (
    "in|on|to|with|the|a|an|from|by|into|under|at|my|your|is|before|after|like|about|without|over"
)
# Ordinary words with capitals around small ones: "they read Gone with the Wind".
_ORDINARY = re.compile(
    rf"(?<=[a-z,;(] )((?:[{UPPER}][\w’']+ )+(?:(?:{_AMID}|and|of|for|or) )*(?:{_AMID}) "
    rf"(?:(?:{_AMID}|and|of|for|or) )*[{UPPER}][\w’']+(?: [{UPPER}][\w’']+)*)"
)
_QUOTED = re.compile(rf"[\"“]([{UPPER}][^\"“”\n]{{1,70}}?)[,.]?[\"”]")
_KINDS = ORG_HEADS | PLACE_TAILS | TITLES | ROLES | EVENTS | frozenset("head office fall".split())
_CAPITAL_NEXT = re.compile(rf" [{UPPER}]\w")
_CAPITAL_BEFORE = re.compile(rf"(?<![.!?:] )(?<!^)\b[{UPPER}]\w+ $")
_LATIN = re.compile(
    r"\b([A-Z][a-z]{2,}) ([a-z]{2,}(?:us|um|is|ii|ae|ensis|oides|[aeiou][nrltd]a|icola|ifera))\b"
)
_SMALL_WORD = re.compile(r"(?<![\w-])[a-z]{3,}(?![\w-])")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_PREFIX = re.compile(r"^(?:re|mis|un|pre|non|de|sub|multi|over|under|auto|inter|co)-?")
_WORD = re.compile(r"(?<![\w.])[^\W\d_]+(?:-[^\W\d_]+)*(?![\w.(]*\w)")


def find_entities(text: str, lexicon: Lexicon) -> list[Entity]:
    """The entities of a text.

    >>> t = "Dr. Anna Lindqvist moved to Kathmandu in 1902. Lindqvist sold 30 ropes."
    >>> [(t[a:b], k) for a, b, k in find_entities(t, Lexicon.built_in())]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('Anna Lindqvist', 'PERSON'), ('Kathmandu', 'PLACE'), ('1902', 'DATE'),
     ('Lindqvist', 'PERSON'), ('30', 'NUMBER')]
    """
    technical = is_technical(text)
    found = [e for e in shapes(text) if not _is_name(text, e, technical)]
    masked = _masked(text, found)
    works = list(_works(masked, lexicon))
    works += () if technical else _species(_masked(masked, works), lexicon)
    masked = _masked(masked, sorted(works))
    named = [(p, classify(p, lexicon, technical)) for p in phrases(masked, lexicon)]
    names = _coordinated(masked, named)
    coined = _unknown_words(masked, lexicon) if technical else ()
    apart: list[Entity] = []
    for entity in _numbered(text, sorted([*found, *works, *names, *coined])):
        if not apart or entity.start >= apart[-1].end:
            apart.append(entity)
    return apart


def is_technical(text: str) -> bool:
    """Whether a text speaks of software: a thirtieth of its words do."""
    words = _WORD.findall(text[:4000].lower())
    return 30 * sum(word in TECHNICAL for word in words) > len(words)


def _masked(text: str, found: list[Entity]) -> str:
    if not found:
        return text
    parts, at = [], 0
    for start, end, _ in found:
        parts += [text[at:start], "\0" * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


def _works(text: str, lexicon: Lexicon) -> Iterator[Entity]:
    end = 0
    found = chain.from_iterable(p.finditer(text) for p in (_QUOTED, _TITLED, _THE, _ORDINARY))
    for match in sorted(found, key=lambda m: m.start(1)):
        words = match.group(1).split()
        capitals = sum(word[0].isupper() for word in words)
        if match.start(1) >= end and capitals * 2 >= len(words) and len(words) < 11:
            if len(words) == 1 and lexicon.is_common(words[0]):
                continue
            if match.re is _ORDINARY and not _is_ordinary(words, lexicon):
                continue
            if match.re is _THE and _is_no_work(text[: match.start()], words[1:], lexicon):
                continue
            end = match.end(1)
            yield Entity(match.start(1), end, "WORK")


def _is_ordinary(words: list[str], lexicon: Lexicon) -> bool:
    """Whether no word of a title names a person, a place, an office, an event or the like."""
    capitals = [word for word in words if word[0].isupper()]
    ends = {capitals[0].lower(), capitals[-1].lower()}
    return not ends & _KINDS and all(
        lexicon.is_common(w) and not (lexicon.is_first_name(w) or lexicon.is_place(w))
        for w in capitals
    )


def _is_no_work(before: str, words: list[str], lexicon: Lexicon) -> bool:
    """Whether a name after `The` in the middle of a sentence is a place, a band or a paper."""
    last = words[-1].lower()
    if last in PLACE_TAILS and before.rstrip().rpartition(" ")[2] in PLACE_CUES:
        return True
    one = len(words) == 1 and (last.endswith("s") or not lexicon.is_common(last))
    return one or last in ORG_HEADS or lexicon.is_place(" ".join(words))


def _is_name(text: str, entity: Entity, technical: bool) -> bool:
    """Whether a word like BelHard is to be judged as a name: beside another, or not of software."""
    start, end, kind = entity
    if kind != "COINED" or not text[start:end].isalpha() or text[start].islower():
        return False
    beside = _CAPITAL_NEXT.match(text, end) or _CAPITAL_BEFORE.search(
        text[max(0, start - 40) : start]
    )
    return bool(beside) or not technical


def _species(text: str, lexicon: Lexicon) -> Iterator[Entity]:
    """Two Latin words, the first with a capital: `Arethusa catenata`."""
    for match in _LATIN.finditer(text):
        genus, species = match.groups()
        if not (lexicon.is_common(genus) or lexicon.is_common(species)):
            yield Entity(*match.span(), "COINED")


def _numbered(text: str, entities: list[Entity]) -> Iterator[Entity]:
    """Names with their numbers: `21st Artillery Division`, `etcd 2.0`."""
    before: Entity | None = None
    for entity in entities:
        if before:
            if text[before.end : entity.start] == " " and _is_one(text, before, entity):
                kind = before.kind if entity.kind == "NUMBER" else entity.kind
                entity = Entity(before.start, entity.end, kind)
            else:
                yield before
        before = entity
    if before:
        yield before


def _is_one(text: str, one: Entity, other: Entity) -> bool:
    first, second = text[one.start : one.end], text[other.start : other.end]
    if one.kind == "COINED":
        return other.kind == "NUMBER" and bool(_VERSION.fullmatch(second))
    unit = second.rpartition(" ")[2].lower() in NUMBERED
    return other.kind in ("ORG", "PLACE") and unit and bool(_ORDINAL.fullmatch(first))


def _coordinated(text: str, named: list[tuple[Phrase, Guess]]) -> Iterator[Entity]:
    """Entities; an unsure one takes the kind of its namesake, or of the one it is listed with."""
    known = _settled(named)
    small: frozenset[str] | None = None
    last_end, last_kind = -9, None
    for (phrase, (kind, sure)), after in zip_longest(named, named[1:]):
        start, end = phrase.tokens[0].start, phrase.tokens[-1].end
        if len(phrase.tokens) == 1 and not sure:
            kind = known.get(phrase.text, kind)
        if len(phrase.tokens) == 1 and kind is None:
            kind = known.get(phrase.text)
        joint = text[last_end:start] if last_end > 0 else ""
        listed = joint in (" and ", ", and ", " or ") or (
            joint == ", " and (text[end : end + 1] in ",.;)" or last_kind == "COINED")
        )
        if kind and not sure and listed and last_kind:
            kind = last_kind
        elif kind == "PERSON" and not sure and after and _is_in(text, end, *after):
            kind = "PLACE"
        if kind and not sure and phrase.opens and len(phrase.tokens) == 1:
            small = frozenset(_SMALL_WORD.findall(text)) if small is None else small
            if phrase.text.lower() in small:  # the capital is the sentence's
                kind = None
        if kind:
            yield Entity(start, end, kind)
        last_end, last_kind = end, kind


def _is_in(text: str, end: int, place: Phrase, guess: Guess) -> bool:
    """Whether a name is said to lie in a place: `Indianola, Mississippi`."""
    return guess == ("PLACE", True) and text[end : place.tokens[0].start] == ", "


def _settled(named: list[tuple[Phrase, Guess]]) -> dict[str, Kind]:
    """The kind of single words that are part of a clear name of several."""
    known: dict[str, Kind] = {}
    for phrase, (kind, sure) in named:
        words = [t.text for t in phrase.tokens]
        if kind == "PERSON" and (len(words) > 1 or phrase.title):
            for word in words:
                if len(word) > 2 and word not in NUMERALS and word.lower() not in PARTICLES:
                    known.setdefault(word, "PERSON")
        elif kind and sure and len(words) == 1:
            known.setdefault(words[0], kind)
    return known


def _unknown_words(text: str, lexicon: Lexicon) -> Iterator[Entity]:
    """Words in small letters that no list has: names of commands and programs."""
    for match in _WORD.finditer(text):
        word = match.group()
        if not (word.islower() and len(word) > 3 and word.isascii()) or word in TECHNICAL:
            continue
        if not (lexicon.is_common(word) or lexicon.is_common(_PREFIX.sub("", word))):
            yield Entity(match.start(), match.end(), "COINED")
