"""What clients may send: OpenAI's fields where they are supported; others are refused by name.

In: JSON. Out: checked requests.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dragon.server.errors import ApiError, refused
from dragon.server.replies import Message

Bias = Annotated[float, Field(ge=-100, le=100)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Text = Annotated[str, Field(max_length=1_000_000)]
Metadata = Annotated[dict[str, Annotated[str, Field(max_length=512)]], Field(max_length=16)]
Stop = Text | Annotated[list[Text], Field(max_length=4)]


class Body(BaseModel):
    """A JSON object without unknown fields."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class TextPart(Body):
    """A part of a message; only text is read."""

    type: Literal["text", "input_text", "output_text"]
    text: Text
    annotations: list[Any] = []


class ChatMessage(BaseModel):
    """A message. What a reply of ours carried may come back with it."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | Annotated[list[TextPart], Field(max_length=1000)] | None = None

    def as_message(self) -> Message:
        """Its text in one piece."""
        return Message(self.role, text_of(self.content))


class StreamOptions(Body):
    """How a stream ends."""

    include_usage: bool = False


class JsonSchema(Body):
    """A schema that the reply must obey."""

    name: str = "reply"
    description: str | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Body):
    """Text, any JSON object, or JSON of a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Sampled(Body):
    """What chat and completions share."""

    model: Annotated[str, Field(max_length=200)] = "dragon"
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=16)] | None = None
    stop: Stop | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, Bias] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    metadata: Metadata | None = None

    @property
    def with_usage(self) -> bool:
        """Whether a stream ends with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(Sampled):
    """POST /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1000)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None

    @property
    def most_tokens(self) -> int | None:
        """The limit on the reply's length, under either of its names."""
        return self.max_completion_tokens or self.max_tokens

    def conversation(self) -> list[Message]:
        """The messages as plain text."""
        return [message.as_message() for message in self.messages]


_QUOTED = "answers from documents are quoted, not drawn."
_ONLY: dict[str, tuple[Any, ...]] = {
    "temperature": (0, 1),
    "top_p": (1,),
    "n": (1,),
    "stop": ([],),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "top_logprobs": (0,),
}


def check_quotable(request: Sampled) -> None:
    """Refuse, by name, what cannot be had of an answer that is quoted.

    Raises:
        ApiError: 400 for the first such field.
    """
    for name, allowed in _ONLY.items():
        value = getattr(request, name, None)
        if value is not None and value not in allowed:
            raise refused(name, _QUOTED, "Leave it out, or use the model dragon:raw.")
    shape = getattr(request, "response_format", None)
    if shape is not None and shape.type != "text":
        raise refused("response_format", _QUOTED, "Leave it out, or use the model dragon:raw.")


def text_of(content: str | list[TextPart] | None) -> str:
    """The text of a message's content."""
    if isinstance(content, list):
        return "\n".join(part.text for part in content)
    return content or ""


def check_encodable(text: str, field: str) -> None:
    """Refuse halves of characters, which JSON can carry and nothing can store.

    Raises:
        ApiError: 400.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ApiError(400, f"{field} is not valid Unicode.", "invalid_value", field) from None
