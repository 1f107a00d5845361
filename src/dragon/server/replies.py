"""Replies, whatever makes them: pieces of text and then the end, in one form for every endpoint.

In: a model's name and a conversation. Out: `Piece`s of one or more choices, each ended by `End`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dragon.answer import Answer
from dragon.server.answers import Told, annotations, cited, described, standalone
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


async def from_documents(
    state: "State",
    library: Library,
    messages: Sequence[Message],
    max_tokens: int | None = None,
    base: str = "",
) -> AsyncGenerator[Piece]:
    """Answer the last message from a library; what was asked before gives it its context.

    Raises:
        ApiError: where nothing can be answered from.
        InputError: for an empty or endless question.
    """
    question = messages[-1].text
    asked = standalone([m.text for m in messages if m.role == "user"])
    cut = _Cut(max_tokens, state.answers.reader.count)
    kept = state.answers.kept(library, question, asked)
    for told in kept or ():
        yield _piece(told, library, cut, base)
    if kept is not None:
        return
    events = state.worker.stream(lambda: state.answers.ask(library, question, asked))
    async with aclosing(events):
        async for told in events:
            yield _piece(told, library, cut, base)


def _piece(told: Told, library: Library, cut: "_Cut", base: str) -> Piece:
    text = cut(told.text)
    citations = tuple(cited(c, library) for c in told.citations)
    if told.answer is None:
        return Piece(text, citations=citations)
    return Piece(text, end=_end(told.answer, told.cached, library, cut, base))


def _end(answer: Answer, cached: bool, library: Library, cut: "_Cut", base: str) -> End:
    usage = answer.usage
    notes = annotations(answer, library, base)
    return End(
        "length" if cut.is_full else "stop",
        Usage(usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens * cached),
        described(answer, library, cached),
        tuple(n for n in notes if n["url_citation"]["end_index"] <= cut.said or not cut.is_full),
    )


class _Cut:
    """Ends a text at a number of tokens; None never ends it."""

    def __init__(self, most: int | None, count: Callable[[str], int]) -> None:
        self._most, self._count = most, count
        self._text = ""
        self.is_full = False

    @property
    def said(self) -> int:
        """Characters that were let through."""
        return len(self._text)

    def __call__(self, text: str) -> str:
        if self._most is None:
            self._text += text
            return text
        if self.is_full:
            return ""
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._count(self._text + text[:middle]) <= self._most
            low, high = (middle, high) if fits else (low, middle - 1)
        self.is_full = low < len(text)
        self._text += text[:low]
        return text[:low]
