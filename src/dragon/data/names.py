"""Which words are names, and what to call them instead.

In: counts of word forms over a corpus, lists of first names and places. Out: a kind for each word
(first name, place, other name, or none), real substitutes of each kind,
and invented words of syllables.

A word is a name where it stands with a capital far more often than without: no tagger is needed.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dragon.text.words import STOP_WORDS, WORD

Kind = Literal["first", "place", "other"]

CALENDAR = frozenset(
    "january february march april may june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)
TITLES = frozenset("mr mrs ms dr prof sir lady lord king queen president saint st i".split())
_ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sh sk st t th tr v w y z".split()
_VOWELS = "a e i o u ai ea ia oo ou".split()
_CODAS = ["", "", "", "l", "n", "r", "s", "m", "nd", "rd", "sk", "th", "x", "ck"]


@dataclass(frozen=True, slots=True)
class Names:
    """What the randomiser knows about names.

    Attributes:
        kinds: kind of each known name word, by its capitalised form.
        pools: real substitutes of each kind.
    """

    kinds: dict[str, Kind]
    pools: dict[Kind, list[str]]

    def kind(self, word: str) -> Kind | None:
        """The kind of a word, None if it is no name."""
        return self.kinds.get(word)

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps({"kinds": self.kinds, "pools": self.pools}), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Names":
        """Read what `save` wrote."""
        return cls(**json.loads(path.read_text("utf-8")))


def invent(rng: random.Random, syllables: int = 2) -> str:
    """A pronounceable word that exists nowhere, capitalised.

    >>> invent(random.Random(3)) == invent(random.Random(3))
    True
    """
    parts = [rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(syllables)]
    return ("".join(parts) + rng.choice(_CODAS)).capitalize()


def learn_names(
    texts: Iterable[str], first_names: Iterable[str], places: Iterable[str], minimum: int = 3
) -> Names:
    """Learn from a corpus which capitalised words are names.

    Args:
        texts: running text.
        first_names, places: lists of known names; only those that the corpus shows are used.
        minimum: fewest occurrences of a name that may serve as a substitute.
    """
    capitals: Counter[str] = Counter()
    lowers: Counter[str] = Counter()
    for text in texts:
        for word in WORD.findall(text):
            if word[0].isupper():
                capitals[word] += 1
            else:
                lowers[word.casefold()] += 1
    firsts = {name for name in first_names if " " not in name}
    spots = {part for name in places for part in name.split() if part[:1].isupper()}
    kinds: dict[str, Kind] = {}
    for word, count in capitals.items():
        if _is_name(word, count, lowers[word.casefold()]):
            kinds[word] = "first" if word in firsts else "place" if word in spots else "other"
    pools: dict[Kind, list[str]] = {"first": [], "place": [], "other": []}
    for word, kind in kinds.items():
        if capitals[word] >= minimum and word.isalpha() and not word.isupper() and len(word) > 2:
            pools[kind].append(word)
    return Names(kinds, pools)


def _is_name(word: str, capital: int, lower: int) -> bool:
    folded = word.casefold()
    if folded in STOP_WORDS or folded in CALENDAR or folded in TITLES or len(word) < 2:
        return False
    return capital > 2 * lower and not (lower > 20 and capital < 20 * lower)
