"""Loads many files: texts in this thread, files that need a parser in a few processes beside it.

In: files and the hashes that the index knows. Out: each file with what was read, or why it was
not.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from dragon.errors import DocumentError
from dragon.retrieval.readers.parser import Parser
from dragon.retrieval.scan import Found
from dragon.retrieval.source import Loaded, is_parsed, load

Result = Loaded | DocumentError

_MOST_PROCESSES = 4


def load_all(files: Sequence[Found], known: Mapping[str, bytes]) -> Iterator[tuple[Found, Result]]:
    """Yield every file once: those that need a parser last, for they are slow."""
    slow = [file for file in files if is_parsed(file.path)]
    for file in files:
        if not is_parsed(file.path):
            yield file, _load(file, known, None)
    if slow:
        yield from _in_processes(slow, known)


def _load(file: Found, known: Mapping[str, bytes], parser: Parser | None) -> Result:
    try:
        return load(file.path, known.get(file.path), parser)
    except DocumentError as error:
        return error


def _in_processes(
    files: Sequence[Found], known: Mapping[str, bytes]
) -> Iterator[tuple[Found, Result]]:
    processes = min(_MOST_PROCESSES, os.cpu_count() or 1, len(files))
    free: SimpleQueue[Parser] = SimpleQueue()

    def work(file: Found) -> Result:
        parser = free.get()
        try:
            return _load(file, known, parser)
        finally:
            free.put(parser)

    # On the way out, Ctrl-C included, the parsers are killed first: then no thread waits for one.
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(processes))
        stack.callback(executor.shutdown, wait=False, cancel_futures=True)
        for _ in range(processes):
            free.put(stack.enter_context(Parser()))
        # A few files ahead and no more, so that finished documents do not fill the memory.
        running: deque[tuple[Found, Future[Result]]] = deque()
        for file in files:
            running.append((file, executor.submit(work, file)))
            if len(running) > 2 * processes:
                done, future = running.popleft()
                yield done, future.result()
        for done, future in running:
            yield done, future.result()
