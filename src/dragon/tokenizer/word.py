"""A word-level tokenizer: a word or a punctuation mark is a token, what is rare is unknown.

In: a corpus. Out: a tokenizer of readable, lossy tokens, for teaching and for small closed worlds;
models that quote need the byte-level one.
"""

from collections.abc import Iterable, Sequence
from typing import Self

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from dragon.errors import ConfigError
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.bpe import corpus
from dragon.tokenizer.special import SPECIAL_TOKENS, UNKNOWN

NO_SPACE_BEFORE = frozenset(".,;:!?)]}%’”…'")
NO_SPACE_AFTER = frozenset("([{“‘$#@'")


class WordTokenizer(LibraryTokenizer):
    """Words and punctuation marks, with `<|unknown|>` for all others."""

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int = 16384, lower: bool = False) -> Self:
        """Take the most frequent words of a corpus.

        Args:
            texts: read once.
            vocab_size: ids at most, the special tokens and `<|unknown|>` among them.
            lower: make no difference between upper and lower case.

        Raises:
            ConfigError: if vocab_size leaves no room for a word.
            DataError: if the corpus holds no text.

        >>> words = WordTokenizer.train(["The cat sat. The dog ran."])
        >>> words.decode(words.encode("The cat ran, fast."))
        'The cat ran <|unknown|> <|unknown|>.'
        """
        special = [*SPECIAL_TOKENS, UNKNOWN]
        if vocab_size <= len(special):
            raise ConfigError(
                f"vocab_size is {vocab_size}.",
                f"It must be above {len(special)}, the number of special tokens.",
            )
        inner = tokenizers.Tokenizer(models.WordLevel(unk_token=UNKNOWN))
        inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        if lower:
            inner.normalizer = normalizers.Lowercase()
        trainer = trainers.WordLevelTrainer(
            vocab_size=vocab_size, special_tokens=special, show_progress=False
        )
        inner.train_from_iterator(corpus(texts), trainer)
        return cls(inner)

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        super().__init__(inner)
        self._special.discard(self.id(UNKNOWN))  # a reader wants to see that a word is missing

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        """The words, joined as English is written; special tokens only if they are to be kept.

        Raises:
            TokenizerError: for an id outside the vocabulary.
        """
        text, before = b"", None
        for id in ids:
            kept = keep_special and id in self._special
            text += self.token(id).encode() if kept else self.piece(id, before)
            before = id
        return text.decode()

    def piece(self, id: int, before: int | None = None) -> bytes:
        """The bytes of a word, with a space in front where one belongs.

        Raises:
            TokenizerError: for an id outside the vocabulary.
        """
        word = self.token(id)
        if id in self._special:
            return b""
        first = before is None or before in self._special
        glued = first or word in NO_SPACE_BEFORE or self.token(before or 0) in NO_SPACE_AFTER
        return (word if glued else " " + word).encode()
