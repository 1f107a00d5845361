"""The entity randomiser: the same text about other people, places, years and numbers.

In: texts that belong together (a passage, its question, its answer). Out: the same texts with every
name and every number replaced consistently, word by word, so that what stands around them stays
right: gender, plural, possessive, a or an, initials, order of years, sizes of numbers. What a model
reads in training is then never true, so that the only way to be right is to read.
"""

import random
import re
from collections.abc import Iterable

from dragon.data.entities.detect import find_entities
from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.numbers import Figures
from dragon.data.entities.phrases import UPPER
from dragon.data.entities.substitutes import Pools, Role, derived, invented, takes_an
from dragon.data.entities.types import KINDS, Entity, Kind
from dragon.data.entities.words import NUMERALS, ORG_HEADS, PARTICLES, PLACE_STARTS, PLACE_TAILS
from dragon.data.names import Names

SPOKEN = 400  # characters after a name in which he or she is looked for
FIGURES: frozenset[Kind] = frozenset({"DATE", "NUMBER", "AMOUNT"})
_WORD = re.compile(r"[^\W\d_]+|\d+(?:,\d{3})*")
_INITIALS = re.compile(rf"(?:[{UPPER}]\.(?:[ -]?(?=[{UPPER}]\.))?)+")
_ABBREVIATED = re.compile(rf"(?:[{UPPER}]\.){{2,}}")
_NAME = re.compile(rf"\b[{UPPER}][^\W\d_]+\b|\d+(?:,\d{{3}})*")
_HE, _SHE = re.compile(r"\b(?:[Hh]e|[Hh]is|him)\b"), re.compile(r"\b(?:[Ss]he|[Hh]er|hers)\b")
_KEPT = ORG_HEADS | PLACE_TAILS | PLACE_STARTS
_known: dict[int, tuple[Names, Lexicon, Pools]] = {}


def knowledge(names: Names | None) -> tuple[Lexicon, Pools]:
    """What is known of names, made once for each `Names`; None for the package's lists alone."""
    held = _known.get(id(names))
    if held is None:
        lexicon = Lexicon.learned(names) if names else Lexicon.built_in()
        if len(_known) > 3:
            _known.clear()
        held = _known[id(names)] = (names or Names({}, {}), lexicon, Pools(lexicon, names))
    return held[1:]


