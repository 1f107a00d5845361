"""The client's end of a request: events come out, a cancellation goes in; safe across threads."""

import queue
import time
from collections.abc import Callable, Iterator

from dragon.engine.serving.request import Request, Usage
from dragon.engine.writing import Event, FinishReason


class Stream:
    """The answer to one request, as it is written.

    Iterate over it for `Event`s until the answer ends. The engine's thread never waits for a
    reader: what is not yet read is kept.

    Attributes:
        request: what was asked for.
        finish_reason: why the answer ended; None while it goes on.
        completion_tokens, cached_tokens: see `Usage`; the engine's thread counts them.
        error: what went wrong, if finish_reason is "error"; reading to the end raises it.
    """

    def __init__(
        self,
        request: Request,
        cancel: Callable[["Stream"], None],
        notify: Callable[[], None] | None = None,
    ) -> None:
        self.request = request
        self.finish_reason: FinishReason | None = None
        self.completion_tokens = self.cached_tokens = 0
        self.error: BaseException | None = None
        self._cancel = cancel
        self._notify = notify
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._ended = False

    @property
    def usage(self) -> Usage:
        """Tokens so far."""
        return Usage(len(self.request.prompt_ids), self.completion_tokens, self.cached_tokens)

    def get(self, timeout: float | None = None) -> Event | None:
        """The next event; None at the end of the answer.

        Args:
            timeout: seconds to wait at most; None waits as long as it takes.

        Raises:
            TimeoutError: if none came in time.
            DragonError, or whatever went wrong: at the end of an answer that failed.
        """
        if self._ended:
            return None
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no token within {timeout} seconds") from None
        if event is None:
            self._ended = True
            if self.error is not None:
                raise self.error
        return event

    def ready(self) -> list[Event]:
        """The events that have come and were not read, without waiting.

        For event loops: give `submit` a `notify`, call this when it is called, and look at
        `finish_reason` before.
        """
        events = []
        while not self._ended:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                break
            if event is None:
                self._ended = True
            else:
                events.append(event)
        return events

    def __iter__(self) -> Iterator[Event]:
        while (event := self.get()) is not None:
            yield event

    def tokens(self, timeout: float | None = None) -> list[int]:
        """Wait for the rest of the answer and return its token ids.

        Raises:
            TimeoutError: if it did not end within `timeout` seconds; what came is lost.
        """
        return [event.token for event in self._rest(timeout) if event.token is not None]

    def text(self, timeout: float | None = None) -> str:
        """Wait for the rest of the answer and return its text.

        Raises:
            TimeoutError: if it did not end within `timeout` seconds; what came is lost.
        """
        return "".join(event.text for event in self._rest(timeout))

    def cancel(self) -> None:
        """End the answer; its memory is free before the next token is worked out."""
        self._cancel(self)

    def _rest(self, timeout: float | None) -> Iterator[Event]:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            event = self.get(left)
            if event is None:
                return
            yield event

    # What follows is called by the engine's thread alone.

    def put(self, event: Event) -> None:
        """Hand over an event."""
        if event.token is not None:
            self.completion_tokens += 1
        self._events.put(event)
        self._tell()

    def end(self, reason: FinishReason, error: BaseException | None = None) -> None:
        """Say that no more events come; the first reason holds."""
        if self.finish_reason is None:
            self.error = error
            self.finish_reason = reason
            self._events.put(None)
            self._tell()

    def _tell(self) -> None:
        if self._notify is None:
            return
        try:
            self._notify()
        except Exception:  # nobody listens any more; the others' answers must go on
            self._notify = None
            self.cancel()
