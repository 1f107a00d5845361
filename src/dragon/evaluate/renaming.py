"""The same sentences about other people: names exchanged, the same way in both of a pair.

In: the sentences of a set, to learn which names are whose from. Out: pairs under other names.

Names must keep their gender, or what was grammatical is not ("Mary hurt himself"). It is learnt
from the set itself: the name before the reflexive pronoun of a grammatical sentence.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable

from dragon.data.names import invent

PRONOUNS = frozenset("he she him her his hers himself herself".split())
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"\b[A-Z][a-z]+\b")
_REFLEXIVE = re.compile(r"^([A-Z][a-z]+)\b[^,;]*\b(himself|herself)\b")

Rename = Callable[[str, random.Random], str]


class Renamer:
    """Knows the first names of a set and whose they are.

    Args:
        sentences: grammatical ones.
        seed: of the names that are drawn.
    """

    def __init__(self, sentences: Iterable[str], seed: int = 0) -> None:
        said: dict[str, Counter[str]] = {}
        inside: set[str] = set()  # a capital within a sentence: not there for being its first word
        for sentence in sentences:
            first, *others = _NAME.findall(sentence) or [""]
            inside.update(others if sentence.startswith(first) else [first, *others])
            found = _REFLEXIVE.match(sentence)
            if found and not others:
                said.setdefault(found[1], Counter())[found[2]] += 1
        self._gender = {n: c.most_common(1)[0][0] for n, c in sorted(said.items()) if n in inside}
        self._seed = seed

    def holds_name(self, text: str) -> bool:
        """Whether a sentence holds a name whose gender is known."""
        return any(name in self._gender for name in _NAME.findall(text))

    def real(self, good: str, bad: str) -> tuple[str, str]:
        """A pair with its names exchanged for others of the set and of the same gender."""
        return self._exchanged(good, bad, self._namesake)

    def invented(self, good: str, bad: str) -> tuple[str, str]:
        """A pair with its names exchanged for words that nobody has met."""
        return self._exchanged(good, bad, lambda _, rng: invent(rng))

    def _namesake(self, name: str, rng: random.Random) -> str:
        gender = self._gender[name]
        return rng.choice(
            [n for n, g in self._gender.items() if g == gender and n != name] or [name]
        )

    def _exchanged(self, good: str, bad: str, other: Rename) -> tuple[str, str]:
        rng = random.Random(f"{self._seed} {good}")
        new: dict[str, str] = {}
        for name in _NAME.findall(f"{good} {bad}"):
            if name in self._gender and name not in new:
                drawn = (other(name, rng) for _ in range(9))
                new[name] = next((n for n in drawn if n not in new.values()), name)

        def rename(match: re.Match[str]) -> str:
            return new.get(match.group(), match.group())

        return _NAME.sub(rename, good), _NAME.sub(rename, bad)


def is_neutral(*texts: str) -> bool:
    """Whether no pronoun in the texts depends on anybody's gender.

    >>> is_neutral("Ida left."), is_neutral("Ida left.", "She left.")
    (True, False)
    """
    return not any(w.lower() in PRONOUNS for text in texts for w in _WORD.findall(text))
