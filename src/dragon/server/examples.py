"""What a job learns from: conversations in an uploaded file, looked at before anything is trained.

In: JSONL. Out: how many conversations and tokens, and a plan for training; or the error that names
the line.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.errors import DataError
from dragon.tokenizer import Tokenizer
from dragon.train.conversations import messages_of

MOST_BATCH, LEAST_BATCH = 4096, 256  # tokens of a forward pass
STEPS = 100  # that a small file should get
MOST_EPOCHS, FEWEST_EPOCHS = 25, 3
LEARNING_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class Examples:
    """Conversations of a file, and the tokens of what is said in them."""

    conversations: int
    tokens: int


def look_at(path: Path, tokenizer: Tokenizer) -> Examples:
    """Read all of a file.

    Raises:
        DataError: naming the first line that is malformed.
    """
    conversations = tokens = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            messages = messages_of(_row(line, number), f"Line {number}")
            conversations += 1
            tokens += sum(len(tokenizer.encode(message["content"])) for message in messages)
    if not conversations:
        raise DataError("The file holds no conversations.", "Give one a line, as JSON.")
    return Examples(conversations, tokens)


def plan(examples: Examples, asked: dict[str, Any]) -> dict[str, Any]:
    """How long and how fast to train: a small file is seen often enough to be learned.

    >>> asked = {"n_epochs": "auto", "learning_rate_multiplier": 0.5, "lora_r": 4}
    >>> plan(Examples(10, 400), asked)  # doctest: +NORMALIZE_WHITESPACE
    {'conversations': 10, 'tokens': 400, 'batch_tokens': 256, 'epochs': 25, 'learning_rate': 0.0005,
     'lora_r': 4}
    """
    batch = min(MOST_BATCH, max(LEAST_BATCH, examples.tokens // 8))
    epochs = asked["n_epochs"]
    if epochs == "auto":
        wanted = math.ceil(STEPS / max(1, math.ceil(examples.tokens / batch)))
        epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, wanted))
    factor = asked["learning_rate_multiplier"]
    return {
        "conversations": examples.conversations,
        "tokens": examples.tokens,
        "batch_tokens": batch,
        "epochs": epochs,
        "learning_rate": LEARNING_RATE * (1.0 if factor == "auto" else factor),
        "lora_r": asked["lora_r"],
    }


def _row(line: bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"Line {number} is not valid JSON: {error}.") from None
    if not isinstance(row, dict):
        raise DataError(f"Line {number} is no JSON object.", "Give one conversation a line.")
    return row
