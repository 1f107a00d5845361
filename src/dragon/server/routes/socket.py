"""WS /chat/stream: the plain client's short form, with messages as small JSON objects.

In: {"message": ...} or {"messages": [...]}, {"type": "cancel"}. Out: {"type": "token" |
"citation" | "done" | "error", ...}. A conversation goes on for as long as the socket is open.
"""

import asyncio
import json
from contextlib import aclosing, suppress
from typing import Annotated, Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool

from dragon.server.access import Running, counted_as
from dragon.server.errors import ApiError, as_api_error, invalid
from dragon.server.replies import End, Whole
from dragon.server.replying import replies
from dragon.server.requests import Body, ChatMessage, ChatRequest, Text
from dragon.server.state import State

router = APIRouter()
_MOST_MESSAGES = 100


class Said(Body):
    """What a client sends to ask."""

    type: str = "message"
    message: Text | None = None
    messages: Annotated[list[ChatMessage], Field(max_length=1000)] | None = None
    model: Annotated[str, Field(max_length=200)] = "dragon"
    max_tokens: Annotated[int, Field(ge=1)] | None = None


@router.websocket("/chat/stream")
async def talk(socket: WebSocket, state: Running) -> None:
    """Hold a conversation."""
    await socket.accept()
    session = _Session(socket, state)
    try:
        while True:
            await session.hear(await socket.receive_text())
    except (WebSocketDisconnect, KeyError, RuntimeError):
        pass  # gone, or it sent bytes
    finally:
        await session.stop()
        with suppress(RuntimeError):
            await socket.close()


class _Session:
    """One socket: at most one answer at a time."""

    def __init__(self, socket: WebSocket, state: State) -> None:
        self._socket, self._state = socket, state
        address = socket.client.host if socket.client else ""
        self._who = counted_as(socket.scope["dragon.key"], address)
        self._history: list[ChatMessage] = []
        self._answering: asyncio.Task[None] | None = None

    async def hear(self, text: str) -> None:
        """Take a message: a question, or the wish to stop."""
        try:
            said = _parsed(text)
            if said.type == "cancel":
                await self.stop()
                return
            if self._answering and not self._answering.done():
                raise ApiError(409, "An answer is under way. Cancel it first.", "busy")
            self._state.limits.check(self._who)
            request = self._request(said)
        except ApiError as error:
            await self._tell("error", error.body)
            return
        self._answering = asyncio.create_task(self._answer(request))

    async def stop(self) -> None:
        """End the answer under way."""
        if self._answering and not self._answering.done():
            self._answering.cancel()
            with suppress(asyncio.CancelledError):
                await self._answering
            with suppress(RuntimeError):
                await self._tell("done", {"finish_reason": "cancelled"})

    def _request(self, said: Said) -> ChatRequest:
        if said.messages:
            self._history = said.messages
        elif said.message:
            self._history.append(ChatMessage(role="user", content=said.message))
        else:
            raise ApiError(400, "message is missing.", "invalid_value", "message")
        self._history = self._history[-_MOST_MESSAGES:]
        return ChatRequest(model=said.model, messages=self._history, max_tokens=said.max_tokens)

    async def _answer(self, request: ChatRequest) -> None:
        whole = Whole()
        try:
            async with asyncio.timeout(self._state.settings.timeout):
                made = await run_in_threadpool(replies, self._state, request)
                async with aclosing(made.pieces()) as pieces:
                    async for piece in pieces:
                        whole.add(piece)
                        if piece.text:
                            await self._tell("token", {"text": piece.text})
                        for citation in piece.citations:
                            await self._tell("citation", {"citation": citation})
            self._history.append(ChatMessage(role="assistant", content=whole.text))
            await self._tell("done", _done(whole.end))
        except (OSError, RuntimeError, WebSocketDisconnect):
            return
        except Exception as error:
            await self._tell("error", as_api_error(error).body)

    async def _tell(self, kind: str, values: dict[str, Any]) -> None:
        await self._socket.send_text(json.dumps({"type": kind} | values))


def _done(end: End) -> dict[str, Any]:
    return {"finish_reason": end.reason, "usage": end.usage.as_chat(), "dragon": end.dragon}


def _parsed(text: str) -> Said:
    try:
        return Said.model_validate(json.loads(text))
    except ValidationError as error:
        places = [e | {"loc": ("body", *e["loc"])} for e in error.errors()]
        raise invalid(RequestValidationError(places)) from None
    except (ValueError, RecursionError):
        raise ApiError(400, "The message is not valid JSON.", "invalid_json") from None
