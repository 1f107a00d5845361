"""From logits to the next token: greedy, or drawn from what the filters leave.

In: logits [V]. Out: a token id. The same seed and logits give the same tokens. The order:

1. what a constraint forbids goes;
2. `logit_bias` is added;
3. repetition, frequency and presence penalties;
4. temperature;
5. `top_k`, `top_p`, `min_p`, `typical`, each on what the one before it left, renormalised.

That is the order of Hugging Face's `generate`. llama.cpp agrees on biases and penalties first and
on top_k before top_p before min_p; it applies the temperature last and `typical` before top_p.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dragon.engine.constraints.base import Allowed
from dragon.engine.truncation import Floats, Places, keep_min_p, keep_top_p, keep_typical, largest
from dragon.errors import InputError

BLOCK = 128  # probabilities that are summed together in a draw


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        temperature: 0 takes the most probable token; otherwise logits are divided by it.
        top_k: keep the k most probable tokens; 0 keeps all.
        top_p: keep the smallest set of tokens whose probability reaches top_p (Holtzman et al.
            2020, arXiv:1904.09751); 1 keeps all.
        seed: of the random numbers; None takes fresh ones.
        min_p: keep tokens of at least this share of the most probable one's probability (Nguyen et
            al. 2024, arXiv:2407.01082); 0 keeps all.
        typical: keep the smallest set of tokens, those whose surprise is nearest to the expected
            one first, whose probability reaches this (Meister et al. 2022, arXiv:2202.00666); 1
            keeps all.
        repetition_penalty: logits of tokens in the prompt or the answer are divided by it, negative
            ones multiplied (Keskar et al. 2019, arXiv:1909.05858); 1 is none.
        frequency_penalty: taken off a token's logit for each time the answer holds it, as in
            OpenAI's interface; -2 to 2, 0 is none.
        presence_penalty: taken off once if the answer holds the token; -2 to 2, 0 is none.
        logit_bias: added to the logits of these token ids; -100 to 100.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int | None = None
    min_p: float = 0.0
    typical: float = 1.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("temperature", self.temperature, 0 <= self.temperature < math.inf, "0 or more")
        _check("top_k", self.top_k, self.top_k >= 0, "0 (all) or more")
        _check("top_p", self.top_p, 0 < self.top_p <= 1, "above 0 and at most 1")
        _check("min_p", self.min_p, 0 <= self.min_p <= 1, "from 0 to 1")
        _check("typical", self.typical, 0 < self.typical <= 1, "above 0 and at most 1")
        repetition = self.repetition_penalty
        _check("repetition_penalty", repetition, 0 < repetition < math.inf, "above 0")
        for name in ("frequency_penalty", "presence_penalty"):
            value = getattr(self, name)
            _check(name, value, -2 <= value <= 2, "from -2 to 2")
        for token, bias in self.logit_bias.items():
            _check(f"logit_bias of token {token}", bias, -100 <= bias <= 100, "from -100 to 100")
        _check("seed", self.seed, self.seed is None or self.seed >= 0, "0 or more")

    def check_vocabulary(self, size: int) -> None:
        """Raise InputError if `logit_bias` names a token outside a vocabulary of this size."""
        for token in self.logit_bias:
            if not 0 <= token < size:
                raise InputError(
                    f"logit_bias names token {token}; the vocabulary has {size}.",
                    "Use the tokenizer of this model.",
                )


def _check(name: str, value: object, holds: bool, range_: str) -> None:
    if not holds:
        raise InputError(f"{name} is {value}.", f"It must be {range_}.")


class Sampler:
    """Draws one sequence's tokens; holds its random state and what it has drawn.

    Args:
        sampling: how.
        prompt: token ids that the repetition penalty counts beside the drawn ones.
    """

    def __init__(self, sampling: Sampling, prompt: Iterable[int] = ()) -> None:
        self.sampling = sampling
        self.drawn: Counter[int] = Counter()
        self._seen = dict.fromkeys(prompt) if sampling.repetition_penalty != 1 else {}
        self._bias = (
            np.array(list(sampling.logit_bias), np.intp),
            np.array(list(sampling.logit_bias.values()), np.float32),
        )

    @cached_property
    def random(self) -> "np.random.Generator":
        """Made when it is first drawn from: the greedy need not wait for its import."""
        return np.random.default_rng(self.sampling.seed)

    def __call__(self, logits: Floats, allowed: Allowed = None) -> int:
        """Choose a token and remember it.

        Args:
            logits: [V]; not changed.
            allowed: which tokens may be chosen; at least one.

        Returns:
            A token id; among equal logits greedy takes the lowest.
        """
        ids, scores = _only(allowed, self.adjusted(logits))
        if self.sampling.temperature == 0:
            token = int(np.argmax(scores))
        else:
            places, probabilities = candidates(scores, self.sampling)
            token = int(places[_draw(probabilities, self.random.random())])
        token = token if ids is None else int(ids[token])
        self.drawn[token] += 1
        if self.sampling.repetition_penalty != 1:
            self._seen[token] = None
        return token

    def adjusted(self, logits: Floats) -> Floats:
        """Logits [V] after bias and penalties; the same array where there are none."""
        s = self.sampling
        if not (s.logit_bias or s.frequency_penalty or s.presence_penalty or self._seen):
            return logits
        scores = logits.copy()
        scores[self._bias[0]] += self._bias[1]
        if self._seen:
            seen = np.fromiter(self._seen, np.intp, len(self._seen))
            old = scores[seen]
            factor = np.float32(s.repetition_penalty)
            scores[seen] = np.where(old > 0, old / factor, old * factor)
        if s.frequency_penalty or s.presence_penalty:
            drawn = np.fromiter(self.drawn, np.intp, len(self.drawn))
            counts = np.fromiter(self.drawn.values(), np.float32, len(self.drawn))
            scores[drawn] -= s.frequency_penalty * counts + s.presence_penalty
        return scores


def candidates(logits: Floats, sampling: Sampling) -> tuple[Places, NDArray[np.float64]]:
    """The tokens that may be drawn, by ascending id, and their probabilities.

    >>> ids, p = candidates(np.log(np.float32([0.3, 0.1, 0.6])), Sampling(1.0, top_p=0.7))
    >>> ids.tolist(), p.round(2).tolist()
    ([0, 2], [0.33, 0.67])
    """
    ids = largest(logits, sampling.top_k) if sampling.top_k else None
    scores = logits if ids is None else logits[ids]
    # The largest logit goes off before the division: a tiny temperature must not overflow.
    weights = np.exp((scores - scores.max()).astype(np.float64) / sampling.temperature)
    weights /= weights.sum()
    for keep, amount, off in (
        (keep_top_p, sampling.top_p, 1.0),
        (keep_min_p, sampling.min_p, 0.0),
        (keep_typical, sampling.typical, 1.0),
    ):
        if amount != off:
            places = keep(weights, amount)
            ids = places if ids is None else ids[places]
            weights = weights[places] / weights[places].sum()
    return np.arange(len(logits)) if ids is None else ids, weights


def log_probabilities(logits: Floats) -> NDArray[np.float64]:
    """Natural logarithms of the model's own probabilities [V], before any of the above."""
    shifted = (logits - logits.max()).astype(np.float64)
    result: NDArray[np.float64] = shifted - math.log(np.exp(shifted).sum())
    return result


