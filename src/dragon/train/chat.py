"""Conversations as token ids, with a mark on each that the assistant said.

In: messages, a tokenizer and its chat template. Out: ids and a mask of the tokens to learn. The
words of the assistant are what a conversation has more with its answer than with its prompt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dragon.errors import TokenizerError
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.foreign import content, read_object
from dragon.tokenizer.template import ChatTemplate, end_ids
from dragon.train.conversations import Message

# What a model without a template gets: each message closed by its end token (DialoGPT's way).
TURNS = "{% for message in messages %}{{ message['content'] + eos_token }}{% endfor %}"


@dataclass(frozen=True, slots=True)
class Example:
    """One sequence to learn from.

    Attributes:
        ids: [T] token ids.
        learned: [T] True where the assistant speaks, its end token included.
    """

    ids: npt.NDArray[np.int32]
    learned: npt.NDArray[np.bool_]


class ChatFormat:
    """How one model writes conversations.

    Args:
        folder: with the tokenizer's files.
        tokenizer: of that folder.

    Attributes:
        is_new: whether the folder had no template, so that the one used here has to be written.

    Raises:
        TokenizerError: if it has neither a chat template nor an end token.
    """

    def __init__(self, folder: Path, tokenizer: LibraryTokenizer) -> None:
        self.tokenizer = tokenizer
        self.ends = sorted(end_ids(folder, tokenizer))
        given = ChatTemplate.of(folder)
        self.is_new = given is None
        self.template = given or ChatTemplate(TURNS, {"eos_token": self._end_token(folder)})

    def examples(self, messages: Sequence[Message]) -> Iterator[Example]:
        """The sequences of a conversation: one, or one an answer where a template forgets.

        Raises:
            InputError: if the template refuses the messages.
        """
        turns = [n for n, m in enumerate(messages) if m["role"] == "assistant" and n]
        whole = self._ids(messages[: turns[-1] + 1], False)
        learned = np.zeros(len(whole), dtype=bool)
        for turn in turns:
            before, after = self._ids(messages[:turn], True), self._ids(messages[: turn + 1], False)
            start = _common(before, after)
            if whole[: len(after)] == after:
                learned[start : len(after)] = True
            else:  # some templates leave out of earlier turns what they had of them as the last
                yield self._ended(after, np.arange(len(after)) >= start)
        yield self._ended(whole, learned)

    def _ids(self, messages: Sequence[Message], prompt: bool) -> list[int]:
        return self.template.ids(self.tokenizer, messages, add_generation_prompt=prompt)

    def _ended(self, ids: list[int], learned: npt.NDArray[np.bool_]) -> Example:
        """An answer must end, or the model would learn to talk on."""
        if self.ends and not any(id in self.ends for id in ids[-3:]):
            ids, learned = [*ids, self.ends[0]], np.append(learned, True)
        return Example(np.array(ids, dtype=np.int32), learned)

    def _end_token(self, folder: Path) -> str:
        config = read_object(folder / "tokenizer_config.json")
        named = content(config.get("eos_token"))
        if isinstance(named, str):
            return named
        if self.ends:
            return self.tokenizer.token(self.ends[0])
        raise TokenizerError(
            f"{folder} has neither a chat template nor an end token.",
            "Set train.tokenizer to a folder whose tokenizer_config.json has one.",
        )


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many first ids two sequences share."""
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return same
