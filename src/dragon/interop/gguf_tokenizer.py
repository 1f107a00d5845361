"""A tokenizer inside a GGUF file: written from ours, and read back.

In: a tokenizer, or a file's settings. Out: settings, or a tokenizer. llama.cpp knows byte-level BPE
with the ways of cutting a text in `dragon.tokenizer.foreign.CUTS`, and SentencePiece's BPE.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tokenizers
from tokenizers import AddedToken

from dragon.errors import InputError, TokenizerError
from dragon.interop.source import Source
from dragon.tokenizer.files import AnyTokenizer
from dragon.tokenizer.foreign import (
    CUTS,
    SentencePieceTokenizer,
    begin_with,
    byte_level,
    cut_of,
    sentence_piece,
)
from dragon.tokenizer.template import ChatTemplate
from dragon.tokenizer.word import WordTokenizer

if TYPE_CHECKING:
    import gguf

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # llama_token_type
OTHER_NAMES = {
    "gpt2": "gpt-2",
    "llama3": "llama-bpe",
    "llama-v3": "llama-bpe",
    "smaug-bpe": "llama-bpe",
    "deepseek-r1-qwen": "qwen2",
}
UNRANKED = -1e9  # score of what no merge makes: it is never asked for


def add_tokenizer(writer: "gguf.GGUFWriter", source: Source) -> None:
    """Add a model's tokenizer to a GGUF file; none where the folder has none.

    Raises:
        InputError: if llama.cpp has no such tokenizer.
    """
    if source.tokenizer is None:
        writer.add_tokenizer_model("none")
        return
    values = source.tokenizer.to_json()
    tokens, types = _entries(source.tokenizer, values, source.config.vocab_size)
    merges = _pairs(values["model"]["merges"]) if "merges" in values["model"] else []
    if isinstance(source.tokenizer, WordTokenizer):
        raise InputError("llama.cpp has no word-level tokenizers.", "Use `dragon export hf`.")
    if isinstance(source.tokenizer, SentencePieceTokenizer):
        writer.add_tokenizer_model("llama")
        writer.add_token_scores(_scores(tokens, merges))
    else:
        cut = cut_of(values["pre_tokenizer"])
        if cut is None:
            raise InputError(
                "llama.cpp has no name for the way in which this tokenizer cuts a text.",
                "Use `dragon export hf`.",
            )
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(cut)
        writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    _add_ends(writer, source)


def _add_ends(writer: "gguf.GGUFWriter", source: Source) -> None:
    writer.add_add_bos_token(source.begin is not None)
    if source.begin is not None:
        writer.add_bos_token_id(source.begin)
    if source.ends:
        writer.add_eos_token_id(source.ends[0])
    template = ChatTemplate.of(source.folder)
    if template is not None:
        writer.add_chat_template(template.source)


def _entries(
    tokenizer: AnyTokenizer, values: Mapping[str, Any], size: int
) -> tuple[list[str], list[int]]:
    tokens = [f"[UNUSED_{id}]" for id in range(size)]
    types = [UNUSED] * size
    piecewise = isinstance(tokenizer, SentencePieceTokenizer)
    for token, id in values["model"]["vocab"].items():
        byte = piecewise and len(token) == 6 and token.startswith("<0x")
        _put(tokens, types, id, token, BYTE if byte else NORMAL)
    for entry in values["added_tokens"]:
        special = CONTROL if entry["special"] else USER_DEFINED
        _put(tokens, types, entry["id"], entry["content"], special)
    unknown = values["model"].get("unk_token")
    if unknown in values["model"]["vocab"]:
        _put(tokens, types, values["model"]["vocab"][unknown], unknown, UNKNOWN)
    return tokens, types


def _put(tokens: list[str], types: list[int], id: int, token: str, kind: int) -> None:
    if id >= len(tokens):
        raise TokenizerError(
            f"The tokenizer has the id {id}; the model has {len(tokens)} rows.",
            "They belong to different models.",
        )
    tokens[id], types[id] = token, kind


def _pairs(merges: Sequence[Any]) -> list[tuple[str, str]]:
    """Merges as pairs; older files have them as one text."""
    cut = (m.split(" ", 1) if isinstance(m, str) else m for m in merges)
    return [(left, right) for left, right in cut]


def _scores(tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> list[float]:
    """SentencePiece merges what has the highest score: the rank of its first merge, negative."""
    ranks: dict[str, int] = {}
    for rank, (left, right) in enumerate(merges):
        ranks.setdefault(left + right, rank)
    return [-float(ranks[token]) if token in ranks else UNRANKED for token in tokens]


def read_tokenizer(settings: Mapping[str, Any], where: str) -> tokenizers.Tokenizer | None:
    """The tokenizer of a GGUF file's settings; None where it has none.

    Raises:
        TokenizerError: if it is malformed or of another kind.
    """
    model = settings.get("tokenizer.ggml.model", "none")
    if model == "none":
        return None
    if model not in ("gpt2", "llama"):
        raise TokenizerError(
            f"{where}: tokenizer.ggml.model is {model!r}.", "Supported: gpt2, llama, none."
        )
    tokens = _list(settings, "tokens", str, where)
    types = _list(settings, "token_type", int, where) or [NORMAL] * len(tokens)
    if not tokens or len(types) != len(tokens) or len(set(tokens)) != len(tokens):
        raise TokenizerError(f"{where}: tokenizer.ggml.tokens and token_type do not fit.")
    vocab, added = _vocabulary(tokens, types)
    if model == "llama":
        scores = _list(settings, "scores", float, where)
        if len(scores) != len(tokens):
            raise TokenizerError(f"{where}: tokenizer.ggml.scores does not fit the tokens.")
        unknown = next((t for t, kind in zip(tokens, types, strict=True) if kind == UNKNOWN), None)
        inner = sentence_piece(vocab, _merges_of(vocab, scores), added, unknown)
    else:
        inner = _byte_level(settings, vocab, added, where)
    begin = settings.get("tokenizer.ggml.bos_token_id")
    adds = settings.get("tokenizer.ggml.add_bos_token", model == "llama")
    if adds and isinstance(begin, int) and 0 <= begin < len(tokens):
        begin_with(inner, tokens[begin], begin)
    return inner


def _byte_level(
    settings: Mapping[str, Any], vocab: dict[str, int], added: list[AddedToken], where: str
) -> tokenizers.Tokenizer:
    name = settings.get("tokenizer.ggml.pre", "gpt-2")
    cut = OTHER_NAMES.get(name, name) if isinstance(name, str) else None
    if cut not in CUTS:
        raise TokenizerError(
            f"{where}: tokenizer.ggml.pre is {name!r}.", f"Supported: {', '.join(CUTS)}."
        )
    lines = _list(settings, "merges", str, where)
    merges = [tuple(line.split(" ")) for line in lines]
    wrong = next((line for line, m in zip(lines, merges, strict=True) if len(m) != 2), None)
    if wrong is not None:
        raise TokenizerError(f"{where}: tokenizer.ggml.merges holds {wrong!r}, which is no pair.")
    return byte_level(vocab, [(m[0], m[1]) for m in merges], cut, added)


def _vocabulary(
    tokens: Sequence[str], types: Sequence[int]
) -> tuple[dict[str, int], list[AddedToken]]:
    """Ids up to the last token that is used; ids between stay, so that none is missing."""
    used = max((id for id, kind in enumerate(types) if kind != UNUSED), default=-1) + 1
    vocab = {token: id for id, token in enumerate(tokens[:used])}
    added = [
        AddedToken(token, special=kind == CONTROL, normalized=False)
        for token, kind in zip(tokens[:used], types, strict=False)
        if kind in (CONTROL, USER_DEFINED)
    ]
    return vocab, added


def _merges_of(vocab: Mapping[str, int], scores: Sequence[float]) -> list[tuple[str, str]]:
    """All pairs that make a token, the tokens with the highest scores first."""
    found: list[tuple[float, int, int, str, str]] = []
    for token, id in vocab.items():
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in vocab and right in vocab:
                found.append((-scores[id], vocab[left], vocab[right], left, right))
    return [(left, right) for *_, left, right in sorted(found)]


def _list(settings: Mapping[str, Any], name: str, kind: type, where: str) -> list[Any]:
    values = settings.get(f"tokenizer.ggml.{name}", [])
    if not isinstance(values, list) or not all(isinstance(v, kind) for v in values):
        raise TokenizerError(f"{where}: tokenizer.ggml.{name} is malformed.")
    return values