def _only(allowed: Allowed, scores: Floats) -> tuple[NDArray[np.int32] | None, Floats]:
    """The scores that count, and their ids unless they are all [V]."""
    if allowed is None:
        return None, scores
    if allowed.dtype == np.bool_:
        return None, np.where(allowed, scores, np.float32(-np.inf))
    ids = np.sort(allowed).astype(np.int32, copy=False)
    return ids, scores[ids]


def _draw(probabilities: NDArray[np.float64], number: float) -> int:
    """The place that a number in [0, 1) falls on, by the sums of blocks and then inside one."""
    # By ascending id and not by probability: two that are nearly equal must not change places when
    # rounding differs in the last bit, as it does beside other sequences.
    sums = np.cumsum(np.add.reduceat(probabilities, np.arange(0, len(probabilities), BLOCK)))
    left = number * float(sums[-1])
    block = min(int(np.searchsorted(sums, left, side="right")), len(sums) - 1)
    left -= float(sums[block - 1]) if block else 0.0
    inside = probabilities[block * BLOCK : (block + 1) * BLOCK]
    place = int(np.searchsorted(np.cumsum(inside), left, side="right"))
    # What rounding leaves over belongs to the last one that is possible at all.
    return block * BLOCK + min(place, int(np.flatnonzero(inside)[-1]))
