"""What a client of the serving core asks for, and what it is told about it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from dragon.engine.constraints.base import Constraint
from dragon.engine.embedding import Ids
from dragon.engine.sampling import Sampling
from dragon.engine.writing import Writing
from dragon.errors import InputError


@dataclass(frozen=True, slots=True)
class Request:
    """One answer to be written.

    Attributes:
        prompt_ids, max_tokens, sampling, stop_ids, stop_strings, constraint, logprobs: see
            `dragon.engine.writing.Writing`.
        priority: a request with a greater one goes first; those of the same in order of arrival.
        beams: 1; the serving core streams tokens as they are chosen, and a beam search chooses none
            before its end. `Engine.beam_search` runs beside it on the same model.
    """

    prompt_ids: Collection[int] | Ids
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    stop_ids: Collection[int] = ()
    stop_strings: Collection[str] = ()
    constraint: Constraint | None = None
    priority: int = 0
    logprobs: int | None = None
    beams: int = 1

    def __post_init__(self) -> None:
        if self.beams != 1:
            raise InputError(
                f"beams is {self.beams}; a served answer is streamed and follows one beam.",
                "Leave beams out, ask for n answers, or call Engine.beam_search.",
            )

    def writing(self) -> Writing:
        """The part that concerns the sequence and not its place in the queue."""
        return Writing(
            self.prompt_ids,
            self.max_tokens,
            self.sampling,
            frozenset(self.stop_ids),
            tuple(self.stop_strings),
            self.constraint,
            self.logprobs,
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a request has taken so far.

    Attributes:
        prompt_tokens: of the prompt.
        completion_tokens: written, those of a stop string included.
        cached_tokens: of the prompt, taken from what had been read for others.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What the serving core is doing.

    Attributes:
        running: sequences that hold keys and values.
        waiting: requests that do not, new or preempted ones.
        kv_bytes_used: keys and values of running sequences and of the prefix cache.
        kv_bytes_budget: what they may take at most.
        prefix_bytes: the prefix cache's part, given up when room is needed.
        prefix_hits: requests that found a part of their prompt already read.
        prefix_tokens: tokens that they did not have to read.
        preemptions: times that a sequence gave its room to an earlier one.
        written_tokens: of all requests that have ended.
        guessed_tokens, accepted_tokens: of prompt lookup, of the same requests.
    """

    running: int
    waiting: int
    kv_bytes_used: int
    kv_bytes_budget: int
    prefix_bytes: int
    prefix_hits: int
    prefix_tokens: int
    preemptions: int
    written_tokens: int
    guessed_tokens: int
    accepted_tokens: int
