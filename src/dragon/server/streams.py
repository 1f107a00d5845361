"""Server-sent events, and waiting that ends when the client leaves.

In: an async generator of JSON values. Out: an HTTP response; the generator is closed at once where
the client goes, reads nothing for too long, or the time is over.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dragon.server.errors import ApiError, as_api_error
from dragon.server.state import State

T = TypeVar("T")
WRITE_SECONDS = 30.0
DONE = b"data: [DONE]\n\n"


def event(value: Any, name: str = "") -> bytes:
    """One event; `name` is for streams whose events have names."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode(errors="replace")


class EventStream(Response):
    """Sends events as they come.

    Args:
        state: of the server: its time limit and its end.
        events: encoded events. The first is awaited before the head goes out, so that an error
            before it has a status of its own.
    """

    media_type = "text/event-stream"

    def __init__(self, state: State, events: AsyncGenerator[bytes]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._state, self._events = state, events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all events."""
        sending = asyncio.ensure_future(self._run(scope, send))
        await _first_of(sending, receive)

    async def _run(self, scope: Scope, send: Send) -> None:
        started = False
        async with aclosing(self._events) as events:
            try:
                async with asyncio.timeout(self._state.settings.timeout):
                    async for data in events:
                        if not started:
                            await self._start(send)
                            started = True
                        await _write(send, data)
            except Exception as error:
                if not started or _is_left(error):
                    raise
                problem = as_api_error(error, scope.get("dragon.request_id", ""))
                await _write(send, event(problem.body))
        if not started:
            await self._start(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})


async def _write(send: Send, data: bytes) -> None:
    try:
        async with asyncio.timeout(WRITE_SECONDS):
            await send({"type": "http.response.body", "body": data, "more_body": True})
    except TimeoutError:
        raise ConnectionAbortedError("The client does not read.") from None


async def while_there(state: State, request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of some work, given up when the client leaves or the time is over.

    Raises:
        ApiError: 499 where nobody waits for it any more.
        TimeoutError: when the time is over.
    """

    async def limited() -> T:
        async with asyncio.timeout(state.settings.timeout):
            return await work

    task = asyncio.ensure_future(limited())
    await _first_of(task, request.receive)
    if task.cancelled():
        raise ApiError(499, "The client has gone.", "client_gone")
    return task.result()


async def _first_of(task: "asyncio.Future[Any]", receive: Receive) -> None:
    """Wait for a task, or cancel it when the client leaves."""
    leaving = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        elif not task.cancelled() and (error := task.exception()) and not _is_left(error):
            raise error
    finally:
        await _ended(leaving, task)


async def _ended(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _is_left(error: BaseException) -> bool:
    # A time that is over is an OSError too.
    return isinstance(error, OSError) and not isinstance(error, TimeoutError)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
