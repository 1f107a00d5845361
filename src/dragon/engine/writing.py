"""The decode step: which tokens of a sequence are to be read next, and what is written after them.

In: a prompt and how to continue it. Out: pieces to read, and for their logits the tokens written.
`Engine.generate` drives one sequence, the serving core many; a sequence whose cache is taken away
(`session = None`) continues from its tokens as if nothing had happened.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dragon.config import ModelConfig
from dragon.engine.body import Floats
from dragon.engine.constraints.base import Constraint
from dragon.engine.embedding import Ids
from dragon.engine.lookup import Guesser, PromptLookup
from dragon.engine.sampling import Sampler, Sampling, log_probabilities
from dragon.engine.session import Network, Piece, Session, visible_rows
from dragon.engine.text_output import TextOutput
from dragon.engine.truncation import largest
from dragon.errors import InputError

GREEDY = Sampling()
FinishReason = Literal["stop", "length", "cancelled", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """What a step adds to the answer.

    Attributes:
        token: its id; None where text that had been held back comes after the last token.
        text: what is certain by now to belong to the answer; it may lag behind the tokens, by half
            a character or by the beginning of a stop string. Empty without a tokenizer.
        logprob: natural logarithm of the token's probability, before sampling changed it.
        top_logprobs: the most probable tokens and theirs, most probable first.
    """

    token: int | None
    text: str = ""
    logprob: float | None = None
    top_logprobs: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """What is to be written after a prompt.

    Attributes:
        prompt_ids: tokens [T] of the prompt.
        max_tokens: to write at most.
        sampling: how tokens are chosen.
        stop_ids: tokens that end the answer and are not part of it.
        stop_strings: texts that end the answer and are not part of it; they need a tokenizer.
        constraint: what the answer must obey.
        logprobs: None for none, 0 for the written tokens', n for the n most probable as well.
        prefix_length: as in `Session.prefill`.
    """

    prompt_ids: Collection[int] | Ids
    max_tokens: int
    sampling: Sampling = GREEDY
    stop_ids: Collection[int] = ()
    stop_strings: Collection[str] = ()
    constraint: Constraint | None = None
    logprobs: int | None = None
    prefix_length: int | None = None

    def check(self, network: Network) -> None:
        """Raise InputError for what this model cannot do."""
        config = network.config
        check_writes(config)
        if self.max_tokens < 0:
            raise InputError(f"max_tokens is {self.max_tokens}.", "It must be 0 or more.")
        if self.logprobs is not None and not 0 <= self.logprobs <= config.vocab_size:
            raise InputError(
                f"logprobs is {self.logprobs}.", f"It must be from 0 to {config.vocab_size}."
            )
        if "" in self.stop_strings:
            raise InputError("A stop string is empty.", "Leave it out.")
        self.sampling.check_vocabulary(config.vocab_size)


class Writer:
    """One sequence being continued.

    Args:
        network: the model.
        writing: what is to be written; `check` has passed.
        text: makes text of the tokens and looks for stop strings; None leaves text out.
        lookup: guess tokens ahead; the answer is the same.

    Attributes:
        prompt: its tokens [T].
        tokens: the prompt and what has been written.
        session: what has been read of them; None to start anew.
        finish_reason: why it ended; None while it goes on.
    """

    def __init__(
        self,
        network: Network,
        writing: Writing,
        text: TextOutput | None = None,
        lookup: PromptLookup | None = None,
    ) -> None:
        self.network = network
        self.writing = writing
        self.prompt = network.embedding.check_ids(np.asarray(writing.prompt_ids))
        self.tokens: list[int] = self.prompt.tolist()
        self.session: Session | None = None
        context = network.config.max_position_embeddings
        # The last token written is never read, so that it may stand one behind the context.
        self._end = min(len(self.prompt) + writing.max_tokens, context + 1)
        self.finish_reason: FinishReason | None = "length" if writing.max_tokens == 0 else None
        self._visible = visible_rows(network.config, 0, len(self.prompt), writing.prefix_length)
        self._sampler = Sampler(writing.sampling, self.tokens)
        self._matcher = writing.constraint.start() if writing.constraint else None
        self._text = text
        self.guesser = Guesser(lookup) if lookup else None
        self._guess: list[int] = []

    @property
    def pending(self) -> int:
        """Tokens that are known and not yet read."""
        return len(self.tokens) - (self.session.length if self.session else 0)

    @property
    def written(self) -> int:
        """Tokens written."""
        return len(self.tokens) - len(self.prompt)

    @property
    def can_be_cut(self) -> bool:
        """Whether the prompt may be read in pieces, and a part of it be shared."""
        return self._visible == 0

    def piece(self, limit: int) -> Piece:
        """The next tokens to read, at least one.

        Args:
            limit: how many at most, unless the prompt cannot be cut.
        """
        if self.session is None:
            self.session = Session(self.network)
        start = self.session.length
        limit = max(limit, self._visible - start)
        known = self.tokens[start : start + limit]
        complete = start + len(known) == len(self.tokens)
        room = min(limit - len(known), self._end - len(self.tokens) - 1)
        self._guess = []
        if complete and self.guesser and room > 0 and self.written:
            self._guess = self.guesser.guess(self.tokens, room)
        ids = np.array(known + self._guess, np.int32)
        return Piece(self.session, ids, self._visible, 1 + len(self._guess) if complete else 0)

    def take(self, logits: Floats) -> Iterator[Event]:
        """Write what follows the piece that was read.

        Args:
            logits: [wanted, V] as the piece asked for.
        """
        guess, self._guess = self._guess, []
        right = 0
        for row, scores in enumerate(logits):
            event = self._write(scores)
            if event is not None:
                yield event
            if self.finish_reason or row == len(guess) or self.tokens[-1] != guess[row]:
                break
            right += 1
        if guess and self.guesser:
            self.guesser.learn(len(guess), right)
        if self.session and self.session.length >= len(self.tokens):
            self.session.truncate(len(self.tokens) - 1)

    def _write(self, logits: Floats) -> Event | None:
        token = self._sampler(logits, self._matcher.allowed() if self._matcher else None)
        if token in self.writing.stop_ids:
            return self._finish("stop")
        self.tokens.append(token)
        text = ""
        if self._text:
            text, stopped = self._text.push(token)
            if stopped:
                self.finish_reason = "stop"
        if self._matcher and not self.finish_reason:
            self._matcher.advance(token)
            if self._matcher.finished:
                self.finish_reason = "stop"
        if not self.finish_reason and len(self.tokens) == self._end:
            self.finish_reason = "length"
        if self._text and self.finish_reason:
            text += self._text.finish()
        return self._event(token, text, logits)

    def _finish(self, reason: FinishReason) -> Event | None:
        self.finish_reason = reason
        rest = self._text.finish() if self._text else ""
        return Event(None, rest) if rest else None

    def _event(self, token: int, text: str, logits: Floats) -> Event:
        count = self.writing.logprobs
        if count is None:
            return Event(token, text)
        logprobs = log_probabilities(logits)
        places = largest(logits, count)
        best = sorted(((int(i), float(logprobs[i])) for i in places), key=lambda pair: -pair[1])
        return Event(token, text, float(logprobs[token]), tuple(best))


def check_writes(config: ModelConfig) -> None:
    """Raise InputError for a model that reads in both directions and therefore cannot write."""
    if config.attention == "bidirectional":
        raise InputError(
            "This model reads in both directions.", "Give --model a causal one to generate."
        )
