"""POST /v1/responses: OpenAI's newer form of the same answers, whole or as named events."""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from dragon.server.access import Asker, Running
from dragon.server.database import new_id, now
from dragon.server.errors import ApiError, missing
from dragon.server.keys import Key
from dragon.server.library import DEFAULT_ID
from dragon.server.replies import End, Piece, Whole
from dragon.server.replying import Replies, replies
from dragon.server.requests import Body, ChatMessage, ChatRequest, Metadata, Text, TextPart
from dragon.server.state import State
from dragon.server.streams import EventStream, event, while_there
from dragon.server.writers import writes

router = APIRouter(prefix="/v1/responses", tags=["responses"])
Named = Annotated[str, Field(max_length=200)]


class InputMessage(ChatMessage):
    """A message of the input; a reply of ours may come back as it was sent."""

    type: Literal["message"] = "message"
    content: Text | Annotated[list[TextPart], Field(max_length=1000)]


class FileSearch(Body):
    """The library to answer from, in OpenAI's words."""

    type: Literal["file_search"]
    vector_store_ids: Annotated[list[Named], Field(min_length=1, max_length=1)]


class ResponsesRequest(Body):
    """POST /v1/responses."""

    model: Named = "dragon"
    input: Text | Annotated[list[InputMessage], Field(min_length=1, max_length=1000)]
    instructions: Text | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    previous_response_id: Named | None = None
    store: bool | None = None
    stream: bool | None = None
    tools: Annotated[list[FileSearch], Field(max_length=1)] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    metadata: Metadata | None = None


@router.post("", response_model=None)
async def respond(body: ResponsesRequest, request: Request, state: Running, key: Asker) -> Response:
    """Answer."""
    making = await run_in_threadpool(_Making, state, key, body)
    if body.stream:
        return EventStream(state, making.events())
    return JSONResponse(await while_there(state, request, making.whole()))


@router.get("/{response}", response_model=None)
def response(response: str, state: Running, key: Asker) -> dict[str, Any]:
    """A response that was kept."""
    found: dict[str, Any] = json.loads(_kept(state, key, response)[0])
    return found


@router.delete("/{response}")
def delete(response: str, state: Running, key: Asker) -> dict[str, Any]:
    """Forget a response."""
    _kept(state, key, response)
    state.database.rows("DELETE FROM responses WHERE id = ?", response)
    return {"id": response, "object": "response", "deleted": True}


