"""All names, dates and numbers of a text.

In: a text, a `Lexicon`. Out: entities in order, none overlapping. A name that is clear in one place
(Anna Lindqvist) settles the kind of its parts elsewhere (Lindqvist).
"""

import re
from collections.abc import Iterator

from dragon.data.entities.classify import Guess, classify
from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.patterns import shapes
from dragon.data.entities.phrases import UPPER, Phrase, phrases
from dragon.data.entities.types import Entity, Kind
from dragon.data.entities.words import NUMERALS, PARTICLES, TECHNICAL, WORK_CUES

_CUE = "|".join(sorted(WORK_CUES | {"titled", "entitled"}))
_SMALL = r"(?:of|the|a|an|and|in|on|at|to|for|with|from|by|into|under|or|is|&|before|der|la|le|nie)"
_TITLED = re.compile(
    rf"\b(?:{_CUE})s? (?:\([^)]*\) )?[\"“]?((?:[{UPPER}]\w*[’']?\w*)(?:[ :-]+(?:(?:{_SMALL}) )*"
    rf"[{UPPER}]\w*[’']?\w*)+)"
)
_QUOTED = re.compile(rf"[\"“]([{UPPER}][^\"“”\n]{{1,70}}?)[,.]?[\"”]")
_WORD = re.compile(r"(?<![\w.])[^\W\d_]+(?:-[^\W\d_]+)*(?![\w.(]*\w)")


def find_entities(text: str, lexicon: Lexicon) -> list[Entity]:
    """The entities of a text.

    >>> t = "Dr. Anna Lindqvist moved to Kathmandu in 1902. Lindqvist sold 30 ropes."
    >>> [(t[a:b], k) for a, b, k in find_entities(t, Lexicon.built_in())]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('Anna Lindqvist', 'PERSON'), ('Kathmandu', 'PLACE'), ('1902', 'DATE'),
     ('Lindqvist', 'PERSON'), ('30', 'NUMBER')]
    """
    found = list(shapes(text))
    masked = _masked(text, found)
    works = list(_works(masked, lexicon))
    masked = _masked(masked, works)
    technical = is_technical(text)
    named = [(p, classify(p, lexicon, technical)) for p in phrases(masked, lexicon)]
    names = _coordinated(masked, named)
    coined = _unknown_words(masked, lexicon) if technical else ()
    apart: list[Entity] = []
    for entity in sorted([*found, *works, *names, *coined]):
        if not apart or entity.start >= apart[-1].end:
            apart.append(entity)
    return apart


def is_technical(text: str) -> bool:
    """Whether a text speaks of software: a thirtieth of its words do."""
    words = _WORD.findall(text[:4000])
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
    for match in sorted(
        [*_QUOTED.finditer(text), *_TITLED.finditer(text)], key=lambda m: m.start(1)
    ):
        words = match.group(1).split()
        capitals = sum(word[0].isupper() for word in words)
        if match.start(1) >= end and capitals * 2 > len(words) and len(words) < 11:
            if len(words) == 1 and lexicon.is_common(words[0]):
                continue
            end = match.end(1)
            yield Entity(match.start(1), end, "WORK")


def _coordinated(text: str, named: list[tuple[Phrase, Guess]]) -> Iterator[Entity]:
    """Entities; an unsure one takes the kind of its namesake, or of the one it is listed with."""
    known = _settled(named)
    last_end, last_kind = -9, None
    for phrase, (kind, sure) in named:
        start, end = phrase.tokens[0].start, phrase.tokens[-1].end
        if len(phrase.tokens) == 1 and not sure:
            kind = known.get(phrase.text, kind)
        if len(phrase.tokens) == 1 and kind is None:
            kind = known.get(phrase.text)
        joint = text[last_end:start] if last_end > 0 else ""
        listed = joint in (" and ", ", and ", " or ") or (
            joint == ", " and text[end : end + 1] in ",.;)"
        )
        if kind and not sure and listed and last_kind in ("PERSON", "PLACE"):
            kind = last_kind
        if kind:
            yield Entity(start, end, kind)
        last_end, last_kind = end, kind


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
        if word.islower() and len(word) > 3 and word.isascii() and not lexicon.is_common(word):
            yield Entity(match.start(), match.end(), "COINED")
