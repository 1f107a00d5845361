"""Blocks in, results out in the same order, worked out by several processes.

No more than a few blocks a process are under way at once, so that memory does not grow with the
corpus.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

from dragon.errors import DataError

B = TypeVar("B")
AHEAD = 3  # blocks waiting for each process


class WorkerError(DataError):
    """A process died; what the others did is no worse for it."""


class Startable(Protocol):
    """What a process needs to begin: `start` loads it and gives the function for a block."""

    def start(self) -> Callable[[Any], Any]:
        """Load it."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(task: Startable, blocks: Iterable[B], workers: int = 0) -> Iterator[tuple[B, Any]]:
    """Each block with its result.

    Args:
        task: sent to every process.
        blocks: may be endless: they are read as they are needed.
        workers: processes; 0 for one a core. With one everything happens in this process.

    Raises:
        WorkerError: if a process dies; and whatever the work raises.
    """
    count = workers or cores()
    if count == 1:
        work = task.start()
        for block in blocks:
            yield block, work(block)
        return
    context = multiprocessing.get_context("spawn")
    waiting: deque[tuple[B, Future[Any]]] = deque()
    with ProcessPoolExecutor(count, context, _start, (task,)) as pool:
        try:
            for block in blocks:
                waiting.append((block, pool.submit(_work, block)))
                if len(waiting) > AHEAD * count:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool:
            raise WorkerError(
                "A worker process died, of too little memory perhaps.", "Try fewer --workers."
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


_do: Callable[[Any], Any]


def _start(task: Startable) -> None:
    global _do
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _do = task.start()


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(block: Any) -> Any:
    return _do(block)
