"""How a conversation becomes a prompt of token ids.

In: messages. Out: ids. The frame is put there as ids and texts are encoded as text, so that no
message can imitate it by spelling `<|system|>`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dragon.errors import InputError, TokenizerError
from dragon.server.replies import Message
from dragon.tokenizer import Tokenizer
from dragon.tokenizer.special import ASSISTANT, END, SYSTEM, USER

_CHATML_START, _CHATML_END = "<|im_start|>", "<|im_end|>"
_ROLES = {"system": SYSTEM, "developer": SYSTEM, "user": USER, "assistant": ASSISTANT}


class Prompts:
    """The format of one model: ours, ChatML (Qwen, SmolLM), or none for a plain language model.

    Args:
        tokenizer: of the model.
        folder: its folder, whose files name the tokens that end an answer.
    """

    def __init__(self, tokenizer: Tokenizer, folder: Path) -> None:
        self._tokenizer = tokenizer
        self._ours = self._ids(END, USER, ASSISTANT, SYSTEM)
        self._chatml = self._ids(_CHATML_START, _CHATML_END)
        ends = {*self._named_ends(folder), *self._ours[:1], *self._chatml[1:]}
        self.ends = frozenset(id for id in ends if 0 <= id < tokenizer.vocab_size)

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """The prompt after which the assistant's next message comes.

        Raises:
            InputError: for a model without a chat format.
        """
        if self._ours:
            return self._in_ours(messages)
        if self._chatml:
            return self._in_chatml(messages)
        raise InputError(
            "This model has no chat format that is known here.", "Use /v1/completions."
        )

    def text(self, text: str) -> list[int]:
        """A plain text to be continued; an empty one begins after an end."""
        return self._tokenizer.encode(text) or sorted(self.ends)[:1]

    def _in_ours(self, messages: Sequence[Message]) -> list[int]:
        encode, id = self._tokenizer.encode, self._tokenizer.id
        framed = [[id(_ROLES[m.role]), *encode(m.text), id(END)] for m in messages]
        return [token for message in framed for token in message] + [id(ASSISTANT)]

    def _in_chatml(self, messages: Sequence[Message]) -> list[int]:
        encode, (start, end) = self._tokenizer.encode, self._chatml
        ids: list[int] = []
        for message in messages:
            role = "system" if message.role == "developer" else message.role
            ids += [start, *encode(f"{role}\n"), *encode(message.text), end, *encode("\n")]
        return [*ids, start, *encode("assistant\n")]

    def _ids(self, *tokens: str) -> list[int]:
        try:
            return [self._tokenizer.id(token) for token in tokens]
        except TokenizerError:
            return []

    def _named_ends(self, folder: Path) -> list[int]:
        found: list[int] = []
        for name in ("generation_config.json", "config.json"):
            if (folder / name).is_file():
                values: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
                ends = values.get("eos_token_id")
                found += ends if isinstance(ends, list) else [ends] if ends is not None else []
        return found
