"""What has been read before is found, as much of it as there is, until it is dropped."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.engine.serving.prefix_cache import BLOCK, PrefixCache, common
from dragon.engine.session import Session
from tests.engine.serving.cores import model

tokens = st.lists(st.integers(0, 1), min_size=1, max_size=70)


def read(ids: list[int]) -> Session:
    """A session as if it had read these tokens."""
    session = Session(model().network)
    session._ids[: len(ids)] = ids
    session.length = len(ids)
    return session


@settings(max_examples=30)
@given(st.lists(tokens, max_size=6), tokens)
def test_the_longest_common_beginning_is_found(texts: list[list[int]], prompt: list[int]) -> None:
    """To the block; what it goes on with may stand in another one."""
    cache = PrefixCache()
    for text in texts:
        cache.keep(read(text))
    session, count = cache.match(prompt)
    ids = read(prompt[:-1]).ids
    longest = max((common(read(text).ids, ids) for text in texts), default=0)
    assert count // BLOCK == longest // BLOCK
    assert count == 0 or (session is not None and count == common(session.ids, ids))


def test_the_least_recently_used_is_dropped_first() -> None:
    cache = PrefixCache()
    sessions = [read([i] * 20) for i in range(3)]
    assert all(cache.keep(session) for session in sessions)
    assert cache.match([0] * 30) == (sessions[0], 20)
    assert [cache.drop_oldest() for _ in range(4)] == [sessions[1], sessions[2], sessions[0], None]
    assert cache.match([0] * 30) == (None, 0)


def test_nothing_is_kept_twice() -> None:
    cache = PrefixCache()
    assert cache.keep(read([1] * 40))
    assert not cache.keep(read([1] * 40))
    assert not cache.keep(read([1] * 20))
    assert not cache.keep(read([2] * 5))  # less than a block
    assert cache.keep(read([1] * 60))
    assert len(cache.kept) == 2


def test_a_running_session_is_found_and_not_dropped() -> None:
    cache, session = PrefixCache(), read([1] * 40)
    cache.enter(session)
    assert cache.match([1] * 41) == (session, 40)
    assert cache.drop_oldest() is None
    cache.forget(session)
    assert cache.match([1] * 41) == (None, 0)
