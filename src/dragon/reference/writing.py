"""Writing with the reference model: greedy, one token at a time, with the keys and values kept.

In: token ids. Out: token ids, until the end token, a number of tokens, or the end of the context.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dragon.config import ModelConfig
from dragon.errors import InputError
from dragon.reference.blocks import Cache
from dragon.reference.examples import instruction_ids
from dragon.reference.mouths import logits
from dragon.reference.sublayers import Parameters
from dragon.tokenizer.special import END

if TYPE_CHECKING:
    from dragon.tokenizer import Tokenizer


def write(
    p: Parameters, c: ModelConfig, prompt: Sequence[int], max_tokens: int, stop: int
) -> Iterator[int]:
    """The most probable continuation, token by token; among equals the lowest id.

    Args:
        p: tensors by name.
        c: their configuration.
        prompt: ids, at least one.
        max_tokens: at most so many are written.
        stop: the end token; it is not yielded.

    Raises:
        InputError: if the model cannot write, or the prompt is empty or longer than it reads.
    """
    if c.attention == "bidirectional":
        raise InputError(
            "This model reads in both directions.", "Give --model a causal one to generate."
        )
    if max_tokens < 1:
        raise InputError(f"max_tokens is {max_tokens}.", "It must be 1 or more.")
    longest = c.max_position_embeddings
    if not 0 < len(prompt) <= longest:
        raise InputError(
            f"The prompt has {len(prompt)} tokens; the model reads 1 to {longest}.",
            "Give a shorter one." if prompt else "Give some text.",
        )
    return _stream(p, c, list(prompt), max_tokens, stop)


def _stream(
    p: Parameters, c: ModelConfig, prompt: list[int], max_tokens: int, stop: int
) -> Iterator[int]:
    cache, new = Cache(), prompt
    for _ in range(min(max_tokens, c.max_position_embeddings - len(prompt) + 1)):
        scores = logits(p, c, np.array([new]), prefix=len(prompt), cache=cache)[0, -1]
        token = int(np.argmax(scores))
        if token == stop:
            return
        yield token
        new = [token]


def answer(
    p: Parameters, c: ModelConfig, tokenizer: "Tokenizer", instruction: str, max_tokens: int
) -> str:
    """What the model says to an instruction.

    Raises:
        InputError: if the instruction is longer than the model reads.
    """
    prompt = instruction_ids(tokenizer, instruction)
    return tokenizer.decode(list(write(p, c, prompt, max_tokens, tokenizer.id(END))))
