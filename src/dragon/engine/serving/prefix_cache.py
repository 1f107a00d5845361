"""Finds what has been read before: sequences by the tokens that they begin with.

In: the tokens of a new prompt. Out: a sequence whose first tokens are the same, to be forked. Every
full block of 16 tokens is entered under a hash of all tokens up to its end, so that a look-up costs
one step a block; a match is compared token by token, so that equal hashes do no harm.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice

import numpy as np

from dragon.engine.embedding import Ids
from dragon.engine.session import Session

BLOCK = 16  # tokens; shorter common beginnings are not worth a fork


class PrefixCache:
    """Sessions of running sequences, and those kept after their end until room is needed.

    Attributes:
        kept: sessions of ended sequences, least recently used first.
    """

    def __init__(self) -> None:
        self.kept: OrderedDict[int, Session] = OrderedDict()  # by id()
        self._blocks: dict[int, dict[int, Session]] = {}
        self._entered: dict[int, list[int]] = {}

    def match(self, tokens: Sequence[int]) -> tuple[Session | None, int]:
        """The session that shares the most first tokens, and how many.

        Args:
            tokens: [T] of a prompt; its last one is never counted, because its logits are needed.
        """
        ids = np.asarray(tokens[:-1], np.int32)
        found: Session | None = None
        for key in _hashes(ids):
            sessions = self._blocks.get(key)
            if not sessions:
                break
            found = next(reversed(sessions.values()))
        count = common(found.ids, ids) if found else 0
        if found is None or count < BLOCK:
            return None, 0
        if id(found) in self.kept:
            self.kept.move_to_end(id(found))
        return found, count

    def enter(self, session: Session) -> None:
        """Make what a session has read findable, beyond what was so before."""
        entered = self._entered.setdefault(id(session), [])
        for key in islice(_hashes(session.ids), len(entered), None):
            self._blocks.setdefault(key, {})[id(session)] = session
            entered.append(key)

    def keep(self, session: Session) -> bool:
        """Keep a session whose sequence has ended, if it holds a block that no other one does."""
        self.enter(session)
        entered = self._entered[id(session)]
        if not entered or len(self._blocks[entered[-1]]) > 1:
            return False
        self.kept[id(session)] = session
        return True

    def forget(self, session: Session) -> None:
        """Make a session unfindable."""
        self.kept.pop(id(session), None)
        for key in self._entered.pop(id(session), ()):
            del self._blocks[key][id(session)]
            if not self._blocks[key]:
                del self._blocks[key]

    def drop_oldest(self) -> Session | None:
        """Forget the kept session that was used least recently, and return it."""
        session = next(iter(self.kept.values()), None)
        if session is not None:
            self.forget(session)
        return session


def common(one: Ids, other: Ids) -> int:
    """First tokens in which two sequences agree.

    >>> common(np.array([1, 2, 3], np.int32), np.array([1, 2, 4, 5], np.int32))
    2
    """
    count = min(len(one), len(other))
    different = np.flatnonzero(one[:count] != other[:count])
    return int(different[0]) if len(different) else count


def _hashes(ids: Ids) -> list[int]:
    """A hash of all tokens up to the end of each full block."""
    hashes, last = [], 0
    for end in range(BLOCK, len(ids) + 1, BLOCK):
        last = hash((last, ids[end - BLOCK : end].tobytes()))
        hashes.append(last)
    return hashes
