"""What every tokenizer can do, and what ours share: a thin cover over the `tokenizers` library.

In: text. Out: ids and character offsets; and the way back, whole or token by token.
"""

import codecs
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

import tokenizers

from dragon.errors import TokenizerError

Offsets = list[tuple[int, int]]


class Tokenizer(Protocol):
    """Text to ids and back."""

    @property
    def vocab_size(self) -> int:
        """Number of ids, V; all ids are below it."""
        ...

    def encode(self, text: str) -> list[int]:
        """Ids of a text; special tokens that it spells are text."""
        ...

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, worked out on all cores."""
        ...

    def encode_with_offsets(self, text: str) -> tuple[list[int], Offsets]:
        """Ids of a text and the (start, end) characters of each."""
        ...

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        """The text of some ids; special tokens are left out unless they are to be kept."""
        ...

    def piece(self, id: int, before: int | None = None) -> bytes:
        """The UTF-8 bytes that a token adds to a text whose last token is `before`."""
        ...

    def token(self, id: int) -> str:
        """The vocabulary's entry of an id."""
        ...

    def id(self, token: str) -> int:
        """The id of a vocabulary entry."""
        ...

    def save(self, folder: Path) -> None:
        """Write tokenizer.json and tokenizer_config.json into a folder."""
        ...


class LibraryTokenizer:
    """The common part of our tokenizers.

    Args:
        inner: a tokenizer of the `tokenizers` library; it is ours from now on.
    """

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner
        # Untrusted text must not be able to write `<|end|>` into a prompt.
        inner.encode_special_tokens = True
        self._special = {
            id for id, token in inner.get_added_tokens_decoder().items() if token.special
        }

    @property
    def vocab_size(self) -> int:
        """Number of ids, V; all ids are below it."""
        return int(self._inner.get_vocab_size())

    @property
    def special_ids(self) -> frozenset[int]:
        """The ids of the special tokens."""
        return frozenset(self._special)

    @property
    def special_tokens(self) -> dict[str, int]:
        """The ids of the special tokens by their spelling."""
        return {self.token(id): id for id in sorted(self._special)}

    def encode(self, text: str) -> list[int]:
        """Ids of a text; special tokens that it spells are text.

        Raises:
            TokenizerError: if the text holds half a character (a lone surrogate).
        """
        return self._encode(text).ids

    def encode_prompt(self, text: str) -> list[int]:
        """Ids of a text that begins a sequence, with the token that the model expects before it.

        Raises:
            TokenizerError: if the text holds half a character.
        """
        return self._encode(text, whole=True).ids

    def encode_framed(self, text: str) -> list[int]:
        """Ids of a text of our own making, in which special tokens are meant where they are spelt.

        Never for text from outside: see `dragon.tokenizer.template.ChatTemplate.ids`.

        Raises:
            TokenizerError: if the text holds half a character.
        """
        try:
            return self._framing.encode(text, add_special_tokens=False).ids
        except (TypeError, UnicodeEncodeError) as error:
            raise _not_text(error) from None

    def encode_with_offsets(self, text: str) -> tuple[list[int], Offsets]:
        """Ids of a text and the characters of each.

        Returns:
            ids, and as many (start, end): a byte-level token covers the white space it starts with;
            where one character takes several tokens, all of them carry its offsets.

        Raises:
            TokenizerError: if the text holds half a character.
        """
        encoding = self._encode(text)
        return encoding.ids, encoding.offsets

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, worked out on all cores.

        Raises:
            TokenizerError: if a text holds half a character.
        """
        try:
            encodings = self._inner.encode_batch_fast(list(texts), add_special_tokens=False)
        except (TypeError, UnicodeEncodeError) as error:
            raise _not_text(error) from None
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        """The text of some ids, with � for bytes that form no character.

        Args:
            ids: token ids.
            keep_special: spell special tokens out instead of leaving them out.

        Raises:
            TokenizerError: for an id outside the vocabulary.
        """
        self._check(ids)
        return str(self._inner.decode(list(ids), skip_special_tokens=not keep_special))

    def token(self, id: int) -> str:
        """The vocabulary's entry of an id.

        Raises:
            TokenizerError: for an id outside the vocabulary.
        """
        self._check([id])
        return str(self._inner.id_to_token(id))

    def id(self, token: str) -> int:
        """The id of a vocabulary entry.

        Raises:
            TokenizerError: if the vocabulary has no such entry.
        """
        id = self._inner.token_to_id(token)
        if id is None:
            raise TokenizerError(f"The vocabulary has no token {token!r}.")
        return int(id)

    def to_json(self) -> dict[str, Any]:
        """The content of tokenizer.json."""
        values: dict[str, Any] = json.loads(self._inner.to_str())
        return values

    def save(self, folder: Path) -> None:
        """Write tokenizer.json and tokenizer_config.json into a folder, each beside and renamed."""
        from dragon.tokenizer.files import write_tokenizer

        write_tokenizer(self._inner, folder)

    @classmethod
    def _from_json(cls, text: str) -> Self:
        return cls(tokenizers.Tokenizer.from_str(text))

    @cached_property
    def _framing(self) -> tokenizers.Tokenizer:
        # A twin, because the switch belongs to the object and other threads are encoding with it.
        twin = tokenizers.Tokenizer.from_str(self._inner.to_str())
        twin.encode_special_tokens = False
        return twin

    def _encode(self, text: str, whole: bool = False) -> tokenizers.Encoding:
        try:
            return self._inner.encode(text, add_special_tokens=whole)
        except (TypeError, UnicodeEncodeError) as error:
            raise _not_text(error) from None

    def _check(self, ids: Iterable[int]) -> None:
        size = self.vocab_size
        for id in ids:
            if not 0 <= id < size:
                raise TokenizerError(
                    f"Token id {id} is outside the vocabulary.", f"Ids go from 0 to {size - 1}."
                )


class StreamDecoder:
    """Text from ids that come one at a time; never half a character.

    Args:
        tokenizer: of the ids.
        last: the token before the first one, where the text goes on.

    >>> from dragon.tokenizer.bpe import BpeTokenizer
    >>> bpe = BpeTokenizer.train(["a corpus"], vocab_size=272)
    >>> stream = StreamDecoder(bpe)
    >>> [stream.push(id) for id in bpe.encode("€5")]
    ['', '', '€', '5']
    """

    def __init__(self, tokenizer: Tokenizer, last: int | None = None) -> None:
        self._tokenizer = tokenizer
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._last = last

    def push(self, id: int) -> str:
        """The text that is complete now that this token has come."""
        # A model may have more rows than its vocabulary has tokens: those past it say nothing.
        added = self._tokenizer.piece(id, self._last) if id < self._tokenizer.vocab_size else b""
        self._last = id
        return self._utf8.decode(added)

    def finish(self) -> str:
        """What is left at the end: empty, or � for a character that never became whole."""
        return self._utf8.decode(b"", final=True)


def _not_text(error: Exception) -> TokenizerError:
    return TokenizerError(
        f"The text cannot be encoded: {error}.", "It must be Unicode without lone surrogates."
    )
