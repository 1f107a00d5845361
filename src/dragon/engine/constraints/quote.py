"""What stands between quotation marks is a substring of a passage, whatever the model prefers.

In: passages as token ids, and the tokens that open and close a quote. Out: a constraint. A quote is
made of whole tokens of one passage, in their order and without a gap.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from dragon.engine.constraints.base import Allowed
from dragon.engine.constraints.suffix_array import Place, SuffixArray
from dragon.errors import InputError

if TYPE_CHECKING:
    from dragon.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Marks:
    """The tokens of a vocabulary that have to do with quoting.

    Attributes:
        opening: after one of these a quote begins; none of them: the whole answer is one quote.
        closing: end a quote that holds a token at least.
        forbidden: may stand neither outside nor inside a quote, because they would spell a mark
            where none is meant.
    """

    opening: frozenset[int]
    closing: frozenset[int]
    forbidden: frozenset[int] = frozenset()


def marks_of(tokenizer: "Tokenizer", mark: str = '"') -> Marks:
    """The marks of a vocabulary in which one character opens and closes quotes.

    A token that ends with the character opens, one that begins with it closes (the token `".`
    closes and adds a full stop); a token with the character elsewhere, or twice, is forbidden.

    Raises:
        InputError: if the vocabulary has no token that spells the character alone.
    """
    sign = mark.encode()
    opening, closing, forbidden = set(), set(), set()
    for id in range(tokenizer.vocab_size):
        piece = tokenizer.piece(id)
        if sign not in piece:
            continue
        once = piece.count(sign) == 1
        if once and piece.endswith(sign):
            opening.add(id)
        if once and piece.startswith(sign):
            closing.add(id)
        if not (once and (piece.endswith(sign) or piece.startswith(sign))):
            forbidden.add(id)
    if not opening & closing:
        raise InputError(f"No token spells the quotation mark {mark!r}.", "Use another one.")
    return Marks(frozenset(opening), frozenset(closing), frozenset(forbidden))


class QuoteConstraint:
    """Quotes are substrings of passages; around them everything may be written.

    Inside a quote a mark always closes: passages are cut where a token of theirs contains one, and
    nothing is quoted across it.

    Args:
        passages: token ids of each.
        vocab_size: of the model.
        marks: what opens and closes a quote.

    Raises:
        InputError: if there is nothing to quote, or nothing that closes a quote.
    """

    def __init__(self, passages: Iterable[Sequence[int]], vocab_size: int, marks: Marks) -> None:
        self.marks = marks
        special = marks.opening | marks.closing | marks.forbidden
        parts = [part for passage in passages for part in _without(passage, special)]
        if not parts:
            raise InputError("The passages hold no token to quote.", "Give some text.")
        if not marks.closing:
            raise InputError("No token closes a quote.", "Name one at least.")
        self.substrings = SuffixArray(parts)
        largest = int(self.substrings.following(self.substrings.root)[-1])
        if largest >= vocab_size:
            raise InputError(
                f"A passage holds token {largest}; the vocabulary has {vocab_size}.",
                "Use the tokenizer of this model.",
            )
        self.closing = np.array(sorted(marks.closing), np.int32)
        self.outside = np.ones(vocab_size, np.bool_)
        self.outside[list((marks.closing | marks.forbidden) - marks.opening)] = False

    def start(self) -> "QuoteMatcher":
        """A new answer: outside a quote, or inside where the whole answer is one."""
        return QuoteMatcher(self)


class QuoteMatcher:
    """One answer under a `QuoteConstraint`; `place` is None outside a quote."""

    def __init__(self, constraint: QuoteConstraint) -> None:
        self._constraint = constraint
        self._substrings = constraint.substrings
        self._whole = not constraint.marks.opening
        self.place: Place | None = self._substrings.root if self._whole else None
        self.finished = False

    def allowed(self) -> Allowed:
        """Outside anything but stray marks; inside what goes on in a passage, or closes."""
        if self.place is None:
            return self._constraint.outside
        following = self._substrings.following(self.place)
        if self.place == self._substrings.root:
            return following
        return np.concatenate((following, self._constraint.closing))

    def advance(self, token: int) -> None:
        """Go on with an allowed token."""
        marks = self._constraint.marks
        if self.place is None:
            self.place = self._substrings.root if token in marks.opening else None
        elif token in marks.closing:
            self.place, self.finished = None, self._whole
        else:
            self.place = self._substrings.step(self.place, token)


def _without(passage: Sequence[int], cut: Collection[int]) -> list[list[int]]:
    """The parts of a passage between tokens that are to be cut out."""
    return [list(part) for out, part in groupby(map(int, passage), cut.__contains__) if not out]
