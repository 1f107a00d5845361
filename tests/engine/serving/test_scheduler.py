"""Who is read next: order, fairness, memory, shared beginnings; without a thread or a network."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.engine.serving import Request, Stream
from dragon.engine.serving.memory import Memory
from dragon.engine.serving.scheduler import PATIENCE, Scheduler
from dragon.engine.serving.sequence import Sequence
from dragon.engine.session import read_together
from tests.engine.serving.cores import model

NETWORK = model().network
CHUNK_BYTES = Memory(NETWORK, 0).chunk_bytes


class Queue:
    """A scheduler and what comes and goes."""

    def __init__(self, chunks: int = 100, most: int = 64, sequences: int = 4) -> None:
        self.scheduler = Scheduler(Memory(NETWORK, chunks * CHUNK_BYTES), most, sequences)
        self.ended: list[Sequence] = []
        self.count = 0

    def add(self, prompt: list[int], max_tokens: int = 3, priority: int = 0) -> Sequence:
        request = Request(prompt, max_tokens, priority=priority)
        sequence = Sequence(Stream(request, lambda _: None), NETWORK, None, None)
        sequence.rank = (-priority, self.count)
        self.count += 1
        self.scheduler.add(sequence)
        return sequence

    def step(self) -> list[tuple[Sequence, int]]:
        """One step; which sequence read how many tokens."""
        work = self.scheduler.plan()
        memory = self.scheduler.memory
        assert memory.used <= memory.total
        if work:
            for (sequence, piece), logits in zip(
                work, read_together([piece for _, piece in work]), strict=True
            ):
                sequence.take(logits)
                self.scheduler.settle(sequence, piece)
                if sequence.writer.finish_reason:
                    self.ended.append(sequence)
        return [(sequence, len(piece.ids)) for sequence, piece in work]

    def run(self) -> None:
        while self.step():
            pass


def test_long_prompts_are_read_beside_what_is_written() -> None:
    queue = Queue(most=16)
    writing = queue.add([1, 2], 30)
    queue.step()
    long = queue.add(list(range(40)))
    assert [queue.step() for _ in range(3)] == [
        [(writing, 1), (long, 15)],
        [(writing, 1), (long, 15)],
        [(writing, 1), (long, 10)],
    ]


def test_first_come_first_served_within_a_priority() -> None:
    queue = Queue(sequences=1)
    low = [queue.add([i]) for i in range(3)]
    high = [queue.add([i], priority=1) for i in range(3)]
    queue.run()
    assert queue.ended == high + low


def test_nobody_starves() -> None:
    queue = Queue(sequences=1)
    patient = queue.add([1], priority=-5)
    while patient not in queue.ended:
        queue.add([2], 1, priority=9)
        queue.step()
        assert queue.count < 5 * PATIENCE


def test_the_last_one_makes_room_and_comes_back() -> None:
    queue = Queue(chunks=3)
    sequences = [queue.add([i] * 60, 10) for i in range(3)]
    queue.run()
    assert queue.scheduler.preemptions > 0
    assert queue.ended[0] is sequences[0]
    assert sorted(s.number for s in queue.ended) == [0, 1, 2]


def test_twins_wait_for_the_first_to_read_their_beginning() -> None:
    queue = Queue(most=32)
    twins = [queue.add([5] * 50 + [i]) for i in range(3)]
    assert queue.step() == [(twins[0], 32)]
    assert queue.step() == [(twins[0], 19)]
    assert queue.step() == [(twins[0], 1), (twins[1], 1), (twins[2], 1)]


def test_what_was_read_is_given_up_for_the_living() -> None:
    queue = Queue(chunks=2)
    queue.add([1] * 64)
    queue.run()
    assert queue.scheduler.memory.used == 2
    queue.add([2] * 60, 40)
    queue.run()
    assert len(queue.ended) == 2


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 2), min_size=1, max_size=100), st.integers(0, 2)),
        min_size=1,
        max_size=8,
    ),
    st.integers(2, 4),
)
def test_everything_ends_within_the_budget(orders: list, chunks: int) -> None:
    queue = Queue(chunks=chunks, most=24)
    for prompt, priority in orders:
        queue.add(prompt, 10, priority)
        queue.step()
    queue.run()
    assert len(queue.ended) == len(orders)
    queue.scheduler.drop_prefixes()
    assert queue.scheduler.memory.used == 0
