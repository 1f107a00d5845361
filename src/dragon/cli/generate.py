"""`dragon generate`: a causal model goes on from a prompt."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dragon.config import ModelConfig
    from dragon.tokenizer.files import AnyTokenizer

LONGEST_PROMPT = 10_000_000  # characters: a pipe may never end


def generate(
    prompt: Annotated[str, typer.Argument(help="Text to go on from; - reads it from stdin.")],
    model: Annotated[str, typer.Option("--model", help="Folder of a model that writes.")],
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=0, help="Tokens at most.")] = 256,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0.0, help="0 takes the most probable token.")
    ] = 0.0,
    top_k: Annotated[int, typer.Option("--top-k", min=0, help="Most probable tokens; 0: all.")] = 0,
    top_p: Annotated[float, typer.Option("--top-p", help="Share of probability kept.")] = 1.0,
    seed: Annotated[int | None, typer.Option("--seed", help="Same seed, same text.")] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Put the prompt into the model's chat format.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Go on writing from a prompt, token by token, until the model ends or --max-tokens."""
    from dragon.engine import Engine
    from dragon.models import model_folder
    from dragon.tokenizer import load_tokenizer
    from dragon.tokenizer.template import end_ids

    text = sys.stdin.read(LONGEST_PROMPT) if prompt == "-" else prompt
    folder = model_folder(model)
    engine, tokenizer = Engine.open(folder), load_tokenizer(folder)
    _check_fits(engine.config, tokenizer, folder)
    ids = _chat_ids(folder, tokenizer, text) if chat else tokenizer.encode_prompt(text)
    tokens = engine.generate(
        ids or sorted(end_ids(folder, tokenizer))[:1],  # an empty text begins after an end
        max_tokens=max_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop_ids=end_ids(folder, tokenizer),
    )
    written: list[int] = []
    pieces = _pieces(tokens, tokenizer, ids[-1] if ids else None, written)
    if not as_json:
        _print_pieces(pieces)
        return
    whole = "".join(pieces)
    room = min(max_tokens, engine.config.max_position_embeddings + 1 - max(len(ids), 1))
    reason = "length" if len(written) == room else "stop"
    print(
        json.dumps(
            {"text": whole, "tokens": written, "prompt_tokens": ids, "finish_reason": reason}
        )
    )


def _check_fits(config: "ModelConfig", tokenizer: "AnyTokenizer", folder: Path) -> None:
    from dragon.errors import TokenizerError

    if tokenizer.vocab_size > config.vocab_size:
        raise TokenizerError(
            f"The tokenizer of {folder} has {tokenizer.vocab_size} tokens, the model "
            f"{config.vocab_size}.",
            "They belong to different models.",
        )


def _chat_ids(folder: Path, tokenizer: "AnyTokenizer", text: str) -> list[int]:
    from dragon.errors import InputError
    from dragon.tokenizer.template import ChatTemplate

    template = ChatTemplate.of(folder)
    if template is None:
        raise InputError(f"{folder} has no chat template.", "Leave --chat out.")
    return template.ids(tokenizer, [{"role": "user", "content": text}])


def _pieces(
    tokens: Iterator[int], tokenizer: "AnyTokenizer", last: int | None, written: list[int]
) -> Iterator[str]:
    """Text as it becomes certain; the ids are collected in `written`."""
    from dragon.tokenizer import StreamDecoder

    decoder = StreamDecoder(tokenizer, last)
    for token in tokens:
        written.append(token)
        yield decoder.push(token)
    yield decoder.finish()


def _print_pieces(pieces: Iterator[str]) -> None:
    from dragon.text.printable import is_shown

    for piece in pieces:
        # What a model writes is no more to be trusted than what a document holds.
        print("".join(c for c in piece if is_shown(c) or c in "\n\t "), end="", flush=True)
    print()
