"""Rules that what is written obeys: token by token, whatever the model prefers.

In: the tokens written so far. Out: the tokens that may come next.
"""

from dragon.engine.constraints.base import Allowed, Constraint, Matcher
from dragon.engine.constraints.grammar import GrammarCompiler
from dragon.engine.constraints.quote import Marks, QuoteConstraint, marks_of

__all__ = [
    "Allowed",
    "Constraint",
    "GrammarCompiler",
    "Marks",
    "Matcher",
    "QuoteConstraint",
    "marks_of",
]
