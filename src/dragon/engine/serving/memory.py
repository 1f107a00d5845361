"""The budget of key/value memory: who holds which chunks, and what a step would add.

A cache is made of chunks of 64 tokens, shared between forks and copied before they are written to
(native/cache.hpp). The ledger mirrors that, so that it can tell beforehand what a step costs and
counts a shared chunk once. The NumPy kernels copy instead, and take more than it says.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import count

import numpy as np

from dragon.engine.session import Network, Piece, Session, read_together

CHUNK = 64  # tokens, as in native/cache.hpp


def chunks_of(tokens: int) -> int:
    """Chunks that hold so many tokens.

    >>> chunks_of(64), chunks_of(65)
    (1, 2)
    """
    return -(-tokens // CHUNK)


def chunk_bytes(network: Network) -> int:
    """Bytes of a chunk: a token is read to see, because the format is the body's own affair."""
    session = Session(network)
    read_together([Piece(session, np.zeros(1, np.int32), 1, 0)])
    return max(1, session.nbytes)  # without blocks nothing is kept


class Memory:
    """What sessions hold.

    Args:
        network: of the sessions.
        budget: bytes that they may hold together.

    Attributes:
        chunk_bytes: of one chunk.
        total: chunks within the budget.
    """

    def __init__(self, network: Network, budget: int) -> None:
        self.chunk_bytes = chunk_bytes(network)
        self.total = max(0, budget) // self.chunk_bytes
        self._held: dict[int, list[int]] = {}  # chunks of a session, by its id()
        self._owners: Counter[int] = Counter()
        self._numbers = count()

    @property
    def used(self) -> int:
        """Chunks that some session holds."""
        return len(self._owners)

    @property
    def free(self) -> int:
        """Chunks that nobody holds."""
        return self.total - self.used

    def held_by(self, sessions: Iterable[Session]) -> int:
        """Chunks that some of these sessions hold."""
        return len({chunk for session in sessions for chunk in self._held.get(id(session), ())})

    def growth(self, session: Session, tokens: int) -> int:
        """New chunks if a session reads so many tokens more."""
        held = self._held.get(id(session), ())
        end = chunks_of(session.length + tokens)
        need = max(0, end - len(held))
        for chunk in held[session.length // CHUNK : end]:
            need += self._owners[chunk] > 1
        return need

    def grow(self, session: Session, tokens: int) -> None:
        """Note that a session is about to read so many tokens."""
        held = self._held.setdefault(id(session), [])
        end = chunks_of(session.length + tokens)
        for place in range(session.length // CHUNK, min(end, len(held))):
            if self._owners[held[place]] > 1:
                self._release([held[place]])
                held[place] = self._new()
        held.extend(self._new() for _ in range(end - len(held)))

    def fork(self, session: Session, other: Session) -> None:
        """Note that `other` has been made of the first tokens of `session`."""
        held = self._held[id(session)][: chunks_of(other.length)]
        self._held[id(other)] = held
        self._owners.update(held)

    def trim(self, session: Session) -> None:
        """Note that a session has forgotten tokens."""
        held = self._held.get(id(session), [])
        if (end := chunks_of(session.length)) < len(held):
            self._release(held[end:])
            del held[end:]

    def give_back(self, session: Session) -> None:
        """Note that a session is gone."""
        self._release(self._held.pop(id(session), []))

    def _new(self) -> int:
        number = next(self._numbers)
        self._owners[number] = 1
        return number

    def _release(self, chunks: Iterable[int]) -> None:
        for chunk in chunks:
            self._owners[chunk] -= 1
            if not self._owners[chunk]:
                del self._owners[chunk]
