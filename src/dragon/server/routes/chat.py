"""POST /v1/chat/completions: OpenAI's chat over documents, whole or in pieces."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from dragon.server.access import Asker, Running
from dragon.server.database import new_id, now
from dragon.server.replies import Piece, Whole
from dragon.server.replying import Replies, replies
from dragon.server.requests import ChatRequest
from dragon.server.streams import DONE, EventStream, event, while_there

router = APIRouter(tags=["chat"])


@router.post("/v1/chat/completions", response_model=None)
@router.post("/chat/completions", response_model=None)
async def chat(body: ChatRequest, request: Request, state: Running, _: Asker) -> Response:
    """Answer a conversation."""
    base = str(request.base_url).rstrip("/")
    made = await run_in_threadpool(replies, state, body, base)
    if body.stream:
        return EventStream(state, streamed(made, body))
    return JSONResponse(await while_there(state, request, whole(made, body)))


async def whole(made: Replies, body: ChatRequest) -> dict[str, Any]:
    """The reply in one piece."""
    choices = await made.collect()
    first = choices[0].end
    reply = _head("chat.completion", new_id("chatcmpl"), body.model) | {
        "choices": [_choice(i, whole, bool(body.logprobs)) for i, whole in enumerate(choices)],
        "usage": made.usage.as_chat(),
    }
    return reply | ({"dragon": first.dragon} if first.dragon else {})


def _choice(number: int, whole: Whole, logprobs: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": whole.text, "refusal": None}
    if whole.end.dragon is not None:
        message |= {"annotations": list(whole.end.annotations), "dragon": whole.end.dragon}
    return {
        "index": number,
        "message": message,
        "logprobs": {"content": whole.logprobs, "refusal": None} if logprobs else None,
        "finish_reason": whole.end.reason,
    }


async def streamed(
    made: Replies, body: ChatRequest, first: dict[str, Any] | None = None
) -> AsyncGenerator[bytes]:
    """The reply as events: the role, the text, the end, the usage, [DONE].

    Args:
        made: the reply in the making.
        body: what was asked.
        first: the `dragon` object of the first chunk.
    """
    head = _head("chat.completion.chunk", new_id("chatcmpl"), body.model)
    if body.with_usage:
        head["usage"] = None
    async with aclosing(made.pieces()) as pieces:
        # The first piece comes before the head: errors until then have a status of their own.
        async for number, piece in _numbered(pieces):
            if number == 0:
                for choice in range(made.choices):
                    delta = {"role": "assistant", "content": "", "refusal": None}
                    chunk = head | {"choices": [_delta(choice, delta)]}
                    yield event(chunk | ({"dragon": first} if first else {}))
            for chunk in _chunks(piece, bool(body.logprobs)):
                yield event(head | chunk)
    if body.with_usage:
        yield event(head | {"choices": [], "usage": made.usage.as_chat()})
    yield DONE


async def _numbered(pieces: AsyncGenerator[Piece]) -> AsyncGenerator[tuple[int, Piece]]:
    number = 0
    async for piece in pieces:
        yield number, piece
        number += 1


def _chunks(piece: Piece, logprobs: bool) -> list[dict[str, Any]]:
    chunks: list[dict[str, Any]] = []
    if piece.text or piece.citations or piece.logprobs:
        shown = {"content": list(piece.logprobs), "refusal": None} if logprobs else None
        choice = _delta(piece.choice, {"content": piece.text}, logprobs=shown)
        cites = {"dragon": {"citations": list(piece.citations)}} if piece.citations else {}
        chunks.append({"choices": [choice]} | cites)
    if end := piece.end:
        if end.annotations:
            delta = {"annotations": list(end.annotations)}
            chunks.append({"choices": [_delta(piece.choice, delta)]})
        choice = _delta(piece.choice, {}, finish=end.reason)
        chunks.append({"choices": [choice]} | ({"dragon": end.dragon} if end.dragon else {}))
    return chunks


def _delta(
    number: int, delta: dict[str, Any], finish: str | None = None, logprobs: Any = None
) -> dict[str, Any]:
    return {"index": number, "delta": delta, "logprobs": logprobs, "finish_reason": finish}


def _head(kind: str, name: str, model: str) -> dict[str, Any]:
    return {"id": name, "object": kind, "created": now(), "model": model}
