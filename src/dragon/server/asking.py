"""A reply from documents: by the reader, or by another server that is held to quotes.

In: a library and a conversation. Out: `Piece`s, the last of them ended by `End`.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from dragon.answer import Answer
from dragon.server.answers import Told, annotations, cited, described, standalone
from dragon.server.grounded import from_generator
from dragon.server.library import Library
from dragon.server.replies import End, Message, Piece, Usage

if TYPE_CHECKING:
    from dragon.server.state import State


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
    async with aclosing(_told(state, library, question, asked)) as events:
        async for told in events:
            yield _piece(told, library, cut, base)


async def _told(
    state: "State", library: Library, question: str, asked: str
) -> AsyncGenerator[Told]:
    """What is told, kept for the next time that the same is asked of the same documents."""
    answers, version = state.answers, library.version()
    kept = answers.kept(library, question, asked)
    if kept is not None:
        for told in kept:
            yield told
        return
    fresh: list[Told] = []
    if state.remote:
        events = from_generator(state, state.remote, library, question, asked)
    else:
        events = state.worker.stream(lambda: answers.ask(library, question, asked))
    async with aclosing(events):
        async for told in events:
            fresh.append(told)
            yield told
    answers.keep(library, version, question, asked, fresh)


def _piece(told: Told, library: Library, cut: "_Cut", base: str) -> Piece:
    text = cut(told.text)
    citations = tuple(cited(c, library) for c in told.citations)
    if told.answer is None:
        return Piece(text, citations=citations)
    return Piece(text, end=_end(told, told.answer, library, cut, base))


def _end(told: Told, answer: Answer, library: Library, cut: "_Cut", base: str) -> End:
    usage = answer.usage
    # Another server has counted its own; ours are those of the text, as max_tokens counts.
    written = cut.tokens if told.marks is None else usage.completion_tokens
    notes = annotations(told, answer, library, base)
    return End(
        "length" if cut.is_full else "stop",
        Usage(usage.prompt_tokens, written, usage.prompt_tokens * told.cached),
        described(told, answer, library),
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

    @property
    def tokens(self) -> int:
        """Tokens of them."""
        return self._count(self._text)

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
