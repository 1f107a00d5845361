"""The entity randomiser: the same text about other people, places, years and numbers.

In: texts that belong together (a passage, its question, its answer). Out: the same texts with every
name word and every number replaced consistently. What a model reads in training is then never true,
so that the only way to be right is to read.
"""

import random
import re

from dragon.data.names import Names

# A capitalised word or a run of digits. A possessive stays outside the match and so survives.
_TARGET = re.compile(r"\b[A-Z][^\W\d_]+\b|\d+")


class Randomizer:
    """One consistent renaming; make a new one for each document and pass.

    Args:
        names: what is a name.
        rng: source of randomness; the same seed renames in the same way.
        invented: share of names replaced by invented words rather than real ones.

    >>> names = Names({"Anna": "first", "Paris": "place"},
    ...     {"first": ["Ida"], "place": ["Oslo"], "other": []})
    >>> rename = Randomizer(names, random.Random(0), invented=0.0)
    >>> rename("Anna's house in Paris"), rename("Is Anna at home?")
    ("Ida's house in Doslo", 'Is Ida at home?')
    """

    def __init__(self, names: Names, rng: random.Random, invented: float = 0.4) -> None:
        self._names = names
        self._rng = rng
        self._invented = invented
        self._known: dict[str, str] = {}
        self._years = rng.choice([-1, 1]) * rng.randint(3, 60)

    def __call__(self, text: str) -> str:
        """The text under this renaming."""
        return _TARGET.sub(self._replace, text)

    @property
    def mapping(self) -> dict[str, str]:
        """What has been replaced by what so far."""
        return dict(self._known)

    def _replace(self, match: re.Match[str]) -> str:
        word = match.group()
        if word not in self._known:
            self._known[word] = self._number(word) if word[0].isdigit() else self._name(word)
        return self._known[word]

    def _name(self, word: str) -> str:
        kind = self._names.kind(word)
        if kind is None:
            return word
        for _ in range(5):
            other = self._names.substitute(word, kind, self._rng, self._invented)
            if other not in self._known.values():
                break
        return other

    def _number(self, digits: str) -> str:
        if len(digits) == 4 and "1000" <= digits <= "2029":
            # One shift for all years keeps their order and the spans between them; a year stays
            # one.
            return str(max(1000, int(digits) + self._years))
        if len(digits) == 1:
            return str(self._rng.randint(2, 9)) if digits not in "01" else digits
        if len(digits) == 2 and "10" <= digits <= "31":
            return str(self._rng.randint(10, 28))  # may be a day of a month, and must stay one
        head = self._rng.choice("123456789") if digits[0] != "0" else "0"
        return head + "".join(self._rng.choice("0123456789") for _ in digits[1:])
