"""What is known of words before a text is read: lists of the package, and what a corpus shows.

In: lists, and counts of word forms over a corpus (`Names`) where there is one. Out: sets to ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from dragon.data.entities.words import PARTICLES, PEOPLES, countries, places, word_list
from dragon.data.names import Names
from dragon.text.words import STOP_WORDS, stem


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Known words.

    Attributes:
        common, stems: words that are mostly written small, and their stems.
        men, women: first names, most frequent first.
        surnames: most frequent first.
        places: names of places, of several words too.
        place_words: single words of these that mean a place by themselves.
        nations: countries, adjectives and peoples.
        names: words that a corpus shows to be names, of whatever kind.
    """

    common: frozenset[str]
    stems: frozenset[str]
    men: dict[str, int]
    women: dict[str, int]
    surnames: dict[str, int]
    places: frozenset[str]
    place_words: frozenset[str]
    nations: frozenset[str]
    names: frozenset[str]

    @classmethod
    @lru_cache(maxsize=1)
    def built_in(cls) -> "Lexicon":
        """From the lists of the package alone."""
        common = frozenset(word_list("common_words")) | STOP_WORDS
        nations = frozenset(word for row in countries() for word in row) | PEOPLES
        spots = frozenset(places()) | {row[0] for row in countries()}
        return cls(
            common,
            frozenset(stem(word) for word in common),
            _ranked(word_list("male_names")),
            _ranked(word_list("female_names")),
            _ranked(word_list("surnames")),
            spots,
            frozenset(place for place in spots if " " not in place),
            nations,
            frozenset(),
        )

    @classmethod
    def learned(cls, names: Names) -> "Lexicon":
        """The lists, and what a corpus shows (see `learn_names`)."""
        base = cls.built_in()
        spots = frozenset(word for word, kind in names.kinds.items() if kind == "place")
        firsts = [word for word, kind in names.kinds.items() if kind == "first"]
        known = base.men.keys() | base.women.keys()
        return cls(
            base.common - {word.lower() for word in names.kinds},
            base.stems,
            base.men | _ranked(w for w in firsts if w not in known),
            base.women,
            base.surnames,
            base.places | spots,
            base.place_words | spots,
            base.nations,
            frozenset(names.kinds),
        )

    def is_common(self, word: str) -> bool:
        """True for a word that is mostly written small, or an inflected form of one.

        >>> Lexicon.built_in().is_common("Workings"), Lexicon.built_in().is_common("Kathmandu")
        (True, False)
        """
        small = word.lower()
        if small in self.common:
            return True
        if word in self.names:
            return False
        if "-" in small:
            return all(part in self.common for part in small.split("-"))
        return stem(small) in self.stems

    def is_first_name(self, word: str) -> bool:
        """True for a first name, and for a double one (Jean-Luc)."""
        return word in self.men or word in self.women or word.partition("-")[0] in self.men

    def gender(self, word: str) -> str:
        """m, f, or nothing where it is not known."""
        head = word.partition("-")[0]
        if head in self.men:
            return "m"
        return "f" if head in self.women else ""

    def is_place(self, phrase: str) -> bool:
        """True for a known place or nation, with a plural s (Cubans) or without."""
        return (
            phrase in self.places
            or phrase in self.nations
            or phrase.removesuffix("s") in self.nations
        )


def _ranked(words: Iterable[str]) -> dict[str, int]:
    found = (word for word in words if word.lower() not in PARTICLES)
    return {word: rank for rank, word in enumerate(dict.fromkeys(found))}
