"""Many requests, one model, one thread: schedule, run, postprocess.

In: requests from any thread. Out: streams of tokens. The thread sleeps when there is nothing to do;
the native kernels leave Python's lock to others while they compute.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from dragon.engine.engine import Engine
from dragon.engine.lookup import PromptLookup
from dragon.engine.serving.memory import CHUNK, Memory, chunks_of
from dragon.engine.serving.request import Request, Stats
from dragon.engine.serving.scheduler import Scheduler, Work
from dragon.engine.serving.sequence import Sequence
from dragon.engine.serving.stream import Stream
from dragon.engine.session import read_together
from dragon.engine.writing import FinishReason
from dragon.errors import ConfigError, InputError
from dragon.tokenizer import Tokenizer

COUNT_EVERY = 0.05  # seconds between two counts while there is work


class ServingEngine:
    """Serves requests together until it is closed; a context manager.

    >>> with ServingEngine(engine, memory_budget=2**30) as serving:        # doctest: +SKIP
    ...     stream = serving.submit(Request([1, 2, 3], max_tokens=8))
    ...     for event in stream:
    ...         print(event.token)
    ...     print(stream.finish_reason, stream.usage)

    Args:
        engine: the model; it may be used directly at the same time.
        memory_budget: bytes for keys and values, of running sequences and of the prefix cache.
        max_batch_tokens: tokens read in one step, over all sequences; a long prompt takes several.
        max_sequences: sequences that are written at the same time.
        tokenizer: adds text to the events, and is needed for stop strings.
        lookup: guess tokens ahead from the prompt (None: never); the answers are the same.

    Raises:
        ConfigError: for a budget or limit that leaves no room.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        memory_budget: int,
        max_batch_tokens: int = 256,
        max_sequences: int = 16,
        tokenizer: Tokenizer | None = None,
        lookup: PromptLookup | None = None,
    ) -> None:
        if max_sequences < 1:
            raise ConfigError(f"max_sequences is {max_sequences}.", "It must be 1 or more.")
        if max_batch_tokens < max_sequences:
            raise ConfigError(
                f"max_batch_tokens is {max_batch_tokens}.",
                f"It must be at least max_sequences, {max_sequences}.",
            )
        self.network = engine.network
        self.tokenizer = tokenizer
        self.lookup = lookup
        memory = Memory(self.network, memory_budget)
        if memory.total < 1:
            raise ConfigError(
                f"memory_budget is {memory_budget} bytes.",
                f"This model needs {memory.chunk_bytes} bytes for {CHUNK} tokens.",
            )
        self._memory_budget = memory_budget
        self._scheduler = Scheduler(memory, max_batch_tokens, max_sequences)
        self._sequences: dict[Stream, Sequence] = {}
        self._lock = threading.Condition()
        self._arrived: list[Sequence] = []
        self._cancelled: list[Stream] = []
        self._submitted = 0
        self._closing = False
        self._written = self._guessed = self._accepted = 0
        self._stats = self._count()
        self._thread = threading.Thread(target=self._run, name="dragon-serving", daemon=True)
        self._thread.start()

    def submit(self, request: Request, notify: Callable[[], None] | None = None) -> Stream:
        """Queue a request; from any thread.

        Args:
            request: what is to be written.
            notify: called in the engine's thread after each event and at the end; it must be quick
                (`loop.call_soon_threadsafe`).

        Raises:
            InputError: for a request that this model cannot serve or that can never fit the budget,
                or if the engine is closed.
        """
        request.writing().check(self.network)
        if request.stop_strings and self.tokenizer is None:
            raise InputError("Stop strings need a tokenizer.", "Give the engine one.")
        stream = Stream(request, self._cancel, notify)
        sequence = Sequence(stream, self.network, self.tokenizer, self.lookup)
        self._check_size(sequence)
        with self._lock:
            if self._closing:
                raise InputError("The engine is closed.", "Open another one.")
            sequence.rank = (-request.priority, self._submitted)
            self._submitted += 1
            self._arrived.append(sequence)
            self._lock.notify()
        return stream

    def submit_copies(
        self, request: Request, n: int, notify: Callable[[], None] | None = None
    ) -> list[Stream]:
        """Queue n answers to one prompt, which is read once; with a seed they take seed, seed + 1..

        Raises:
            InputError: as `submit`, or for n below 1.
        """
        if n < 1:
            raise InputError(f"n is {n}.", "It must be 1 or more.")
        return [self.submit(_with_seed(request, i), notify) for i in range(n)]

    def stats(self) -> Stats:
        """What the engine is doing, or was a few hundredths of a second ago."""
        with self._lock:
            arrived = len(self._arrived)
        return replace(self._stats, waiting=self._stats.waiting + arrived)

    def close(self) -> None:
        """Cancel what is going on, end the thread, free the memory; more than once is no harm."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_size(self, sequence: Sequence) -> None:
        need, memory = chunks_of(sequence.most_tokens), self._scheduler.memory
        if need > memory.total:
            raise InputError(
                f"The request may take {need * memory.chunk_bytes} bytes of memory for "
                f"{sequence.most_tokens} tokens; the budget is {self._memory_budget}.",
                "Shorten the prompt, lower max_tokens or raise the budget.",
            )

    def _cancel(self, stream: Stream) -> None:
        with self._lock:
            self._cancelled.append(stream)
            self._lock.notify()

    def _run(self) -> None:
        try:
            while self._take_orders():
                if work := self._scheduler.plan():
                    self._step(work)
                if not self._sequences or time.monotonic() > self._next_count:
                    self._stats = self._count()
            self._end_all("cancelled")
        except BaseException as error:  # nobody may wait for a thread that is gone
            with self._lock:
                self._closing = True
            self._end_all("error", error)
            raise

    def _end_all(self, reason: FinishReason, error: BaseException | None = None) -> None:
        with self._lock:
            arrived, self._arrived = self._arrived, []
        for sequence in arrived:
            sequence.stream.end(reason, error)
        for stream in list(self._sequences):
            self._end(stream, reason, error)
        self._scheduler.drop_prefixes()
        self._stats = self._count()

    def _take_orders(self) -> bool:
        """Let requests and cancellations in; sleeps while there is nothing to do."""
        with self._lock:
            while not (self._arrived or self._cancelled or self._sequences or self._closing):
                self._lock.wait()
            arrived, self._arrived = self._arrived, []
            cancelled, self._cancelled = self._cancelled, []
            closing = self._closing
        for sequence in arrived:
            self._sequences[sequence.stream] = sequence
            if sequence.writer.finish_reason:  # max_tokens is 0
                self._end(sequence.stream, sequence.writer.finish_reason)
            else:
                self._scheduler.add(sequence)
        for stream in cancelled:
            self._end(stream, "cancelled")
        return not closing

    def _step(self, work: Work) -> None:
        try:
            logits = read_together([piece for _, piece in work])
        except Exception as error:  # nobody can tell whose fault it is
            for sequence, _ in work:
                self._end(sequence.stream, "error", error)
            return
        for (sequence, piece), rows in zip(work, logits, strict=True):
            try:
                sequence.take(rows)
            except Exception as error:
                self._end(sequence.stream, "error", error)
                continue
            self._scheduler.settle(sequence, piece)
            if sequence.writer.finish_reason:
                self._end(sequence.stream, sequence.writer.finish_reason)

    def _end(
        self, stream: Stream, reason: FinishReason, error: BaseException | None = None
    ) -> None:
        sequence = self._sequences.pop(stream, None)
        if sequence is not None:
            self._scheduler.remove(sequence, keep=False)
            self._count_tokens(sequence)
            sequence.stream.end(reason, error)

    def _count(self) -> Stats:
        self._next_count = time.monotonic() + COUNT_EVERY
        s = self._scheduler
        return Stats(
            running=len(s.running),
            waiting=len(s.waiting),
            kv_bytes_used=s.memory.used * s.memory.chunk_bytes,
            kv_bytes_budget=self._memory_budget,
            prefix_bytes=s.memory.held_by(s.prefixes.kept.values()) * s.memory.chunk_bytes,
            prefix_hits=s.prefix_hits,
            prefix_tokens=s.prefix_tokens,
            preemptions=s.preemptions,
            written_tokens=self._written,
            guessed_tokens=self._guessed,
            accepted_tokens=self._accepted,
        )

    def _count_tokens(self, sequence: Sequence) -> None:
        self._written += sequence.stream.completion_tokens
        if sequence.writer.guesser:
            self._guessed += sequence.writer.guesser.guessed
            self._accepted += sequence.writer.guesser.accepted


def _with_seed(request: Request, i: int) -> Request:
    sampling = request.sampling
    if sampling.seed is None or i == 0:
        return request
    return replace(request, sampling=replace(sampling, seed=sampling.seed + i))
