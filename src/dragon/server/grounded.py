"""Answers that another server writes from our passages, shown as far as quotes prove them.

In: a question and a library. Out: the same events as the reader's answers have.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragon.answer import Answer
from dragon.answer.types import Timings
from dragon.answer.types import Usage as AnswerUsage
from dragon.retrieval import Hit
from dragon.server.answers import Told
from dragon.server.errors import ApiError
from dragon.server.library import Library
from dragon.server.quoting import Quoting
from dragon.server.remote import Remote, TooLongError
from dragon.server.replies import Message, Usage
from dragon.text.replies import NOT_FOUND

if TYPE_CHECKING:
    from dragon.server.state import State

INSTRUCTIONS = (
    "Answer the question from the passages below and from nothing else. Be brief. Prove every "
    "statement: copy the words that say it out of the passage, without changing any, and put them "
    'between double quotation marks, like "the words of the passage". If the passages do not '
    f"answer the question, write only: {NOT_FOUND}"
)


@dataclass(slots=True)
class _Made:
    """An answer in the making."""

    quoting: Quoting
    hits: Sequence[Hit]
    usage: Usage | None = None
    began: float = 0.0
    first: float = 0.0


async def from_generator(
    state: "State", remote: Remote, library: Library, question: str, asked: str
) -> AsyncGenerator[Told]:
    """Search here, write there, prove here.

    Raises:
        ApiError: where nothing can be answered from, or for whatever goes wrong there.
    """
    began = time.perf_counter()
    found = await state.worker.call(lambda: state.answers.search(library, asked))
    retrieved = time.perf_counter()
    hits = list(found.hits)
    while True:
        made = _Made(Quoting(hits, found.texts), hits, began=began)
        try:
            async with aclosing(_written(remote, made, asked)) as events:
                async for told in events:
                    yield told
            break
        except TooLongError:
            # Nothing was written yet; fewer passages may fit.
            if len(hits) < 2:
                raise ApiError(
                    502, "The generator's context is too small for a passage.", "generator_failed"
                ) from None
            hits = hits[: len(hits) // 2]
    if not made.quoting.citations:
        yield Told(NOT_FOUND)
    usage = made.usage or _counted(state, made, asked)
    done = time.perf_counter()
    yield Told(
        "",
        answer=Answer(
            question=question,
            asked=asked,
            answer=made.quoting.text or NOT_FOUND,
            abstained=not made.quoting.citations,
            contradiction=False,
            citations=tuple(made.quoting.citations),
            passages=tuple(made.hits),
            model=remote.name,
            usage=AnswerUsage(usage.prompt, usage.written),
            timings=Timings(
                *(
                    round(1000 * seconds, 1)
                    for seconds in (retrieved - began, (made.first or done) - began, done - began)
                )
            ),
        ),
        marks=tuple(made.quoting.marks),
        unproven=made.quoting.unproven,
    )


async def _written(remote: Remote, made: _Made, asked: str) -> AsyncGenerator[Told]:
    if not made.hits:
        return
    async with aclosing(remote.write(prompt(asked, made.hits))) as pieces:
        async for piece in pieces:
            made.usage = piece.usage or made.usage
            told = made.quoting.feed(piece.text)
            if told.text or told.citations:
                made.first = made.first or time.perf_counter()
                yield told
    yield made.quoting.finish()


def prompt(asked: str, hits: Sequence[Hit]) -> list[Message]:
    """The messages for a question [1] about passages."""
    parts = [
        f"Passage {number} ({hit.passage.heading or hit.passage.title}):\n{hit.passage.text}"
        for number, hit in enumerate(hits, 1)
    ]
    text = "\n\n".join([*parts, f"Question: {asked}"])
    return [Message("system", INSTRUCTIONS), Message("user", text)]


def _counted(state: "State", made: _Made, asked: str) -> Usage:
    """What it took, in tokens of our own reader, where the other server does not say."""
    count = state.answers.reader.count
    read = sum(count(message.text) for message in prompt(asked, made.hits))
    return Usage(read, count(made.quoting.text))
