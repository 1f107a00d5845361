"""A causal model writes freely, many requests at once through the serving core.

In: token ids and how to continue them. Out: pieces of each choice, as they are written.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.engine import Engine
from dragon.engine.sampling import Sampling
from dragon.engine.serving import Event, Request, ServingEngine, Stream
from dragon.errors import ConfigError, InputError
from dragon.server.embeddings import StateEmbedder
from dragon.server.errors import ApiError, refused
from dragon.server.prompts import Prompts
from dragon.server.replies import End, Message, Piece, Usage
from dragon.server.requests import ChatRequest, ResponseFormat, Sampled
from dragon.tokenizer import load_tokenizer

MEMORY = 1 << 30  # bytes of keys and values
SEQUENCES = 64  # written together: the same speed as fewer, and nobody waits for a first word
ANY_OBJECT: dict[str, Any] = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Writing:
    """One request for `choices` continuations of the same prompt."""

    request: Request
    choices: int


class Generator:
    """A model folder that writes.

    Args:
        folder: of a causal model.

    Raises:
        CheckpointError: if it is none or damaged.
        ConfigError: if it reads in both directions.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        engine = Engine.open(folder)
        if engine.config.attention == "bidirectional":
            raise ConfigError(
                f"The model in {folder} only reads.", "Give --generator a causal one."
            )
        self.context = engine.config.max_position_embeddings
        self._vocabulary = engine.config.vocab_size
        self.tokenizer = load_tokenizer(folder)
        self.prompts = Prompts(self.tokenizer, folder)
        self.embedder = StateEmbedder(engine, self.tokenizer)
        self.serving = ServingEngine(
            engine, memory_budget=MEMORY, max_sequences=SEQUENCES, tokenizer=self.tokenizer
        )
        self._grammars: Any = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being written, nor waits to be."""
        stats = self.serving.stats()
        return stats.running + stats.waiting == 0

    def close(self) -> None:
        """Cancel what is going on and free the memory."""
        self.serving.close()

    def chat(self, body: ChatRequest, messages: Sequence[Message]) -> Writing:
        """What a chat request asks for."""
        prompt = self.prompts.chat(messages)
        logprobs = (body.top_logprobs or 0) if body.logprobs else None
        if body.top_logprobs and not body.logprobs:
            raise ApiError(
                400, "top_logprobs needs logprobs: true.", "invalid_value", "top_logprobs"
            )
        return self.writing(body, prompt, body.most_tokens, logprobs, body.response_format)

    def writing(
        self,
        body: Sampled,
        prompt: list[int],
        max_tokens: int | None,
        logprobs: int | None = None,
        shape: ResponseFormat | None = None,
    ) -> Writing:
        """What a request asks for, with a prompt [T] of ids.

        Raises:
            ApiError: 400 context_length_exceeded, or for a field that cannot be obeyed.
        """
        room = self.context - len(prompt)
        if room < 1:
            raise ApiError(
                400,
                f"The prompt has {len(prompt)} tokens; the model reads {self.context}. Shorten it.",
                "context_length_exceeded",
                "messages",
            )
        request = Request(
            prompt_ids=prompt,
            max_tokens=min(max_tokens or room, room),
            sampling=_sampling(body),
            stop_ids=self.prompts.ends,
            stop_strings=_stops(body),
            constraint=self._constraint(shape),
            logprobs=logprobs,
        )
        return Writing(request, body.n or 1)

    async def stream(self, writing: Writing) -> AsyncGenerator[Piece]:
        """Write all choices side by side; closing the generator cancels them."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def notify() -> None:
            loop.call_soon_threadsafe(news.set)

        streams = self.serving.submit_copies(writing.request, writing.choices, notify)
        waiting = dict(enumerate(streams))
        last: dict[int, int | None] = dict.fromkeys(waiting)
        try:
            while waiting:
                await news.wait()
                news.clear()
                for choice, stream in list(waiting.items()):
                    ended = stream.finish_reason
                    if events := stream.ready():
                        yield self._piece(choice, events, last)
                    if ended:
                        del waiting[choice]
                        yield Piece(choice=choice, end=_end(stream))
        finally:
            for stream in waiting.values():
                stream.cancel()

    def _piece(self, choice: int, events: Sequence[Event], last: dict[int, int | None]) -> Piece:
        """What came together is sent together: a slow loop or client costs no write a token.

        Of each choice, `last` knows the token before, and learns the last of these.
        """
        text = "".join(event.text for event in events)
        logprobs: list[dict[str, Any]] = []
        for event in events:
            logprobs += self._logprobs(event, last[choice])
            last[choice] = last[choice] if event.token is None else event.token
        return Piece(text, choice, logprobs=tuple(logprobs))

    def _logprobs(self, event: Event, before: int | None) -> Iterator[dict[str, Any]]:
        if event.logprob is not None and event.token is not None:
            # Some models' matrices have more rows than their vocabulary has tokens.
            told = [(id, v) for id, v in event.top_logprobs if id < self.tokenizer.vocab_size]
            best = [self._logprob(id, value, before) for id, value in told]
            yield self._logprob(event.token, event.logprob, before) | {"top_logprobs": best}

    def _logprob(self, id: int, value: float, before: int | None) -> dict[str, Any]:
        piece = self.tokenizer.piece(id, before)
        text = piece.decode("utf-8", "replace") or self.tokenizer.token(id)
        return {"token": text, "logprob": max(value, -9999.0), "bytes": list(piece)}

    def _constraint(self, shape: ResponseFormat | None) -> Any:
        if shape is None or shape.type == "text":
            return None
        schema = ANY_OBJECT
        if shape.type == "json_schema":
            if shape.json_schema is None:
                raise ApiError(
                    400, "json_schema is missing.", "invalid_value", "response_format.json_schema"
                )
            schema = shape.json_schema.schema_
        try:
            if self._grammars is None:
                from dragon.engine.constraints import GrammarCompiler

                self._grammars = GrammarCompiler(
                    self.tokenizer, self._vocabulary, self.prompts.ends
                )
            return self._grammars.json_schema(schema)
        except ConfigError as error:
            raise refused("response_format", error.problem, error.remedy) from None
        except InputError as error:
            raise ApiError(400, str(error), "invalid_value", "response_format") from None


def _sampling(body: Sampled) -> Sampling:
    try:
        bias = {int(token): value for token, value in (body.logit_bias or {}).items()}
    except ValueError:
        raise ApiError(
            400, "logit_bias: token ids are numbers.", "invalid_value", "logit_bias"
        ) from None
    return Sampling(
        temperature=1.0 if body.temperature is None else body.temperature,
        top_p=1.0 if body.top_p is None else body.top_p,
        seed=None if body.seed is None else body.seed % 2**63,
        frequency_penalty=body.frequency_penalty or 0.0,
        presence_penalty=body.presence_penalty or 0.0,
        logit_bias=bias,
    )


def _stops(body: Sampled) -> tuple[str, ...]:
    if body.stop is None:
        return ()
    return (body.stop,) if isinstance(body.stop, str) else tuple(body.stop)


def _end(stream: Stream) -> End:
    if stream.error is not None:
        raise stream.error
    if stream.finish_reason == "cancelled":
        raise ApiError(503, "The server stops. Try again.", "stopping", retry_after=5)
    used = stream.usage
    usage = Usage(used.prompt_tokens, used.completion_tokens, used.cached_tokens)
    return End("length" if stream.finish_reason == "length" else "stop", usage)