class Randomizer:
    """One consistent renaming; make a new one for each document and pass.

    Args:
        names: what a corpus shows of names; None for the lists of the package alone.
        rng: source of randomness; the same seed renames in the same way.
        invented: share of names replaced by invented words rather than real ones.
        kinds: what is replaced.

    >>> rename = Randomizer(None, random.Random(5))
    >>> rename("Anna Lindqvist's house in Oslo"), rename("Is Anna in Oslo?")
    ("Ira Flaiyostist's house in Eapickmouth", 'Is Ira in Eapickmouth?')
    """

    def __init__(
        self,
        names: Names | None,
        rng: random.Random,
        invented: float = 0.4,
        kinds: Iterable[Kind] = KINDS,
    ) -> None:
        self._lexicon, self._pools = knowledge(names)
        self._rng, self._invented = rng, invented
        self._kinds = frozenset(kinds)
        self._figures = Figures(rng)
        self._words: dict[str, str] = {}
        self._letters: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()
        self._mapping: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """The text under this renaming."""
        return self.replaced(text, find_entities(text, self._lexicon))

    def replaced(self, text: str, entities: Iterable[Entity]) -> str:
        """The text with these entities replaced, and with all that was replaced before."""
        wanted = [e for e in entities if e.kind in self._kinds]
        # Full names first: "J. Smith" takes its letter from "John Smith" wherever that stands.
        for entity in sorted(wanted, key=lambda e: "." in text[e.start : e.end]):
            if entity.kind == "PERSON":
                self._person(
                    text[entity.start : entity.end], text[entity.end : entity.end + SPOKEN]
                )
        parts, at = [], 0
        for start, end, kind in wanted:
            if start < at:
                continue
            parts.append(_NAME.sub(self._stray, text[at:start]))
            parts.append(self._replacement(text[start:end], kind))
            at = end
        parts.append(_NAME.sub(self._stray, text[at:]))
        return "".join(parts)

    @property
    def mapping(self) -> dict[str, str]:
        """What has been replaced by what so far, names and figures as they stood."""
        return dict(self._mapping)

    def _replacement(self, old: str, kind: Kind) -> str:
        if kind == "DATE":
            new = self._figures.date(old)
        elif kind in FIGURES:
            new = self._figures.number(old)
        elif kind == "PERSON":
            new = self._person(old, "")
        else:
            new = self._phrase(old, kind)
        self._mapping[old] = new
        return new

    def _stray(self, match: re.Match[str]) -> str:
        """A word outside all entities: replaced if it is part of a name met before."""
        word = match.group()
        if word[0].isdigit():
            return self._figures.number(word) if self._kinds & FIGURES else word
        if word in self._words:
            return self._words[word]
        if word in self._lexicon.names and self._kinds - FIGURES:
            return self._word(word, "coined")
        singular = word.removesuffix("s")
        return self._words[singular] + "s" if singular in self._words else word

    def _person(self, old: str, following: str) -> str:
        words = [w for w in _WORD.findall(old) if len(w) > 1 and w not in NUMERALS]
        names = [w for w in words if w.lower() not in PARTICLES]
        surname = names[-1] if names else ""
        text = _INITIALS.sub(lambda m: self._initials(m.group(), surname), old)
        gender = next((g for g in map(self._lexicon.gender, names) if g), "")
        gender = gender or _spoken_of(following)
        firsts: Role = "man" if gender == "m" else "woman" if gender == "f" else "first"
        alone = len(names) == 1

        def one(match: re.Match[str]) -> str:
            word = match.group()
            if word not in names:
                return word
            known = self._lexicon.is_first_name(word)
            last = word == surname and not (alone and known and word not in self._lexicon.surnames)
            if last:
                return self._word(word, "surname")
            letter = self._letters.get((surname, word[0]), "")
            new = self._word(word, firsts, letter)
            self._letters.setdefault((surname, word[0]), new[0])
            return new

        return _WORD.sub(one, text)

    def _initials(self, letters: str, surname: str) -> str:
        def one(match: re.Match[str]) -> str:
            key = surname, match.group()
            if key not in self._letters:
                vowel = match.group() in "AEFHILMNORSX"  # said with a vowel first: an F
                self._letters[key] = self._rng.choice("AEFHILMNORSX" if vowel else "BCDGJKPTVW")
            return self._letters[key]

        return re.sub(rf"[{UPPER}]", one, letters)

    def _phrase(self, old: str, kind: Kind) -> str:
        role: Role = {"PLACE": "place", "ORG": "org", "WORK": "title"}.get(kind, "coined")  # type: ignore[assignment]
        single = " " not in old
        if _ABBREVIATED.fullmatch(old):  # U.S. goes with US
            return "".join(f"{letter}." for letter in self._word(old.replace(".", ""), role))
        if kind == "COINED" and single and not old.isalpha():
            return self._shaped(old)

        def one(match: re.Match[str]) -> str:
            word = match.group()
            small = word.lower()
            if word[0].isdigit():
                return self._figures.number(word)
            if not single and (small in _KEPT or small in PARTICLES or len(word) == 1):
                return word
            if word[0].islower() and kind != "COINED":
                return word
            ordinary = self._lexicon.is_common(word) and not self._lexicon.is_place(word)
            return self._word(word, "title" if ordinary and not word.isupper() else role)

        return _WORD.sub(one, old)

    def _shaped(self, old: str) -> str:
        """kebab-case, snake_case and camelCase keep their shape."""

        def one(match: re.Match[str]) -> str:
            part = match.group()
            if part.isdigit():
                return self._figures.number(part)
            return self._word(part, "coined") if len(part) > 2 else part

        return re.sub(rf"[{UPPER}]?[^\W\d_{UPPER}]+|[{UPPER}]+|\d+", one, old)

    def _word(self, word: str, role: Role, initial: str = "") -> str:
        if word not in self._words:
            if word.isupper() and word.capitalize() in self._lexicon.nations:
                return self._word(word.capitalize(), role).upper()
            singular = word.removesuffix("s")
            if singular in self._words and len(singular) > 3:
                return self._words[singular] + "s"
            new = self._nation(word) or self._new(word, role, initial)
            self._words[word] = new
            self._used.add(new)
        return self._words[word]

    def _nation(self, word: str) -> str:
        if (
            word not in self._lexicon.nations
            and word.removesuffix("s") not in self._lexicon.nations
        ):
            return ""
        table, new = self._pools.nation(word, self._rng)
        for old, other in table.items():
            self._words.setdefault(old, other)
            self._words.setdefault(old.upper(), other.upper())
        return new

    def _new(self, word: str, role: Role, initial: str) -> str:
        vowel = takes_an(word)
        if word.isupper() and 1 < len(word) < 6:
            letters = [self._rng.choice("BCDFGHKLMNPRSTVW") for _ in word[1:]]
            return self._rng.choice(
                "AEFHILMNORSX" if word[0] in "AEFHILMNORSX" else "BCDGKPTUW"
            ) + "".join(letters)
        if initial:
            vowel = initial in "AEIOU"
        ending = derived(word) if role in ("place", "org", "coined", "surname") else ""
        new = ""
        for _ in range(8):
            real = None
            if role == "title" or (not ending and self._rng.random() >= self._invented):
                real = self._pools.real(role, vowel, self._rng, initial)
            new = real or invented(role, vowel, self._rng, len(word), initial)
            if ending:
                new = new.rstrip("aeiou") + ending
            if new not in self._used and new != word:
                break
        if word.endswith("s") and not new.endswith("s") and role in ("org", "title", "coined"):
            new = f"{new}s"
        if word.islower():
            return new.lower()
        return new.upper() if word.isupper() and len(word) > 1 else new


def _spoken_of(following: str) -> str:
    """M or f by the pronouns that follow a name, or nothing."""
    he, she = len(_HE.findall(following)), len(_SHE.findall(following))
    return "m" if he > she else "f" if she > he else ""
