"""Which kind of name a phrase is, or none.

In: a `Phrase` and a `Lexicon`. Out: a kind, and whether it is sure. The rules go from the surest
evidence to the weakest: heads (University, River), titles and first names, lists of places, the
words next to it, shape.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.phrases import Phrase
from dragon.data.entities.told import kind_of
from dragon.data.entities.types import Kind
from dragon.data.entities.words import (
    CALENDAR,
    EVENTS,
    NUMERALS,
    ORG_HEADS,
    PARTICLES,
    PARTIES,
    PLACE_CUES,
    PLACE_STARTS,
    PLACE_TAILS,
    PLAIN,
    ROLES,
    SHIPS,
    SPEECH,
    TECHNICAL,
    TITLES,
    US_STATES,
    WORK_CUES,
)

_INITIAL = re.compile(r"^(?:\w\.)+(?:-?\w\.)?$")
_PLACE_ENDING = re.compile(
    r"(?:ville|burg|burgh|shire|stan|land|grad|polis|dorf|heim|holm|stadt|wick|minster|mouth|bury"
    r"|ovo|abad|pur|nagar|ford|hampton|chester|gorsk)$"
)
_FAMILY_ENDING = re.compile(r"(?:idae|aceae|inae|oidea|saurus|virus)$")
_BODIES = frozenset("congress parliament senate".split())
_DIRECTIONS = frozenset("north south east west midlands".split())
_ADJECTIVE = re.compile(r"(?:[a-z]ian|[a-z]ean|esque|-[a-z]+)$")
_CAMEL = re.compile(r"(?!(?:Ma?c|De|Di|La|Le|Van|O|St)[A-Z])[A-Z]\w*[a-z][A-Z]")
_CHIEFS = frozenset("ceo cfo coo cto spokesman spokeswoman spokesperson".split())
_LAW = frozenset("treaty act".split())
_ORG_OF = frozenset("university bank ministry department institute academy college".split())


class Guess(NamedTuple):
    """A kind, None for an ordinary word; not sure where only its shape and place speak for it."""

    kind: Kind | None
    sure: bool = True


def classify(phrase: Phrase, lexicon: Lexicon, technical: bool = False) -> Guess:
    """The kind of a phrase; in technical writing an unknown word is coined rather than a person."""
    words = [t.text for t in phrase.tokens]
    smalls = [w.lower().rstrip(".") for w in words]
    if len(words) == 1:
        return _single(phrase, words[0], lexicon, technical)
    if all(s in PLAIN or s in CALENDAR for s in smalls):
        return Guess(None)
    if words[0] in SHIPS:
        return Guess("COINED")
    if smalls[0] == "team":
        return Guess("ORG")
    headed = _headed(words, smalls)
    if headed and not (phrase.title and headed == "PLACE"):
        common = all(lexicon.is_common(w) for w in words)
        return Guess(None if common and (phrase.opens and len(words) == 2) else headed)
    if smalls[-1].removesuffix("s") in EVENTS and not phrase.title:
        return Guess("COINED")
    cued = _cued(phrase)
    if cued and not (phrase.title or lexicon.is_place(phrase.text)):
        return Guess(cued, not phrase.deed)
    if phrase.title or _is_person(words, lexicon):
        return Guess("PERSON")
    if lexicon.is_place(phrase.text) or smalls[0] in PLACE_STARTS:
        return Guess("PLACE")
    if smalls[0] in _LAW or (smalls[-1] in _LAW and len(words) > 1):
        return Guess("WORK")
    if any(s in EVENTS for s in smalls):
        return Guess("COINED")
    return _by_surroundings(phrase, words, lexicon, technical)


def _cued(phrase: Phrase) -> Kind | None:
    """By the word right before it: `the band Chelsea Grin`, `the genus Arethusa`."""
    if phrase.after in SPEECH:
        return None
    if phrase.deed:
        return phrase.deed
    if not phrase.joined:
        return None
    if phrase.before in WORK_CUES:
        return "WORK"
    kind = kind_of(phrase.before)
    return kind if kind in ("ORG", "COINED") else None


def _headed(words: list[str], smalls: list[str]) -> Kind | None:
    pairs = list(pairwise(smalls))
    heads = {first for first, second in pairs if second in ("of", "of the")}
    if smalls[-1] in ORG_HEADS and smalls[-1] not in PLACE_TAILS:
        return "ORG"
    if heads & ORG_HEADS or any(s in _ORG_OF for s in smalls[:-1]):
        return "ORG"
    if smalls[-1] in PLACE_TAILS or heads & PLACE_TAILS:
        return "PLACE"
    if "&" in words or any(s in ORG_HEADS for s in smalls[1:-1]):
        return "ORG"
    return None


def _is_person(words: list[str], lexicon: Lexicon) -> bool:
    names = [w for w in words if w.lower() not in PARTICLES and w not in NUMERALS]
    if not names or any(w in ("of", "of the", "and", "for", "&") for w in words):
        return False
    if _INITIAL.match(names[0]) and len(names) > 1 and names[0] not in ("U.S.", "U.K."):
        return True
    if any(_INITIAL.match(w) for w in names[1:-1]):
        return True
    if re.fullmatch(r"[A-Z]{2}", words[0]) and len(words) == 3:
        return not any(lexicon.is_common(w) for w in words[1:])
    if words[-1] in NUMERALS and not lexicon.is_common(names[0]):
        return True
    if lexicon.is_first_name(names[0]) and len(words) <= 5:
        common_end = lexicon.is_common(names[-1]) and names[-1] not in lexicon.surnames
        return len(names) == 1 or not (names[0] in lexicon.place_words and common_end)
    return len(names) == 2 and names[1] in lexicon.surnames and not lexicon.is_common(names[0])


def _single(phrase: Phrase, word: str, lexicon: Lexicon, technical: bool) -> Guess:
    small = word.lower().rstrip(".")
    if word in ("U.S.", "U.K."):
        return Guess("PLACE")
    if small in PLAIN or small in CALENDAR or word in NUMERALS or len(word) < 2:
        return Guess(None)
    if (small in TITLES and phrase.title) or (technical and small in TECHNICAL):
        return Guess(None)
    if _INITIAL.match(word):
        return Guess("PERSON" if phrase.title else None)
    if small in PARTIES or (small in _BODIES and not phrase.opens):
        return Guess("ORG")
    if small in _DIRECTIONS and not phrase.title and phrase.after not in SPEECH:
        return Guess(None if phrase.opens else "PLACE", False)
    cued = _cued(phrase)
    if cued and not (phrase.title or lexicon.is_common(word) or lexicon.is_place(word)):
        return Guess(cued, not phrase.deed)
    if lexicon.is_place(word) and not (phrase.title or phrase.after in SPEECH):
        return Guess("PLACE")
    if word.isupper():
        kind: Kind = "PLACE" if word in US_STATES else "COINED" if technical else "ORG"
        return Guess(kind, word in US_STATES)
    if word.endswith("s") and word[:-1].isupper():
        return Guess(None)
    named = word in lexicon.surnames or lexicon.is_first_name(word)
    if phrase.title and not named and lexicon.is_common(word):
        return Guess(None)
    if phrase.title or (lexicon.is_first_name(word) and not lexicon.is_common(word)):
        return Guess("PERSON")
    if lexicon.is_common(word):
        return _common(phrase, word, small, lexicon)
    return _unknown(phrase, word, small, lexicon, technical)


def _unknown(phrase: Phrase, word: str, small: str, lexicon: Lexicon, technical: bool) -> Guess:
    """A word that no list has."""
    before, _, of = phrase.before.partition(" ")
    if phrase.told:
        return Guess(phrase.told)
    if phrase.after in _CHIEFS:
        return Guess("ORG")
    if _FAMILY_ENDING.search(small):
        return Guess("COINED")
    if _CAMEL.match(word):
        return Guess("COINED" if technical else "ORG")
    if before in ROLES or phrase.after in SPEECH:
        return Guess("PERSON")
    if before == "joined" and phrase.joined:
        return Guess("ORG", False)
    if _ADJECTIVE.search(word) and phrase.after and word not in lexicon.surnames:
        return Guess("COINED", False)
    if before in PLACE_CUES or (of and before in TITLES):
        return Guess("PLACE", not technical)
    if _PLACE_ENDING.search(small) and word not in lexicon.surnames:
        return Guess("PLACE")
    if before == "the" and not of:
        return Guess("ORG" if small.endswith("s") else "COINED", False)
    if technical and word not in lexicon.surnames:
        return Guess("COINED")
    return Guess("PERSON", word in lexicon.surnames)


def _common(phrase: Phrase, word: str, small: str, lexicon: Lexicon) -> Guess:
    """An ordinary word with a capital: a name if it neither opens a sentence nor says a kind."""
    named = word in lexicon.surnames or lexicon.is_first_name(word)
    if phrase.opens or small in TITLES or small in ORG_HEADS or small in PLACE_TAILS:
        return Guess("PERSON" if named and phrase.after in SPEECH else None)
    if named:
        return Guess("PERSON", False)
    if small.endswith(("ing", "ist", "ism")):
        return Guess(None)
    if phrase.before == "the" and small.endswith("s"):
        return Guess("ORG", False)
    return Guess("WORK" if phrase.before in WORK_CUES else "COINED", False)


def _by_surroundings(phrase: Phrase, words: list[str], lexicon: Lexicon, technical: bool) -> Guess:
    capitals = [w for w in words if w[0].isupper()]
    unknown = [w for w in capitals if not lexicon.is_common(w)]
    if phrase.told:
        return Guess(phrase.told)
    if phrase.before in WORK_CUES:
        return Guess("WORK")
    if any(map(_CAMEL.match, words)):
        return Guess("COINED" if technical else "ORG")
    if not unknown:
        return Guess(None if phrase.opens and len(words) == 2 else "COINED", False)
    if phrase.before in PLACE_CUES and phrase.after not in SPEECH and not technical:
        return Guess("PLACE")
    if any(w.isupper() and len(w) > 1 for w in words) or len(words) > 4:
        return Guess("ORG", False)
    if phrase.before == "the" or technical:
        return Guess("COINED" if technical else "ORG", False)
    return Guess("PERSON" if len(unknown) == len(capitals) else "COINED", False)
