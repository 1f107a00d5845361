"""A tokenizer's two files, in the layout that `transformers.AutoTokenizer` opens.

In: a folder. Out: a tokenizer; and the way back.
"""

import json
import os
from pathlib import Path
from typing import Any

import tokenizers

from dragon.checkpoint import TOKENIZER_CONFIG_FILE, TOKENIZER_FILE
from dragon.errors import TokenizerError
from dragon.tokenizer.bpe import BpeTokenizer
from dragon.tokenizer.foreign import (
    MERGES_FILE,
    VOCAB_FILE,
    SentencePieceTokenizer,
    from_two_files,
)
from dragon.tokenizer.special import CHAT_TEMPLATE, END, PAD, UNKNOWN
from dragon.tokenizer.word import WordTokenizer

AnyTokenizer = BpeTokenizer | WordTokenizer | SentencePieceTokenizer


def load_tokenizer(folder: Path) -> AnyTokenizer:
    """Open the tokenizer of a folder: one of ours, or a BPE of other people.

    Raises:
        TokenizerError: if the file is missing, malformed or of another kind.
    """
    path = folder / TOKENIZER_FILE
    if path.is_file():
        return _covered(_read(path), path)
    if (folder / VOCAB_FILE).is_file() and (folder / MERGES_FILE).is_file():
        return BpeTokenizer(from_two_files(folder))
    only = "It has tokenizer.model only. " if (folder / "tokenizer.model").is_file() else ""
    raise TokenizerError(
        f"No {TOKENIZER_FILE} in {folder}.",
        f"{only}Give a folder with {TOKENIZER_FILE}, or with {VOCAB_FILE} and {MERGES_FILE}.",
    )


def _read(path: Path) -> tokenizers.Tokenizer:
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception for a malformed file
        raise TokenizerError(f"{path} is not a tokenizer: {error}.") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how its own mistakes come out
            raise
        raise TokenizerError(f"{path} is not a tokenizer: {error}.") from None


def _covered(inner: tokenizers.Tokenizer, path: Path) -> AnyTokenizer:
    model = inner.model
    if isinstance(model, tokenizers.models.WordLevel):
        return WordTokenizer(inner)
    if isinstance(model, tokenizers.models.BPE):
        if "ByteLevel" in repr(inner.decoder):
            return BpeTokenizer(inner)
        if model.byte_fallback:
            return SentencePieceTokenizer(inner)
    raise TokenizerError(
        f"{path} is a {type(model).__name__} tokenizer.",
        "Supported: byte-level BPE, BPE with bytes as a fallback, and word-level.",
    )


def write_tokenizer(inner: tokenizers.Tokenizer, folder: Path) -> None:
    """Write both files, each beside and renamed.

    Raises:
        TokenizerError: if the folder cannot be written.
    """
    config = json.dumps(_transformers_config(inner), indent=2, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / TOKENIZER_FILE, inner.to_str(pretty=True))
        _replace(folder / TOKENIZER_CONFIG_FILE, config)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise TokenizerError(
            f"The tokenizer cannot be written to {folder}: {error.strerror}.",
            "Give a folder that you may write to.",
        ) from None


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _transformers_config(inner: tokenizers.Tokenizer) -> dict[str, Any]:
    known = inner.get_added_tokens_decoder().values()
    special = [token.content for token in known if token.special]
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "additional_special_tokens": [t for t in special if t not in (END, PAD, UNKNOWN)],
    }
    for role, token in (("eos_token", END), ("pad_token", PAD), ("unk_token", UNKNOWN)):
        if token in special:
            config[role] = token
    if END in special:
        config["chat_template"] = CHAT_TEMPLATE
    return config
