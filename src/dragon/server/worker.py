"""Answering happens in threads of its own; the event loop only hands work over and results back.

In: functions that yield events. Out: the events, to the coroutine that waits for them. Work whose
client has gone is dropped: before it starts, or at its next event.
"""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dragon.server.errors import ApiError

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Job:
    """Work of one client."""

    run: Callable[[], Iterable[Any]]
    tell: Callable[[object], None]
    gone: threading.Event = field(default_factory=threading.Event)


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


_DONE = object()


class Worker:
    """Threads that work through one queue.

    Args:
        threads: how many.
        most_waiting: jobs that may wait; more are refused.
        leave: called in each thread before it ends.
    """

    def __init__(
        self, threads: int, most_waiting: int, leave: Callable[[], None] = lambda: None
    ) -> None:
        self._leave = leave
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._most_waiting = most_waiting
        self._seconds = 0.2  # that a job takes, a moving mean
        self._threads = [
            threading.Thread(target=self._serve, name=f"answers-{i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Jobs that nobody has begun."""
        return self._jobs.qsize()

    async def stream(self, run: Callable[[], Iterable[T]]) -> AsyncGenerator[T]:
        """Yield what `run()` yields in a worker thread.

        Raises:
            ApiError: 503 where too many jobs wait.
        """
        if self.waiting >= self._most_waiting:
            wait = max(1, round(self.waiting * self._seconds / len(self._threads)))
            raise ApiError(
                503,
                f"{self.waiting} requests wait already. Try again.",
                "overloaded",
                retry_after=wait,
            )
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Any] = asyncio.Queue()

        def tell(event: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(events.put_nowait, event)

        job = _Job(run, tell)
        self._jobs.put(job)
        try:
            while (event := await events.get()) is not _DONE:
                if isinstance(event, _Failed):
                    raise event.error
                yield event
        finally:
            job.gone.set()

    async def call(self, run: Callable[[], T]) -> T:
        """What `run()` returns in a worker thread."""
        async with aclosing(self.stream(lambda: (run() for _ in range(1)))) as events:
            async for result in events:
                return result
        raise AssertionError

    def close(self, seconds: float = 5.0) -> None:
        """Finish what is being worked on and stop."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(seconds)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.gone.is_set():
                began = time.perf_counter()
                self._work(job)
                self._seconds += 0.1 * (time.perf_counter() - began - self._seconds)
        self._leave()

    def _work(self, job: _Job) -> None:
        try:
            for event in job.run():
                if job.gone.is_set():
                    return
                job.tell(event)
            job.tell(_DONE)
        except BaseException as error:
            job.tell(_Failed(error))
