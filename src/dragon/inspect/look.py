"""A text goes through a model once, and everything on the way is kept: what the page shows.

In: a model folder and a text, or a question and a passage. Out: plain values, ready for JSON. The
reference model computes it, because it keeps its attention maps.

Shapes: L layers, H heads, T tokens, F features, V vocabulary.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dragon.config import ModelConfig
from dragon.errors import InputError, TokenizerError
from dragon.reference.arrays import Array
from dragon.reference.attention import visible
from dragon.reference.files import Model, open_model
from dragon.reference.model import states
from dragon.reference.mouths import language
from dragon.reference.softmax import softmax
from dragon.tokenizer import Tokenizer
from dragon.tokenizer.special import END
from dragon.weights import RECURRENT_LAYERS, num_parameters

LONGEST = 256  # tokens; beyond it the maps can no longer be read, and the page grows with T^2
SHOWN = 12  # next tokens a position

Look = dict[str, Any]


def look_at_text(folder: Path, text: str) -> Look:
    """Read a text as a language model and keep what it expected at every token.

    Raises:
        InputError: if the model is no language model, or the text is empty or too long.
        CheckpointError: if the folder is no model.
    """
    model = open_model(folder)
    if model.config.is_reader:
        raise InputError("This model reads passages.", "Give it a --question.")
    ids = [*_opening(model.tokenizer), *model.tokenizer.encode(text)]
    check_length(len(ids) if text.strip() else 0, model.config)
    tokens = np.array([ids])
    mask = visible(model.config, 0, len(ids))
    x, saved = states(model.tensors, model.config, tokens, mask)
    scores, pointer = language(model.tensors, model.config, x, tokens, mask)
    shown = {
        **describe(model, folder),
        "kind": "language",
        "text": text,
        "tokens": pieces(model.tokenizer, ids),
        "attention": packed([block.attention.weights[0] for block in saved.blocks]),
        "maps": block_maps(model.config),
        "next": _expected(model.tokenizer, softmax(scores[0]), ids),
    }
    if pointer is not None:
        shown["pointer"] = {
            "gate": [round(float(g), 4) for g in pointer.gate[0, :, 0]],
            "weights": packed([pointer.weights]),
        }
    return shown


def describe(model: Model, folder: Path) -> Look:
    """What kind of model it is, for the head of the page."""
    c = model.config
    return {
        "model": folder.name,
        "facts": [
            f"{num_parameters(c):,} parameters",
            *_layers(c),
            f"{c.vocab_size:,} tokens in the vocabulary",
        ],
    }


def block_maps(config: ModelConfig) -> list[Look]:
    """What the attention maps of the blocks are called, a layer at a time."""
    heads = [f"head {head + 1}" for head in range(config.num_attention_heads)]
    return [
        {"title": f"Layer {layer + 1}", "names": heads} for layer in range(config.num_hidden_layers)
    ]


def check_length(length: int, config: ModelConfig) -> None:
    """Raise InputError unless so many tokens can be read and drawn."""
    most = min(LONGEST, config.max_position_embeddings)
    if not 0 < length <= most:
        raise InputError(
            f"The text has {length} tokens; a page shows 1 to {most}.",
            "Give a shorter text." if length else "Give some text.",
        )


def pieces(tokenizer: Tokenizer, ids: Sequence[int]) -> list[Look]:
    """How each token is written: its text, and whether it is one of the special ones."""
    special: frozenset[int] = getattr(tokenizer, "special_ids", frozenset())
    shown: list[Look] = []
    before: int | None = None
    for id in ids:
        text = tokenizer.piece(id, before).decode("utf-8", "replace")
        shown.append({"id": id, "text": tokenizer.token(id) if id in special else text})
        if id in special:
            shown[-1]["special"] = True
        before = id
    return shown


def packed(maps: Sequence[Array]) -> list[str]:
    """Maps of weights [H, T, T] as base64 of one byte a weight, 255 for 1; one string a layer."""
    return [
        base64.b64encode(np.rint(np.asarray(m) * 255).astype(np.uint8).tobytes()).decode()
        for m in maps
    ]


def _layers(c: ModelConfig) -> list[str]:
    facts: list[str] = []
    if c.num_hidden_layers:
        heads = f"{c.num_attention_heads} heads of {c.head_dim}"
        facts += [f"{c.num_hidden_layers} layers", heads, f"{c.position} positions"]
    if c.reader_context:
        facts.append(f"context of 2 x {c.hidden_size}")
    if c.reader_head == "recurrent":
        facts.append(f"{RECURRENT_LAYERS} recurrent layers of 2 x {c.hidden_size // 2}")
    return facts


def _opening(tokenizer: Tokenizer) -> list[int]:
    """The end of a text before stands in front of ours, as in training."""
    try:
        return [tokenizer.id(END)]
    except TokenizerError:  # another library's vocabulary
        return []


def _expected(
    tokenizer: Tokenizer, probabilities: NDArray[np.floating], ids: Sequence[int]
) -> list[Look]:
    """For each token: the likeliest next ones, and how likely the one that came was."""
    shown: list[Look] = []
    for at, row in enumerate(probabilities):
        best = np.argsort(-row, kind="stable")[:SHOWN]
        entry: Look = {
            "best": [
                [piece["text"], round(float(row[piece["id"]]), 5)]
                for piece in (pieces(tokenizer, [ids[at], int(i)])[1] for i in best)
            ]
        }
        if at + 1 < len(ids):
            came = ids[at + 1]
            entry["came"] = round(float(row[came]), 5)
            entry["rank"] = int((row > row[came]).sum()) + 1
            entry["place"] = next((n for n, i in enumerate(best) if int(i) == came), -1)
        shown.append(entry)
    return shown
