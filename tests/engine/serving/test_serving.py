"""Many requests at once give what each gives alone, and leave no memory behind."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.lookup import PromptLookup
from dragon.engine.sampling import Sampling
from dragon.engine.serving import Request, ServingEngine
from dragon.engine.serving.memory import Memory
from tests.engine.models import engine

CONFIG = ModelConfig(40, 16, 24, 2, 2, 1, 256)
MODEL = engine(CONFIG, "numpy")
CHUNK_BYTES = Memory(MODEL.network, 0).chunk_bytes
PLENTY = 100 * CHUNK_BYTES


@contextmanager
def serving(model: Engine = MODEL, chunks: int = 100, **options: object) -> Iterator[ServingEngine]:
    with ServingEngine(model, memory_budget=chunks * CHUNK_BYTES, **options) as core:  # type: ignore[arg-type]
        yield core
        assert core.stats().running == core.stats().waiting == 0


def alone(request: Request, model: Engine = MODEL) -> list[int]:
    return list(
        model.generate(
            request.prompt_ids,  # type: ignore[arg-type]
            max_tokens=request.max_tokens,
            sampling=request.sampling,
            stop_ids=request.stop_ids,
        )
    )


tokens = st.lists(st.integers(0, 39), min_size=1, max_size=90)
samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 1.0]),
    top_k=st.sampled_from([0, 5]),
    seed=st.integers(0, 99),
    frequency_penalty=st.sampled_from([0.0, 0.5]),
)
requests = st.builds(
    Request,
    prompt_ids=tokens,
    max_tokens=st.integers(0, 30),
    sampling=samplings,
    stop_ids=st.sampled_from([(), (3, 4)]),
    priority=st.integers(0, 2),
)


@settings(max_examples=15)
@given(
    st.lists(requests, min_size=1, max_size=8),
    st.integers(2, 12),
    st.sampled_from([4, 16, 100]),
    st.booleans(),
)
def test_together_equals_alone(batch: list[Request], chunks: int, most: int, guess: bool) -> None:
    lookup = PromptLookup(1, 5) if guess else None
    with serving(chunks=chunks, max_batch_tokens=most, max_sequences=4, lookup=lookup) as core:
        streams = [core.submit(request) for request in batch]
        for request, stream in zip(batch, streams, strict=True):
            assert stream.tokens(timeout=60) == alone(request)
    assert core.stats().kv_bytes_used == 0
