"""The ledger says what the caches do, before they do it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.serving.memory import Memory, chunk_bytes
from dragon.engine.session import Piece, Session, read_together
from tests.engine.models import engine, needs_native
from tests.engine.serving.cores import CONTEXT, KERNELS, model

steps = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 100)), max_size=12)


@needs_native
@settings(max_examples=15)
@given(steps)
def test_every_session_holds_what_the_ledger_says(orders: list[tuple[int, int]]) -> None:
    """Reading, forking, forgetting in any order."""
    network = model(KERNELS[-1]).network
    memory = Memory(network, 10**9)
    sessions = [Session(network)]
    for kind, amount in orders:
        session = sessions[amount % len(sessions)]
        if kind < 5 and session.length + amount <= CONTEXT:
            before, need = memory.used, memory.growth(session, amount)
            memory.grow(session, amount)
            assert memory.used - before == need
            read_together([Piece(session, np.zeros(amount, np.int32), 0, 0)])
        elif kind < 8 and session.length:
            sessions.append(session.fork(min(amount, session.length)))
            memory.fork(session, sessions[-1])
        else:
            session.truncate(min(amount, session.length))
            memory.trim(session)
        for each in sessions:
            assert memory.held_by([each]) * chunk_bytes(network) == each.nbytes
    assert memory.used == memory.held_by(sessions)
    for session in sessions:
        memory.give_back(session)
    assert memory.used == 0


def test_a_model_without_blocks_takes_no_room() -> None:
    config = ModelConfig(13, 8, 8, 0, 2, 2, CONTEXT, reader_features=(20,), reader_head="recurrent")
    memory = Memory(engine(config, "numpy").network, 100)
    assert memory.total == 100


def test_a_chunk_of_two_owners_counts_once() -> None:
    memory = Memory(model().network, 10**9)
    one = Session(memory_network := model().network)
    assert memory_network is one.network
    memory.grow(one, 100)
    one.length = 100
    other = Session(one.network)
    other.length = 70
    memory.fork(one, other)
    assert (memory.used, memory.held_by([one]), memory.held_by([other])) == (2, 2, 2)
    assert memory.growth(other, 1) == 1  # the half-full chunk is copied before it is written to
    memory.give_back(one)
    assert (memory.used, memory.growth(other, 1)) == (2, 0)
