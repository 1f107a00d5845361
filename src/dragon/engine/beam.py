"""Beam search: the most probable answers as wholes, where greedy decoding looks at one token.

In: a prompt. Out: answers with their scores (Sutskever et al. 2014, arXiv:1409.3215; the length
penalty as in Hugging Face's `generate`). Shapes: B beams, V vocabulary.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from dragon.engine.body import Floats
from dragon.engine.embedding import Ids
from dragon.engine.sampling import log_probabilities
from dragon.engine.session import Network, Piece, Session, read_together, visible_rows
from dragon.engine.truncation import largest
from dragon.engine.writing import check_writes
from dragon.errors import InputError


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a beam search.

    Attributes:
        tokens: what was written, without the stop token.
        logprob: natural logarithm of its probability, the stop token's included.
        score: logprob / length ** length_penalty, the stop token counted.
    """

    tokens: tuple[int, ...]
    logprob: float
    score: float


@dataclass(frozen=True, slots=True)
class BeamSearch:
    """How to search.

    Attributes:
        beams: answers that are followed at once, and returned.
        max_tokens: to write at most.
        stop_ids: tokens that end an answer.
        length_penalty: above 0 favours long answers, below 0 short ones, 0 leaves sums as they are.
    """

    beams: int
    max_tokens: int
    stop_ids: Collection[int] = ()
    length_penalty: float = 1.0

    def __post_init__(self) -> None:
        for name in ("beams", "max_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must be 1 or more.")
        if not math.isfinite(self.length_penalty):
            raise InputError(f"length_penalty is {self.length_penalty}.", "It must be a number.")

    def score(self, logprob: float, length: int) -> float:
        """What answers are compared by."""
        return logprob / math.pow(length, self.length_penalty)


@dataclass(frozen=True, slots=True)
class Beam:
    """An answer that goes on; `session` has read all of it but the last token."""

    session: Session
    tokens: tuple[int, ...]
    logprob: float


def beam_search(network: Network, prompt: Ids, search: BeamSearch) -> list[Answer]:
    """The best answers, best first; beams read in one pass and share what they have in common.

    Args:
        network: the model.
        prompt: [T] token ids.
        search: how.

    Raises:
        InputError: for ids that the model cannot read, or a model that cannot write.
    """
    check_writes(network.config)
    prompt = network.embedding.check_ids(np.asarray(prompt))
    visible = visible_rows(network.config, 0, len(prompt), None)
    session = Session(network)
    logits = read_together([Piece(session, prompt, visible, 1)])
    beams, answers = [Beam(session, (), 0.0)], list[Answer]()
    for length in range(1, search.max_tokens + 1):
        beams = _grow(beams, [rows[0] for rows in logits], search, answers)
        if session.capacity + 1 == len(prompt) + length or _is_done(beams, answers, search, length):
            break
        if length < search.max_tokens:
            last = [np.array(beam.tokens[-1:], np.int32) for beam in beams]
            pieces = [Piece(b.session, ids, visible, 1) for b, ids in zip(beams, last, strict=True)]
            logits = read_together(pieces)
    answers += [
        Answer(beam.tokens, beam.logprob, search.score(beam.logprob, len(beam.tokens)))
        for beam in beams
    ]
    return sorted(answers, key=lambda answer: -answer.score)[: search.beams]


def _grow(
    beams: list[Beam], logits: list[Floats], search: BeamSearch, answers: list[Answer]
) -> list[Beam]:
    """The best continuations of all beams; those that end with a stop token become answers."""
    size = len(logits[0])
    totals = np.concatenate(
        [beam.logprob + log_probabilities(row) for beam, row in zip(beams, logits, strict=True)]
    )
    # Of twice as many, enough go on even if each beam's best continuation is a stop token.
    places = largest(totals, min(len(totals), search.beams * (1 + len(search.stop_ids))))
    grown: list[Beam] = []
    for place in places[np.argsort(-totals[places], kind="stable")]:
        beam, token = beams[place // size], int(place % size)
        total = float(totals[place])
        if token in search.stop_ids:
            score = search.score(total, len(beam.tokens) + 1)
            answers.append(Answer(beam.tokens, total, score))
        elif len(grown) < search.beams:
            fork = beam.session.fork(beam.session.length)
            grown.append(Beam(fork, (*beam.tokens, token), total))
    answers.sort(key=lambda answer: -answer.score)
    del answers[search.beams :]
    return grown


def _is_done(beams: list[Beam], answers: list[Answer], search: BeamSearch, length: int) -> bool:
    """Whether no beam can become better than every answer; sums only fall as beams grow."""
    if not beams:
        return True
    longest = search.max_tokens if search.length_penalty > 0 else length
    best = search.score(beams[0].logprob, longest)
    return len(answers) == search.beams and answers[-1].score >= best
