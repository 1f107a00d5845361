"""Conversations of the web page: kept by the server, answered as a stream."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from dragon.server.access import Asker, Running
from dragon.server.conversations import Conversations, as_markdown
from dragon.server.database import new_id
from dragon.server.replies import Whole
from dragon.server.replying import replies
from dragon.server.requests import Body, ChatMessage, ChatRequest, StreamOptions, check_encodable
from dragon.server.routes.chat import streamed
from dragon.server.streams import EventStream

router = APIRouter(prefix="/api", tags=["conversations"])
Title = Annotated[str, Field(min_length=1, max_length=200)]
Model = Annotated[str, Field(max_length=200)]


def own(state: Running, key: Asker) -> Conversations:
    """The conversations of the one who asks."""
    return Conversations(state.database, key.id)


Own = Annotated[Conversations, Depends(own)]


class NewConversation(Body):
    """A conversation to begin."""

    title: Title | None = None
    model: Model = "dragon"


class ChangedConversation(Body):
    """What is to be changed of one."""

    title: Title | None = None
    model: Model | None = None


class Question(Body):
    """A question within a conversation."""

    content: Annotated[str, Field(max_length=100_000)]
    model: Model | None = None
    replace: Annotated[str, Field(max_length=100)] | None = None


class Feedback(Body):
    """What somebody thinks of a reply."""

    rating: Literal["up", "down"] | None
    comment: Annotated[str, Field(max_length=4000)] = ""


@router.get("/conversations")
def conversations(
    kept: Own,
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> dict[str, Any]:
    """Conversations, the newest first; `q` looks into titles and messages."""
    found, total = kept.page(q, limit, offset)
    return {"conversations": found, "total": total}


@router.post("/conversations", status_code=201)
def create(body: NewConversation, kept: Own) -> dict[str, Any]:
    """Begin a conversation."""
    check_encodable(body.title or "", "title")
    check_encodable(body.model, "model")
    return kept.create(body.title or "", body.model)


@router.delete("/conversations")
def delete_all(kept: Own) -> dict[str, Any]:
    """Delete all conversations."""
    return {"deleted": kept.delete_all()}


@router.get("/conversations/{conversation}")
def conversation(conversation: str, kept: Own) -> dict[str, Any]:
    """A conversation with its messages."""
    found = kept.get(conversation)
    messages = kept.messages(conversation)
    return found | {"messages": messages, "count": len(messages)}


@router.patch("/conversations/{conversation}")
def change(conversation: str, body: ChangedConversation, kept: Own) -> dict[str, Any]:
    """Rename a conversation, or choose another model for it."""
    check_encodable((body.title or "") + (body.model or ""), "title")
    return kept.change(conversation, body.title, body.model)


@router.delete("/conversations/{conversation}")
def delete(conversation: str, kept: Own) -> dict[str, Any]:
    """Delete a conversation."""
    kept.delete(conversation)
    return {"deleted": True, "id": conversation}


@router.get("/conversations/{conversation}/export", response_model=None)
def export(
    conversation: str, kept: Own, format: Literal["markdown", "json"] = "markdown"
) -> Response:
    """A conversation as a file."""
    found, messages = kept.get(conversation), kept.messages(conversation)
    ending = "md" if format == "markdown" else "json"
    headers = {"Content-Disposition": f'attachment; filename="{found["id"]}.{ending}"'}
    if format == "json":
        return JSONResponse(found | {"messages": messages, "count": len(messages)}, headers=headers)
    text = as_markdown(found, messages)
    return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)


@router.put("/messages/{message}/feedback")
def feedback(message: str, body: Feedback, kept: Own) -> dict[str, Any]:
    """Say what a reply was worth; a rating of null takes it back."""
    check_encodable(body.comment, "comment")
    return kept.feedback(message, body.model_dump() if body.rating else None)


@router.post("/conversations/{conversation}/messages", response_model=None)
def ask(conversation: str, body: Question, request: Request, state: Running, kept: Own) -> Response:
    """Ask, and stream the reply as /v1/chat/completions does; both are kept."""
    model = body.model or kept.get(conversation)["model"]
    before = kept.messages(conversation)
    if body.replace is not None:
        ids = [message["id"] for message in before]
        before = before[: ids.index(body.replace)] if body.replace in ids else before
    said = [ChatMessage(role=m["role"], content=m["content"]) for m in before]
    chat = ChatRequest(
        model=model,
        messages=[*said, ChatMessage(role="user", content=body.content)][-1000:],
        stream=True,
        stream_options=StreamOptions(include_usage=True),
    )
    # Whatever refuses the question does so before anything is written.
    made = replies(state, chat, str(request.base_url).rstrip("/"))
    user = kept.ask(conversation, body.content, body.replace, model)
    answer = new_id("msg")
    first = {
        "conversation": kept.get(conversation),
        "user_message": user,
        "message_id": answer,
    }

    def keep(whole: Whole, finished: bool) -> None:
        kept.reply(conversation, answer, whole.text, model, whole.end.dragon, not finished)

    made.ended = keep
    return EventStream(state, streamed(made, chat, first))
