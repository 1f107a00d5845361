"""What a constraint is to the engine: a rule that can be started, and a state of it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Which tokens may come next: everything, a truth value for each [V], or the ids themselves [n].
Allowed = NDArray[np.bool_] | NDArray[np.int32] | None


class Matcher(Protocol):
    """One sequence on its way through a constraint."""

    def allowed(self) -> Allowed:
        """Tokens that may come next; never none of them unless `finished`."""
        ...

    def advance(self, token: int) -> None:
        """Go on with a token that was allowed."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the text is complete and nothing can follow."""
        ...


class Constraint(Protocol):
    """A rule; compiled once, shared by any number of sequences."""

    def start(self) -> Matcher:
        """A new sequence under this rule."""
        ...
