"""What Prometheus may ask: requests, tokens, waiting times, the queue and the cache.

In: what happened. Out: the text of /metrics. Each server has a registry of its own.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from dragon.server.state import State

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# What the serving core counts, by its own names.
_SERVING = {
    "running": "Sequences of the plain model that are being written.",
    "waiting": "Sequences that wait for room.",
    "kv_bytes_used": "Bytes of keys and values, the prefix cache's among them.",
    "prefix_hits": "Requests that found a part of their prompt already read.",
    "prefix_tokens": "Tokens that they did not have to read.",
    "preemptions": "Times that a sequence gave its room to an earlier one.",
}


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "dragon_requests", "Requests.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "dragon_request_seconds",
            "Wall time of requests.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.first = Histogram(
            "dragon_first_token_seconds",
            "Until the first text of a reply.",
            ["model"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.tokens = Counter(
            "dragon_tokens", "Tokens read, cached and written.", ["kind"], registry=self.registry
        )
        self.replies = Counter(
            "dragon_replies", "Replies, by how they ended.", ["ended"], registry=self.registry
        )

    def watch(self, state: "State") -> None:
        """Gauges that are read when somebody asks."""

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, registry=self.registry)

        gauge("dragon_queue", "Requests that wait for an answer.").set_function(
            lambda: state.worker.waiting
        )
        gauge("dragon_cache_hits", "Answers that had been given before.").set_function(
            lambda: state.loaded.hits if state.loaded else 0
        )
        gauge("dragon_cache_misses", "Answers that were new.").set_function(
            lambda: state.loaded.misses if state.loaded else 0
        )
        gauge("dragon_indexing", "Indexing runs that wait or work.").set_function(
            lambda: sum(library.busy for library in state.libraries)
        )
        for name, text in _SERVING.items():
            gauge(f"dragon_raw_{name}", text).set_function(_of_serving(state, name))

    def text(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self.registry)


def _of_serving(state: "State", name: str) -> Callable[[], float]:
    def read() -> float:
        return float(sum(getattr(stats, name) for stats in state.writers.stats()))

    return read
