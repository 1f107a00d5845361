"""From a request to its reply in the making: which model it means, and what is counted of it.

In: a checked request. Out: `Replies`, to be read as pieces or collected.
"""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from dragon.answer.answerer import checked
from dragon.server.asking import from_documents
from dragon.server.errors import ApiError
from dragon.server.replies import End, Piece, Usage, Whole, library_of
from dragon.server.requests import ChatRequest, check_encodable, check_quotable
from dragon.server.state import State
from dragon.server.writers import writes


class Replies:
    """One reply, or several choices of it.

    Attributes:
        choices: how many.
        usage: what it took, known at the end.
        ended: called with the (last) choice and whether it was finished, if anything was said;
            also when the client has left.
    """

    def __init__(
        self,
        state: State,
        model: str,
        make: Callable[[], AsyncGenerator[Piece]],
        choices: int = 1,
    ) -> None:
        self._state, self._model, self._make = state, model, make
        self.choices, self.usage = choices, Usage()
        self.ended: Callable[[Whole, bool], None] = lambda whole, finished: None

    async def pieces(self) -> AsyncGenerator[Piece]:
        """The pieces, as they come."""
        began: float | None = time.perf_counter()
        whole, finished, ended = Whole(), False, "left"
        try:
            async with aclosing(self._make()) as pieces:
                async for piece in pieces:
                    if began is not None and piece.text:
                        seconds = time.perf_counter() - began
                        self._state.metrics.first.labels(self._kind).observe(seconds)
                        began = None
                    if piece.end:
                        self._count(piece.end)
                        finished = True
                    whole.add(piece)
                    yield piece
            ended = "done"
        except Exception:
            ended = "failed"
            raise
        finally:
            self._state.metrics.replies.labels(ended).inc()
            if whole.text or finished:
                self.ended(whole, finished)

    async def collect(self) -> list[Whole]:
        """All choices, whole."""
        found = [Whole() for _ in range(self.choices)]
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                found[piece.choice].add(piece)
        return found

    @property
    def _kind(self) -> str:
        return "raw" if writes(self._model) else "documents"

    def _count(self, end: End) -> None:
        u, e = self.usage, end.usage
        self.usage = Usage(max(u.prompt, e.prompt), u.written + e.written, max(u.cached, e.cached))
        tokens = self._state.metrics.tokens
        tokens.labels("written").inc(e.written)
        if u.prompt == 0:
            tokens.labels("cached").inc(e.cached)
            tokens.labels("read").inc(e.prompt - e.cached)


def replies(state: State, body: ChatRequest, base: str = "") -> Replies:
    """The reply to a chat request; may open a model, so for a thread that may wait.

    Args:
        state: of the server.
        body: the request.
        base: the server's address, for links to sources.

    Raises:
        ApiError: for a model that is not there, or a field that it does not support.
    """
    messages = body.conversation()
    for number, message in enumerate(messages):
        check_encodable(message.text, f"messages.{number}.content")
    if writes(body.model):
        writer = state.writer(body.model)
        writing = writer.chat(body, messages)
        return Replies(state, body.model, lambda: writer.stream(writing), writing.choices)
    library = library_of(state, body.model)
    check_quotable(body)
    if messages[-1].role != "user":
        raise ApiError(400, "The last message must be the user's.", "invalid_value", "messages")
    checked(messages[-1].text)
    return Replies(
        state,
        body.model,
        lambda: from_documents(state, library, messages, body.most_tokens, base),
    )
