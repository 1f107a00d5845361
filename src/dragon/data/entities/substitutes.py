"""What to call things instead: real names shuffled, and invented ones that are never used up.

In: a word, what it names, a source of randomness. Out: another word of the same kind that takes the
same article (a or an), with the same capitals.
"""

import random
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from dragon.data.entities.lexicon import Lexicon
from dragon.data.entities.words import countries
from dragon.data.names import Names, invent

Role = Literal["man", "woman", "first", "surname", "place", "org", "title", "coined"]

_ENDINGS: dict[str, Sequence[str]] = {
    "man": ("o", "an", "us", "in", "ard", "el", "or", ""),
    "woman": ("a", "ia", "elle", "ina", "a", "eth", "ine"),
    "first": ("", "is", "en"),
    "surname": ("son", "er", "ski", "ez", "ov", "sen", "i", "mann", "ley", "", "", "well"),
    "place": ("ton", "berg", "ville", "ia", "ford", "holm", "mouth", "", "", "stead", "ara"),
    "org": ("", "", "ex", "on", "ium"),
    "coined": ("", "", "ix", "on"),
}
# What makes an adjective or a follower of a name: kept, because grammar hangs on it.
DERIVED = (
    "shire",
    "ians",
    "ian",
    "ish",
    "ese",
    "isms",
    "ism",
    "ists",
    "ist",
    "ites",
    "ite",
    "esque",
)
# For words of titles and of organisations that are ordinary words with a capital.
TITLE_WORDS = (
    "Amber Anchor Arrow Autumn Bridge Bronze Candle Castle Cedar Circle Copper Crown Crystal Dawn "
    "Desert Eagle Ember Evening Falcon Feather Fern Forest Frost Garden Glass Golden "
    "Granite Harbour Hollow Horizon Iron Island Juniper Lantern Leather "
    "Linen Maple Marble Meadow Mirror Morning Oak Ocean Olive "
    "Orchard Paper Pearl Pebble Pepper Pilot Prairie Raven River Salt "
    "Scarlet Shadow Silent Silver Spring Stone Stormy Summer Thunder Timber Umber "
    "Acorn Island Engine Arch Valley Velvet Violet Walnut Willow Window Winter Wooden Yellow"
).split()
# Written with a vowel first, said with a consonant: European, Ugandan, Utah, one.
_SAID_OTHERWISE = re.compile(r"Eu|U(?:[gkst]|ni|ra|ru)|One\b|Oui")


class Pools:
    """Real substitutes of each role, by whether they take `an`.

    Args:
        lexicon: lists of people and places.
        names: substitutes that a corpus gave, or None.
    """

    def __init__(self, lexicon: Lexicon, names: Names | None = None) -> None:
        extra = names.pools if names else {}
        single = [place for place in lexicon.place_words if place not in lexicon.nations]
        lists: dict[Role, Iterable[str]] = {
            "man": list(lexicon.men)[:800],
            "woman": list(lexicon.women)[:800],
            "first": [*list(lexicon.men)[:500], *list(lexicon.women)[:500]],
            "surname": lexicon.surnames,
            "place": [*sorted(single), *extra.get("place", ())],
            "org": [*lexicon.surnames, *extra.get("other", ())],
            "coined": extra.get("other", ()),
            "title": TITLE_WORDS,
        }
        self._words: dict[tuple[Role, bool], list[str]] = {}
        for role, words in lists.items():
            for word in dict.fromkeys(words):
                if word.isalpha():
                    self._words.setdefault((role, takes_an(word)), []).append(word)
        self._countries = countries()

    def real(self, role: Role, vowel: bool, rng: random.Random, initial: str = "") -> str | None:
        """A real word, one that begins with a letter if that is asked for; None without any."""
        words = self._words.get((role, vowel), [])
        if initial:
            words = [word for word in words if word[0] == initial]
        return rng.choice(words) if words else None

    def nation(self, word: str, rng: random.Random) -> tuple[dict[str, str], str]:
        """Another nation's country, adjective and people for this one's, and the word itself."""
        row = next((r for r in self._countries if word in r or word.removesuffix("s") in r), None)
        if row is None:
            return {}, ""
        fits = [
            other
            for other in self._countries
            if other is not row
            and takes_an(other[0]) == takes_an(row[0])
            and takes_an(other[1]) == takes_an(row[1])
            and (other[2] != other[1]) == (row[2] != row[1])
        ]
        other = rng.choice(fits or [r for r in self._countries if r is not row])
        table = dict(zip(row, other, strict=True))
        table[f"{row[2]}s"] = (
            other[2] if other[2].endswith(("ese", "sh", "ch", "s")) else f"{other[2]}s"
        )
        return table, table.get(word, other[1])


def takes_an(word: str) -> bool:
    """Whether `an` stands before a word.

    >>> takes_an("Austrian"), takes_an("European"), takes_an("Norwegian")
    (True, False, False)
    """
    return word[0].upper() in "AEIOU" and not _SAID_OTHERWISE.match(word.capitalize())


def derived(word: str) -> str:
    """The ending that makes a word an adjective, a follower or a county; empty if it has none.

    >>> derived("Keynesian"), derived("Ian")
    ('ian', '')
    """
    return next((e for e in DERIVED if word.lower().endswith(e) and len(word) > len(e) + 2), "")


def invented(role: Role, vowel: bool, rng: random.Random, length: int, initial: str = "") -> str:
    """A word of syllables that exists nowhere, with an ending of its role.

    >>> invented("place", True, random.Random(1), 6)[0] in "AEIOU"
    True
    """
    stem = invent(rng, syllables=2 if length < 8 else 3)
    if vowel:
        stem = stem.lstrip("BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz").capitalize() or "Ae"
    ending = rng.choice(_ENDINGS.get(role, ("",)))
    if ending and stem[-1] in "aeiou" and ending[0] in "aeiou":
        stem = stem.rstrip("aeiou") if len(stem.rstrip("aeiou")) > 1 else stem[:2] + "n"
    word = (stem + ending).capitalize()
    if vowel and not takes_an(word):
        word = f"A{word[1:]}"
    return initial + word[1:].lower() if initial else word
