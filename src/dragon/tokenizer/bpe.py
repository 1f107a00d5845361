"""Byte-level byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909; bytes as in GPT-2).

In: a corpus as an iterable of texts, read once. Out: a tokenizer whose alphabet is the 256 bytes,
so that every text has ids and decode(encode(text)) == text.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Self

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from dragon.errors import ConfigError, DataError
from dragon.tokenizer.base import LibraryTokenizer
from dragon.tokenizer.special import SPECIAL_TOKENS

ALPHABET = tuple(sorted(pre_tokenizers.ByteLevel.alphabet()))
SMALLEST_VOCABULARY = len(ALPHABET) + len(SPECIAL_TOKENS)
BATCH = 1000

# Where continued training puts the old tokens: from here on no character is white space or half
# of one.
FIRST_STAND_IN = 0x10000


class BpeTokenizer(LibraryTokenizer):
    """Byte-level BPE whose digits stand alone, because numbers are copied and not remembered."""

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int = 16384) -> Self:
        """Learn the merges of a corpus; the same corpus gives the same tokenizer.

        Args:
            texts: read once, never held in memory as a whole.
            vocab_size: ids at most, the special tokens and 256 bytes among them; a small corpus can
                run out of pairs before.

        Raises:
            ConfigError: if vocab_size is below 272.
            DataError: if the corpus holds no text.

        >>> bpe = BpeTokenizer.train(["low lower lowest"], vocab_size=276)
        >>> [bpe.token(id) for id in bpe.encode("low 42")]
        ['low', 'Ġ', '4', '2']
        """
        if vocab_size < SMALLEST_VOCABULARY:
            raise ConfigError(
                f"vocab_size is {vocab_size}.",
                f"It must be at least {SMALLEST_VOCABULARY}: {len(ALPHABET)} bytes and "
                f"{len(SPECIAL_TOKENS)} special tokens.",
            )
        inner = tokenizers.Tokenizer(models.BPE())
        inner.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        )
        inner.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=list(SPECIAL_TOKENS),
            initial_alphabet=list(ALPHABET),
            show_progress=False,
        )
        inner.train_from_iterator(corpus(texts), trainer)
        return cls(inner)

    def extend(self, texts: Iterable[str], new_tokens: int) -> Self:
        """A tokenizer with further merges, learnt from a corpus; every id that exists stays.

        The corpus is encoded, and training goes on from its tokens as it once began from bytes. The
        new merges rank after the old ones, so that a text which none of them touches keeps its ids.

        Args:
            texts: read once.
            new_tokens: ids to add at most; they follow the last id.

        Raises:
            ConfigError: if new_tokens is below 1.
            DataError: if the corpus holds no text.
        """
        if new_tokens < 1:
            raise ConfigError(f"new_tokens is {new_tokens}.", "It must be at least 1.")
        values = json.loads(self._inner.to_str())
        _append_merges(values["model"], self._continued(texts, new_tokens), new_tokens)
        return self._from_json(json.dumps(values))

    def piece(self, id: int, before: int | None = None) -> bytes:
        """The bytes of a token, whatever stands before it; none for a special token.

        Raises:
            TokenizerError: for an id outside the vocabulary.
        """
        if id in self._special:
            return b""
        token = self.token(id)
        # An added token that is not special (other people's vocabularies) is spelt in characters.
        return (
            bytes(map(BYTE_OF.__getitem__, token))
            if BYTE_OF.keys() >= set(token)
            else token.encode()
        )

    def _continued(self, texts: Iterable[str], new_tokens: int) -> Iterator[tuple[str, str]]:
        """New merges, best first: the library trains on texts in which a character is a token."""
        size = self.vocab_size
        inner = tokenizers.Tokenizer(models.BPE())
        inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        trainer = trainers.BpeTrainer(
            # Some merges only find a new way to a token that exists: hence more than are asked for.
            vocab_size=size + new_tokens + new_tokens // 2 + 100,
            initial_alphabet=[chr(FIRST_STAND_IN + id) for id in range(size)],
            show_progress=False,
        )
        inner.train_from_iterator(self._stand_ins(texts), trainer)
        spelt = [self.token(id) for id in range(size)]
        for pair in json.loads(inner.to_str())["model"]["merges"]:
            left, right = ("".join(spelt[ord(c) - FIRST_STAND_IN] for c in part) for part in pair)
            yield left, right

    def _stand_ins(self, texts: Iterable[str]) -> Iterator[str]:
        """Each text as words of stand-in characters, one character a token."""
        source = corpus(texts)
        while batch := list(islice(source, BATCH)):
            for encoding in self._inner.encode_batch(batch, add_special_tokens=False):
                yield "".join(_joined(encoding.ids, encoding.word_ids))


def corpus(texts: Iterable[str]) -> Iterator[str]:
    """The texts that hold something, with lone surrogates replaced.

    Raises:
        DataError: at the end, if there was none.
    """
    empty = True
    for text in texts:
        if text and not text.isspace():
            empty = False
            yield text.encode("utf-8", "replace").decode("utf-8")
    if empty:
        raise DataError("The corpus holds no text.", "Give files with running text.")


def _joined(ids: list[int], words: list[int | None]) -> Iterator[str]:
    last: int | None = None
    for id, word in zip(ids, words, strict=True):
        if word != last:
            yield " "
        yield chr(FIRST_STAND_IN + id)
        last = word


def _append_merges(
    model: dict[str, Any], merges: Iterable[tuple[str, str]], new_tokens: int
) -> None:
    vocabulary: dict[str, int] = model["vocab"]
    known = {tuple(merge) for merge in model["merges"]}
    free = max(vocabulary.values()) + 1
    end = free + new_tokens
    for left, right in merges:
        if free == end:
            return
        if (left, right) in known:
            continue
        known.add((left, right))
        model["merges"].append([left, right])
        if left + right not in vocabulary:
            vocabulary[left + right] = free
            free += 1


def _byte_of() -> dict[str, int]:
    """The byte that each character of the byte-level alphabet stands for.

    GPT-2's table: printable Latin-1 stands for itself, the other bytes for U+0100 on, in order.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    return table | {chr(0x100 + i): byte for i, byte in enumerate(hidden)}


BYTE_OF = _byte_of()
