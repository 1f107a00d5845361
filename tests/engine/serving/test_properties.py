"""Whatever happens around a request, it gets the text that it gets alone, and leaves no memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine.constraints import Marks, QuoteConstraint
from dragon.engine.lookup import PromptLookup
from dragon.engine.sampling import Sampling, log_probabilities
from dragon.engine.serving import Request
from tests.engine.serving.cores import (
    VOCABULARY,
    alone,
    model,
    on_every_kernels,
    prompts,
    requests,
    serving,
)

WAIT = 100  # seconds; a hang must not hang the suite


@on_every_kernels
@settings(max_examples=8)
@given(st.lists(requests, min_size=1, max_size=6), st.integers(4, 40), st.booleans())
def test_together_equals_alone(kernels: str, batch: list[Request], most: int, guess: bool) -> None:
    lookup = PromptLookup(1, 5) if guess else None
    options = {"max_batch_tokens": most, "max_sequences": 4, "lookup": lookup}
    with serving(model(kernels), **options) as core:
        streams = [core.submit(request) for request in batch]
        for request, stream in zip(batch, streams, strict=True):
            assert stream.tokens(WAIT) == alone(request, model(kernels))
            assert stream.finish_reason in ("stop", "length")
            assert stream.usage.prompt_tokens == len(request.prompt_ids)


@on_every_kernels
@settings(max_examples=5)
@given(st.lists(prompts, min_size=4, max_size=6), st.integers(0, 99))
def test_preempted_equals_uninterrupted(kernels: str, texts: list[list[int]], seed: int) -> None:
    """Each of them grows past a chunk, and only three chunks are there."""
    of = model(kernels)
    batch = [Request((t * 64)[:60], 10, Sampling(1.0, seed=seed + i)) for i, t in enumerate(texts)]
    with serving(of, chunks=3) as core:
        streams = [core.submit(request) for request in batch]
        assert [s.tokens(WAIT) for s in streams] == [alone(request, of) for request in batch]
    assert core.stats().preemptions > 0


@on_every_kernels
@settings(max_examples=5)
@given(prompts, st.lists(prompts, min_size=2, max_size=4), st.integers(0, 99))
def test_a_shared_beginning_is_read_once(
    kernels: str, system: list[int], ends: list[list[int]], seed: int
) -> None:
    of, system = model(kernels), (system * 70)[:70]
    batch = [Request(system + end, 5, Sampling(1.0, seed=seed)) for end in ends]
    with serving(of) as core:
        streams = [core.submit(request) for request in batch]
        assert [s.tokens(WAIT) for s in streams] == [alone(request, of) for request in batch]
    assert [s.usage.cached_tokens >= 70 for s in streams[1:]] == [True] * (len(ends) - 1)
    assert core.stats().prefix_hits == len(ends) - 1


@on_every_kernels
def test_a_prompt_that_has_all_been_read(kernels: str) -> None:
    of = model(kernels)
    request = Request(np.arange(64) % 7, 9)
    with serving(of) as core:
        answers = [core.submit(request).tokens(WAIT) for _ in range(3)]
        last = core.submit(request)
        assert answers == [alone(request, of)] * 3
        assert last.tokens(WAIT) == answers[0]
        assert last.usage.cached_tokens == 63  # the last one is read for its logits


@settings(max_examples=6)
@given(st.lists(st.tuples(requests, st.booleans(), st.integers(0, 3)), max_size=8))
def test_submits_and_cancels_leave_nothing(orders: list[tuple[Request, bool, int]]) -> None:
    with serving(chunks=5, max_sequences=3, max_batch_tokens=20) as core:
        streams = []
        for request, cancel, after in orders:
            stream = core.submit(request)
            streams.append(stream)
            if cancel:
                for _, _event in zip(range(after), stream, strict=False):
                    pass
                stream.cancel()
        for (request, cancel, _), stream in zip(orders, streams, strict=True):
            rest = stream.tokens(WAIT)
            if cancel:
                assert stream.finish_reason is not None
            else:
                assert rest == alone(request)
        core.close()
        assert core.stats().kv_bytes_used == 0


@pytest.mark.parametrize("attention", ["causal", "prefix"])
@pytest.mark.parametrize("pointer", [False, True])
def test_variants_of_models(attention: str, pointer: bool) -> None:
    config = ModelConfig(
        VOCABULARY,
        16,
        24,
        2,
        2,
        1,
        256,
        attention=attention,
        pointer_head=pointer,  # type: ignore[arg-type]
    )
    of = model("numpy", config)
    batch = [Request([i, *range(30)], 12) for i in range(3)] * 2
    with serving(of, chunks=3, max_batch_tokens=16, lookup=PromptLookup(1, 4)) as core:
        streams = [core.submit(request) for request in batch]
        assert [s.tokens(WAIT) for s in streams] == [alone(request, of) for request in batch]


def test_constraints_and_logprobs_of_each_request() -> None:
    quote = QuoteConstraint([[1, 2, 3, 4]], VOCABULARY, Marks(frozenset(), frozenset({9})))
    with serving() as core:
        free = core.submit(Request([5, 6], 4, logprobs=2))
        bound = [core.submit(Request([5, 6], 9, Sampling(1.0), constraint=quote)) for _ in range(3)]
        for stream in bound:
            tokens = stream.tokens(WAIT)
            assert "".join(map(str, tokens[:-1])) in "1234"
            assert (tokens[-1], stream.finish_reason) == (9, "stop")
        ids = [5, 6]
        for event in free:
            logprobs = log_probabilities(model().logits(np.array(ids))[-1])
            assert event.logprob == pytest.approx(logprobs[event.token], abs=1e-4)
            assert [i for i, _ in event.top_logprobs] == np.argsort(-logprobs)[:2].tolist()
            ids.append(event.token or 0)


def test_copies_differ_and_repeat() -> None:
    request = Request(range(40), 8, Sampling(1.0, seed=3))
    with serving() as core:
        one, other = ([s.tokens(WAIT) for s in core.submit_copies(request, 3)] for _ in range(2))
        assert one == other
        assert len({tuple(tokens) for tokens in one}) == 3
        assert one[0] == alone(request)
