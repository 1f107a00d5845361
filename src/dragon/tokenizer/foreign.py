"""Other people's tokenizers: byte-level BPE from two files, and BPE over characters.

In: vocab.json and merges.txt, or the parts of a tokenizer. Out: a tokenizer of the library. Texts
are cut into words before merging in one of the ways that `CUTS` lists.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, processors

from dragon.checkpoint import TOKENIZER_CONFIG_FILE
from dragon.errors import TokenizerError
from dragon.tokenizer.base import LibraryTokenizer

VOCAB_FILE = "vocab.json"
MERGES_FILE = "merges.txt"
ADDED_FILE = "added_tokens.json"
SPACE = "\u2581"  # stands for a blank in SentencePiece's vocabularies

_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+"


def _split(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _digits_alone() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )


# By the names that llama.cpp gives them.
CUTS: dict[str, Callable[[], Any]] = {
    "gpt-2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm": _digits_alone,
    "llama-bpe": lambda: _split(rf"{_WORDS}|\p{{N}}{{1,3}}|{_REST}"),
    "qwen2": lambda: _split(rf"{_WORDS}|\p{{N}}|{_REST}"),
}


class SentencePieceTokenizer(LibraryTokenizer):
    """BPE over characters, blanks written as U+2581, rare characters as bytes: Llama 2, Mistral."""

    def piece(self, id: int, before: int | None = None) -> bytes:
        """The bytes of a token; the first of a text loses the blank that encoding put before it.

        Raises:
            TokenizerError: for an id outside the vocabulary.
        """
        token = self.token(id)
        if id in self._special:
            return b""
        if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
            return bytes([int(token[3:5], 16)])
        text = token.replace(SPACE, " ")
        first = before is None or before in self._special
        return (text.removeprefix(" ") if first else text).encode()


def byte_level(
    vocab: dict[str, int],
    merges: Sequence[tuple[str, str]],
    cut: str = "gpt-2",
    added: Sequence[AddedToken] = (),
) -> tokenizers.Tokenizer:
    """A byte-level BPE tokenizer from its parts.

    Args:
        vocab: ids of the entries, spelt in the byte alphabet.
        merges: pairs, best first.
        cut: one of `CUTS`.
        added: tokens that are found in a text before anything else; those of `vocab` keep their id.

    Raises:
        TokenizerError: if a merge or an id does not fit the vocabulary.
    """
    try:
        inner = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=list(merges)))
    except Exception as error:  # the library raises bare Exception
        raise TokenizerError(f"Vocabulary and merges do not fit: {error}.") from None
    if cut == "qwen2":
        inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = CUTS[cut]()
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = processors.ByteLevel(trim_offsets=False)
    inner.add_tokens(list(added))
    return inner


def sentence_piece(
    vocab: dict[str, int],
    merges: Sequence[tuple[str, str]],
    added: Sequence[AddedToken] = (),
    unknown: str | None = None,
) -> tokenizers.Tokenizer:
    """A tokenizer in the way of Llama 2 from its parts, as for `byte_level`.

    Raises:
        TokenizerError: if a merge or an id does not fit the vocabulary.
    """
    try:
        model = models.BPE(
            vocab=vocab, merges=list(merges), byte_fallback=True, fuse_unk=True, unk_token=unknown
        )
    except Exception as error:
        raise TokenizerError(f"Vocabulary and merges do not fit: {error}.") from None
    inner = tokenizers.Tokenizer(model)
    inner.normalizer = normalizers.Sequence(
        [normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)]
    )
    inner.decoder = decoders.Sequence(
        [
            decoders.Replace(SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    inner.add_tokens(list(added))
    return inner


def begin_with(inner: tokenizers.Tokenizer, token: str, id: int) -> None:
    """Make a tokenizer put one token before every sequence."""
    inner.post_processor = processors.TemplateProcessing(
        single=f"{token} $A", pair=f"{token} $A {token} $B", special_tokens=[(token, id)]
    )


def cut_of(values: Any) -> str | None:
    """Which of `CUTS` the `pre_tokenizer` of a tokenizer.json describes; None if another one."""
    for name, make in CUTS.items():
        plain = tokenizers.Tokenizer(models.BPE())
        plain.pre_tokenizer = make()
        if _bare(json.loads(plain.to_str())["pre_tokenizer"]) == _bare(values):
            return name
    return None


def from_two_files(folder: Path) -> tokenizers.Tokenizer:
    """The tokenizer of vocab.json and merges.txt: GPT-2's, or Qwen's where the folder says so.

    Raises:
        TokenizerError: if a file is missing or malformed.
    """
    vocab = read_object(folder / VOCAB_FILE)
    if not all(type(id) is int and id >= 0 for id in vocab.values()):
        raise TokenizerError(f"{folder / VOCAB_FILE} holds ids that are no whole numbers.")
    config = read_object(folder / TOKENIZER_CONFIG_FILE)
    cut = "qwen2" if "Qwen" in str(config.get("tokenizer_class")) else "gpt-2"
    return byte_level(vocab, _read_merges(folder / MERGES_FILE), cut, _added(folder, config, vocab))


def _added(folder: Path, config: dict[str, Any], vocab: dict[str, int]) -> list[AddedToken]:
    """Special and other added tokens, in the order of their ids."""
    ids: dict[int, AddedToken] = {}
    for token, id in read_object(folder / ADDED_FILE).items():
        if type(id) is int:
            ids[id] = AddedToken(token, normalized=False)
    decoder = config.get("added_tokens_decoder", {})
    for id, entry in decoder.items() if isinstance(decoder, dict) else ():
        if isinstance(entry, dict) and isinstance(entry.get("content"), str) and id.isdecimal():
            special = entry.get("special") is True
            ids[int(id)] = AddedToken(entry["content"], special=special, normalized=False)
    roles = read_object(folder / "special_tokens_map.json") | config
    named = [content(roles.get(role)) for role in ("bos_token", "eos_token", "unk_token")]
    for token in [*named, "<|endoftext|>"]:  # GPT-2's files name it nowhere
        if token in vocab:
            ids.setdefault(vocab[token], AddedToken(token, special=True, normalized=False))
    return [ids[id] for id in sorted(ids)]


def content(token: Any) -> Any:
    """The spelling of a token, given as such or as a description."""
    return token.get("content") if isinstance(token, dict) else token


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file; empty if there is no file.

    Raises:
        TokenizerError: if it is malformed.
    """
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TokenizerError(f"{path} is not readable JSON: {error}.") from None
    if not isinstance(values, dict):
        raise TokenizerError(f"{path} holds no JSON object.")
    return values


def _read_merges(path: Path) -> list[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise TokenizerError(f"{path} cannot be read: {error}.") from None
    merges = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        left, _, right = line.rstrip("\r").partition(" ")
        if not left or not right or " " in right:
            raise TokenizerError(f"{path}, line {number}: {line!r} is no pair.")
        merges.append((left, right))
    return merges


def _bare(value: Any) -> Any:
    """A pre-tokenizer's description without what does not change its cuts."""
    if isinstance(value, dict):
        if value.get("type") == "Sequence" and len(value["pretokenizers"]) == 1:
            return _bare(value["pretokenizers"][0])
        return {k: _bare(v) for k, v in value.items() if k != "trim_offsets"}
    return [_bare(v) for v in value] if isinstance(value, list) else value
