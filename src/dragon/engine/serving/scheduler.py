"""Who is read next: continuous batching under a budget of memory and of tokens a step.

In: sequences that come and go. Out: for each step, pieces of several sequences. The order of
service is the rank: greater priority first, then arrival. Every eighth admission goes to whoever
has waited longest and keeps the first rank from then on, so that nobody starves.
"""

from bisect import insort

from dragon.engine.serving.memory import CHUNK, Memory, chunks_of
from dragon.engine.serving.prefix_cache import BLOCK, PrefixCache, common
from dragon.engine.serving.sequence import Sequence
from dragon.engine.session import Piece, Session

PATIENCE = 8  # every so many admissions, one goes to the longest waiting
Work = list[tuple[Sequence, Piece]]


class Scheduler:
    """Keeps the sequences and their memory.

    Args:
        memory: the budget.
        max_batch_tokens: tokens in one step; a prompt that cannot be cut may exceed it.
        max_sequences: sequences that run together.

    Attributes:
        running: sequences that hold keys and values, by rank.
        waiting: the others, by rank.
    """

    def __init__(self, memory: Memory, max_batch_tokens: int, max_sequences: int) -> None:
        self.memory = memory
        self.prefixes = PrefixCache()
        self.max_batch_tokens = max_batch_tokens
        self.max_sequences = max_sequences
        self.running: list[Sequence] = []
        self.waiting: list[Sequence] = []
        self.preemptions = self.prefix_hits = self.prefix_tokens = 0
        self._admitted = 0

    def add(self, sequence: Sequence) -> None:
        """Let a sequence wait for its turn."""
        insort(self.waiting, sequence, key=lambda s: s.rank)

    def remove(self, sequence: Sequence, *, keep: bool) -> None:
        """A sequence has ended.

        Args:
            sequence: running or waiting; one that is neither is left alone.
            keep: its tokens may be of use to others.
        """
        if sequence in self.waiting:
            self.waiting.remove(sequence)
        if sequence in self.running:
            self.running.remove(sequence)
            self._let_go(sequence, keep=keep)

    def plan(self) -> Work:
        """The pieces of the next step; their memory is booked. Empty if nothing is to be done."""
        work: Work = []
        writing = [s for s in self.running if s.writer.pending == 1]
        reading = [s for s in self.running if s.writer.pending > 1]
        room = self.max_batch_tokens
        for left, sequence in zip(range(len(writing), 0, -1), writing, strict=True):
            room -= self._plan_one(work, sequence, max(1, (room - len(reading)) // left))
        for sequence in reading:
            if room > 0:
                room -= self._plan_one(work, sequence, room)
        while room > 0 and (admitted := self._admit()):
            tokens = self._plan_one(work, admitted, room)
            if not tokens:
                break
            room -= tokens
        return work

    def settle(self, sequence: Sequence, piece: Piece) -> None:
        """After a piece has been read and what follows it was written."""
        self.memory.trim(piece.session)
        if sequence.writer.finish_reason:
            self.remove(sequence, keep=True)
        elif piece.wanted and len(piece.ids) > 1 and sequence.writer.can_be_cut:
            self.prefixes.enter(piece.session)

    def drop_prefixes(self) -> None:
        """Forget what ended sequences have read."""
        while self._drop_oldest():
            pass

    def _plan_one(self, work: Work, sequence: Sequence, limit: int) -> int:
        """Add a piece of a running sequence; returns its tokens, 0 if there is no room for it."""
        if sequence not in self.running:  # preempted for an earlier one
            return 0
        piece = sequence.writer.piece(limit)
        while (need := self.memory.growth(piece.session, len(piece.ids))) > self.memory.free:
            if self._drop_oldest():
                continue
            least = sequence.writer.pending
            if piece.wanted > 1:  # guesses are not worth another's place
                piece = sequence.writer.piece(least)
                continue
            victim = self.running[-1]
            assert need <= self.memory.total
            self._preempt(victim)
            work[:] = [(other, p) for other, p in work if other is not victim]
            if victim is sequence:
                return 0
        if need:
            self.memory.grow(piece.session, len(piece.ids))
        work.append((sequence, piece))
        return len(piece.ids)

    def _preempt(self, sequence: Sequence) -> None:
        self.preemptions += 1
        self.running.remove(sequence)
        self._let_go(sequence, keep=False)
        self.add(sequence)

    def _let_go(self, sequence: Sequence, *, keep: bool) -> None:
        session, sequence.writer.session = sequence.writer.session, None
        if session is None:
            return
        if keep and sequence.writer.can_be_cut and self.prefixes.keep(session):
            return
        self.prefixes.forget(session)
        self.memory.give_back(session)

    def _drop_oldest(self) -> bool:
        session = self.prefixes.drop_oldest()
        if session is not None:
            self.memory.give_back(session)
        return session is not None

    def _admit(self) -> Sequence | None:
        """Move the next waiting sequence that may start to the running ones."""
        if len(self.running) >= self.max_sequences:
            return None
        patient = self._admitted % PATIENCE == PATIENCE - 1
        order = sorted(self.waiting, key=lambda s: s.number) if patient else self.waiting
        for sequence in order[: self.max_sequences]:
            session, shared = self._prefix(sequence)
            if self._soon_read_by_another(sequence, shared):
                continue
            if not self._fits(sequence, session, shared):
                return None
            if patient:
                sequence.rank = (-float("inf"), sequence.number)
            self._start(sequence, session, shared)
            return sequence
        return None

    def _prefix(self, sequence: Sequence) -> tuple[Session | None, int]:
        if not sequence.writer.can_be_cut:
            return None, 0
        return self.prefixes.match(sequence.writer.tokens)

    def _soon_read_by_another(self, sequence: Sequence, shared: int) -> bool:
        """Whether a running sequence is reading more of the same prompt just now."""
        if not sequence.writer.can_be_cut:
            return False
        mine = sequence.writer.prompt
        return any(
            common(other.writer.prompt, mine[:-1]) >= shared + BLOCK
            for other in self.running
            if other.writer.pending > 1 and other.writer.can_be_cut
        )

    def _fits(self, sequence: Sequence, session: Session | None, shared: int) -> bool:
        """Whether its known tokens fit beside those of the running sequences."""
        sessions = [s.writer.session for s in self.running if s.writer.session]
        held = self.memory.held_by(sessions)
        promised = sum(self.memory.growth(s, self._to_read(s)) for s in sessions)
        need = chunks_of(len(sequence.writer.tokens))
        if session is not None and session in sessions:
            need -= shared // CHUNK
        return held + promised + need <= self.memory.total

    def _to_read(self, session: Session) -> int:
        return next(s.writer.pending for s in self.running if s.writer.session is session)

    def _start(self, sequence: Sequence, session: Session | None, shared: int) -> None:
        self.waiting.remove(sequence)
        insort(self.running, sequence, key=lambda s: s.rank)
        self._admitted += 1
        if session is None:
            return
        sequence.writer.session = session.fork(shared)
        self.memory.fork(session, sequence.writer.session)
        if not sequence.writer.written:
            sequence.stream.cached_tokens = shared
            self.prefix_hits += 1
            self.prefix_tokens += shared
