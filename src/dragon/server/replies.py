"""Replies, whatever makes them: pieces of text and then the end, in one form for every endpoint.

In: a model's name and a conversation. Out: `Piece`s of one or more choices, each ended by `End`.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dragon.server.errors import ApiError, missing
from dragon.server.library import DEFAULT_ID, Library

if TYPE_CHECKING:
    from dragon.server.state import State


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation: system, user or assistant, and its text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read, those of them that were cached, and tokens written."""

    prompt: int = 0
    written: int = 0
    cached: int = 0

    def as_chat(self) -> dict[str, Any]:
        """As chat and completions tell it."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.written,
            "total_tokens": self.prompt + self.written,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        }


@dataclass(frozen=True, slots=True)
class End:
    """How a choice ended: "stop" or "length", with what stands behind its text."""

    reason: str
    usage: Usage
    dragon: dict[str, Any] | None = None
    annotations: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """What comes next of one choice."""

    text: str = ""
    choice: int = 0
    citations: tuple[dict[str, Any], ...] = ()
    logprobs: tuple[dict[str, Any], ...] = ()
    end: End | None = None


@dataclass(slots=True)
class Whole:
    """A choice, collected."""

    text: str = ""
    logprobs: list[dict[str, Any]] = field(default_factory=list)
    end: End = End("stop", Usage())

    def add(self, piece: Piece) -> None:
        """Append a piece."""
        self.text += piece.text
        self.logprobs += piece.logprobs
        self.end = piece.end or self.end


def library_of(state: "State", model: str) -> Library:
    """The library that a model's name stands for.

    Raises:
        ApiError: 404 if there is no such model.
    """
    if model == "dragon":
        return state.libraries.get(DEFAULT_ID)
    try:
        return state.libraries.get(model.removeprefix("dragon:"), "model")
    except ApiError:
        raise missing("model", model, "model_not_found", "model") from None
