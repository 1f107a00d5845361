"""Prompt lookup: guess the next tokens from where the last ones stood before.

In: the tokens of a sequence so far. Out: what followed the same words earlier on, to be checked by
the model in one pass (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding; Yang et al. 2023,
arXiv:2304.04487). A wrong guess costs time and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dragon.errors import InputError


@dataclass(frozen=True, slots=True)
class PromptLookup:
    """How to guess.

    Attributes:
        ngram: the last so many tokens must have stood together before.
        most: tokens guessed at once, at most; fewer after wrong guesses.
    """

    ngram: int = 2
    most: int = 10

    def __post_init__(self) -> None:
        for name in ("ngram", "most"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.")


class Guesser:
    """Guesses for one sequence; knows where each n-gram stood last.

    >>> guesser = Guesser(PromptLookup(ngram=2, most=3))
    >>> guesser.guess([5, 6, 7, 8, 9, 5, 6], 9)
    [7, 8, 9]
    """

    def __init__(self, lookup: PromptLookup) -> None:
        self.lookup = lookup
        self.guessed = self.accepted = 0
        self._length = lookup.most
        self._after: dict[tuple[int, ...], int] = {}
        self._known = lookup.ngram  # the n-grams that end before this place are in `_after`

    def guess(self, tokens: Sequence[int], room: int) -> list[int]:
        """What may follow `tokens`, at most `room` of it; empty if the last words are new."""
        n = self.lookup.ngram
        for end in range(self._known, len(tokens)):
            self._after[tuple(tokens[end - n : end])] = end
        self._known = max(self._known, len(tokens))
        place = self._after.get(tuple(tokens[len(tokens) - n :]))
        if place is None or len(tokens) < n:
            return []
        return list(tokens[place : place + min(room, self._length)])

    def learn(self, guessed: int, accepted: int) -> None:
        """Guess more after a right guess, less after a wrong one."""
        self.guessed += guessed
        self.accepted += accepted
        right = accepted == guessed
        self._length = min(self.lookup.most, 2 * self._length) if right else max(1, accepted + 1)
