"""Rules that what is written obeys: token by token, whatever the model prefers.

In: the tokens written so far. Out: the tokens that may come next.
"""

from dragon.engine.constraints.base import Allowed, Constraint, Matcher

__all__ = ["Allowed", "Constraint", "Matcher"]
