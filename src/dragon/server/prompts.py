"""How a conversation becomes a prompt of token ids.

In: messages. Out: ids. The frame is put there as ids and texts are encoded as text, so that no
message can imitate it by spelling `<|system|>`.
"""

from collections.abc import Sequence
from pathlib import Path

from dragon.errors import InputError, TokenizerError
from dragon.server.replies import Message
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.special import ASSISTANT, END, SYSTEM, USER
from dragon.tokenizer.template import ChatTemplate, end_ids

_OURS = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}


class Prompts:
    """The format of one model: ours, that of its own chat template, or none.

    Args:
        tokenizer: of the model.
        folder: its folder, whose files name the template and the tokens that end an answer.

    Attributes:
        ends: ids that end an answer.
    """

    def __init__(self, tokenizer: LibraryTokenizer, folder: Path) -> None:
        self._tokenizer = tokenizer
        self._ours = _ids(tokenizer, (END, *_OURS.values()))
        # Our own format needs no template engine.
        self._template = None if self._ours else ChatTemplate.of(folder)
        known = end_ids(folder, tokenizer) | set(self._ours[:1])
        self.ends = frozenset(id for id in known if id < tokenizer.vocab_size)

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """The prompt after which the assistant's next message comes.

        Raises:
            InputError: for a model without a chat format, or one that refuses the messages.
        """
        said = [(_role(message), message.text) for message in messages]
        if self._ours:
            return self._framed(said)
        if self._template is None:
            raise InputError("This model has no chat template.", "Use /v1/completions.")
        values = [{"role": role, "content": text} for role, text in said]
        return self._template.ids(self._tokenizer, values)

    def text(self, text: str) -> list[int]:
        """A plain text to be continued; an empty one begins after an end."""
        return self._tokenizer.encode(text) or sorted(self.ends)[:1]

    def _framed(self, said: Sequence[tuple[str, str]]) -> list[int]:
        encode, id = self._tokenizer.encode, self._tokenizer.id
        framed = [[id(_OURS[role]), *encode(text), id(END)] for role, text in said]
        return [token for message in framed for token in message] + [id(ASSISTANT)]


def _role(message: Message) -> str:
    return "system" if message.role == "developer" else message.role


def _ids(tokenizer: LibraryTokenizer, tokens: Sequence[str]) -> list[int]:
    try:
        return [tokenizer.id(token) for token in tokens]
    except TokenizerError:
        return []
