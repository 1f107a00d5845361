"""POST /v1/completions: a causal model continues a text."""

import codecs
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from dragon.server.access import Asker, Running
from dragon.server.database import new_id, now
from dragon.server.errors import ApiError, refused
from dragon.server.replies import Piece
from dragon.server.replying import Replies
from dragon.server.requests import Sampled, Text, check_encodable
from dragon.server.state import State
from dragon.server.streams import DONE, EventStream, event, while_there
from dragon.server.writers import RAW, writes

router = APIRouter(tags=["completions"])
CONTINUES = range(0x80, 0xC0)  # bytes that go on with a character of UTF-8


class CompletionRequest(Sampled):
    """POST /v1/completions; one prompt."""

    model: Annotated[str, Field(max_length=200)] = RAW
    prompt: Text | Annotated[list[Text], Field(min_length=1, max_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = 16
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    echo: bool | None = None


@router.post("/v1/completions", response_model=None)
async def completions(
    body: CompletionRequest, request: Request, state: Running, _: Asker
) -> Response:
    """Continue a text."""
    made = await run_in_threadpool(_replies, state, body)
    head = {
        "id": new_id("cmpl"),
        "object": "text_completion",
        "created": now(),
        "model": body.model,
    }
    if body.stream:
        return EventStream(state, _streamed(made, body, head))
    return JSONResponse(head | await while_there(state, request, _whole(made)))


def _replies(state: State, body: CompletionRequest) -> Replies:
    if not writes(body.model):
        raise ApiError(
            404,
            f"The model {body.model!r} continues no texts. Use {RAW}, or /v1/chat/completions.",
            "model_not_found",
            "model",
        )
    if body.echo:
        raise refused("echo", "the prompt is not repeated.")
    text = body.prompt if isinstance(body.prompt, str) else body.prompt[0]
    check_encodable(text, "prompt")
    writer = state.writer(body.model)
    prompt = writer.prompts.text(text)
    if not prompt:
        raise ApiError(400, "The prompt is empty. Give a text.", "invalid_value", "prompt")
    writing = writer.writing(body, prompt, body.max_tokens, body.logprobs)
    return Replies(state, body.model, lambda: writer.stream(writing), writing.choices)


async def _whole(made: Replies) -> dict[str, Any]:
    choices = [
        _choice(i, whole.text, whole.logprobs, Offsets(), whole.end.reason)
        for i, whole in enumerate(await made.collect())
    ]
    return {"choices": choices, "usage": made.usage.as_chat()}


async def _streamed(
    made: Replies, body: CompletionRequest, head: dict[str, Any]
) -> AsyncGenerator[bytes]:
    if body.with_usage:
        head["usage"] = None
    offsets: defaultdict[int, Offsets] = defaultdict(Offsets)
    async with aclosing(made.pieces()) as pieces:
        async for piece in pieces:
            yield event(head | {"choices": [_of_piece(piece, offsets[piece.choice])]})
    if body.with_usage:
        yield event(head | {"choices": [], "usage": made.usage.as_chat()})
    yield DONE


class Offsets:
    """Where the tokens of a choice begin, in characters of the text that is returned.

    A token that goes on with a character begins where that does.

    >>> Offsets().after([{"bytes": [0x35, 0xE2]}, {"bytes": [0x82, 0xAC]}, {"bytes": [0x21]}])
    [0, 1, 2]
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._length = 0

    def after(self, logprobs: Sequence[dict[str, Any]]) -> list[int]:
        """The offsets of the tokens that come next, with their bytes."""
        offsets = []
        for one in logprobs:
            piece = bytes(one["bytes"])
            if piece and piece[0] not in CONTINUES:
                # What is half until now stays so, and is shown as one �.
                self._length += len(self._utf8.decode(b"", final=True))
            offsets.append(self._length)
            self._length += len(self._utf8.decode(piece))
        return offsets


def _of_piece(piece: Piece, offsets: Offsets) -> dict[str, Any]:
    reason = piece.end.reason if piece.end else None
    return _choice(piece.choice, piece.text, piece.logprobs, offsets, reason)


def _choice(
    number: int,
    text: str,
    logprobs: Sequence[dict[str, Any]],
    offsets: Offsets,
    reason: str | None,
) -> dict[str, Any]:
    shown = None
    if logprobs:
        shown = {
            "tokens": [one["token"] for one in logprobs],
            "token_logprobs": [one["logprob"] for one in logprobs],
            "top_logprobs": [
                {best["token"]: best["logprob"] for best in one["top_logprobs"]} for one in logprobs
            ],
            "text_offset": offsets.after(logprobs),
        }
    return {"index": number, "text": text, "logprobs": shown, "finish_reason": reason}
