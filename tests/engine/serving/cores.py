"""Serving cores over tiny random models, and what a request gives alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from hypothesis import strategies as st

from dragon.config import ModelConfig
from dragon.engine import Engine
from dragon.engine.kernels import native_is_built
from dragon.engine.sampling import Sampling
from dragon.engine.serving import Request, ServingEngine
from dragon.engine.serving.memory import chunk_bytes
from tests.engine.models import engine

KERNELS = ["numpy", "native"] if native_is_built() else ["numpy"]
VOCABULARY, CONTEXT = 40, 256
CONFIG = ModelConfig(VOCABULARY, 16, 24, 2, 2, 1, CONTEXT)
on_every_kernels = pytest.mark.parametrize("kernels", KERNELS)


@cache
def model(kernels: str = "numpy", config: ModelConfig = CONFIG) -> Engine:
    return engine(config, kernels, threads=1)


@contextmanager
def serving(
    of: Engine | None = None, *, chunks: int = 100, **options: Any
) -> Iterator[ServingEngine]:
    """A core with room for so many chunks; at the end nothing is left in it."""
    of = of or model()
    budget = chunks * chunk_bytes(of.network)
    with ServingEngine(of, memory_budget=budget, **options) as core:
        yield core
    stats = core.stats()
    assert (stats.running, stats.waiting, stats.kv_bytes_used) == (0, 0, 0)


def alone(request: Request, of: Engine | None = None) -> list[int]:
    """What the simple road writes."""
    return list(
        (of or model()).generate(
            request.prompt_ids,  # type: ignore[arg-type]
            max_tokens=request.max_tokens,
            sampling=request.sampling,
            stop_ids=request.stop_ids,
        )
    )


prompts = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=90)
samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 1.0]),
    top_k=st.sampled_from([0, 5]),
    seed=st.integers(0, 99),
    frequency_penalty=st.sampled_from([0.0, 0.5]),
)
requests = st.builds(
    Request,
    prompt_ids=prompts,
    max_tokens=st.integers(0, 30),
    sampling=samplings,
    stop_ids=st.sampled_from([(), (3, 4)]),
    priority=st.integers(0, 2),
)