class _Making:
    """One response in the making."""

    def __init__(self, state: State, key: Key, body: ResponsesRequest) -> None:
        self._state, self._key, self._body = state, key, body
        self._id, self._item, self._created = new_id("resp"), new_id("msg"), now()
        self._said = self._conversation()
        self._made: Replies = replies(state, self._chat())

    async def whole(self) -> dict[str, Any]:
        """The response in one piece."""
        (whole,) = await self._made.collect()
        return self._finished(whole)

    async def events(self) -> AsyncGenerator[bytes]:
        """The response as named events, numbered."""
        number = 0
        async for name, values in self._events():
            yield event({"type": name, "sequence_number": number} | values, name)
            number += 1

    async def _events(self) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        place = {"output_index": 0, "item_id": self._item}
        whole, begun = Whole(), False
        async with aclosing(self._made.pieces()) as pieces:
            async for piece in pieces:
                whole.add(piece)
                if not begun:
                    begun = True
                    for one in self._opening(place):
                        yield one
                for one in _of_piece(piece, place):
                    yield one
        finished = self._finished(whole)
        (item,) = finished["output"]
        (part,) = item["content"]
        inner = place | {"content_index": 0}
        yield "response.output_text.done", inner | {"text": whole.text, "logprobs": []}
        yield "response.content_part.done", inner | {"part": part}
        yield "response.output_item.done", {"output_index": 0, "item": item}
        name = "completed" if finished["status"] == "completed" else "incomplete"
        yield f"response.{name}", {"response": finished}

    def _opening(self, place: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        begun = self._head("in_progress")
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        yield "response.output_item.added", {"output_index": 0, "item": self._message("", None)}
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        yield "response.content_part.added", place | {"content_index": 0, "part": part}

    def _conversation(self) -> list[ChatMessage]:
        body, before = self._body, []
        if body.previous_response_id is not None:
            kept = json.loads(_kept(self._state, self._key, body.previous_response_id)[1])
            before = [ChatMessage(**message) for message in kept]
        if isinstance(body.input, str):
            return [*before, ChatMessage(role="user", content=body.input)]
        return [*before, *(ChatMessage(role=m.role, content=m.content) for m in body.input)]

    def _chat(self) -> ChatRequest:
        body = self._body
        first = [ChatMessage(role="system", content=body.instructions)] if body.instructions else []
        return ChatRequest(
            model=self._model(),
            messages=[*first, *self._said][-1000:],
            max_tokens=body.max_output_tokens,
            temperature=body.temperature,
            top_p=body.top_p,
        )

    def _model(self) -> str:
        if not self._body.tools:
            return self._body.model
        if writes(self._body.model):
            raise ApiError(
                400,
                f"{self._body.model} searches no files. Use the model dragon.",
                "unsupported_parameter",
                "tools",
            )
        store = self._body.tools[0].vector_store_ids[0]
        self._state.libraries.get(store, "tools")
        return "dragon" if store == DEFAULT_ID else f"dragon:{store}"

    def _finished(self, whole: Whole) -> dict[str, Any]:
        status = "completed" if whole.end.reason == "stop" else "incomplete"
        usage = self._made.usage
        finished = self._head(status) | {
            "output": [self._message(whole.text, whole.end)],
            "usage": {
                "input_tokens": usage.prompt,
                "input_tokens_details": {"cached_tokens": usage.cached},
                "output_tokens": usage.written,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": usage.prompt + usage.written,
            },
        }
        if status == "incomplete":
            finished["incomplete_details"] = {"reason": "max_output_tokens"}
        if whole.end.dragon:
            finished["dragon"] = whole.end.dragon
        if self._body.store is not False:
            self._keep(finished, whole.text)
        return finished

    def _keep(self, finished: dict[str, Any], text: str) -> None:
        said = [*self._said, ChatMessage(role="assistant", content=text)]
        self._state.database.rows(
            "INSERT INTO responses VALUES (?, ?, ?, ?, ?)",
            self._id,
            self._key.id,
            self._created,
            json.dumps(finished),
            json.dumps([message.model_dump() for message in said]),
        )

    def _head(self, status: str) -> dict[str, Any]:
        body = self._body
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "model": body.model,
            "output": [],
            "parallel_tool_calls": False,
            "previous_response_id": body.previous_response_id,
            "store": body.store is not False,
            "temperature": body.temperature,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [tool.model_dump() for tool in body.tools or []],
            "top_p": body.top_p,
            "usage": None,
            "metadata": body.metadata or {},
        }

    def _message(self, text: str, end: End | None) -> dict[str, Any]:
        part = {
            "type": "output_text",
            "text": text,
            "annotations": _annotations(end) if end else [],
            "logprobs": [],
        }
        return {
            "id": self._item,
            "type": "message",
            "role": "assistant",
            "status": "completed" if end else "in_progress",
            "content": [part] if end else [],
        }


def _of_piece(piece: Piece, place: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    inner = place | {"content_index": 0}
    if piece.text:
        yield "response.output_text.delta", inner | {"delta": piece.text, "logprobs": []}
    if piece.end:
        for number, note in enumerate(_annotations(piece.end)):
            values = {"annotation_index": number, "annotation": note}
            yield "response.output_text.annotation.added", inner | values


def _annotations(end: End) -> list[dict[str, Any]]:
    """Citations as file citations, each at the place of its number in the text."""
    cited = (end.dragon or {}).get("citations", [])
    return [
        {
            "type": "file_citation",
            "index": note["url_citation"]["start_index"],
            "file_id": _file_id(citation["document"]),
            "filename": citation["document"].rsplit("/", 1)[-1],
        }
        for citation, note in zip(cited, end.annotations, strict=False)
    ]


def _file_id(document: str) -> str:
    first = document.split("/", 1)[0]
    return first if first.startswith("file-") else document


def _kept(state: State, key: Key, response: str) -> tuple[str, str]:
    row = state.database.row(
        "SELECT body, history FROM responses WHERE id = ? AND owner = ?", response, key.id
    )
    if row is None:
        raise missing("response", response, "response_not_found", "response_id")
    return row["body"], row["history"]
