"""A run folder as a report needs it: its lines, its settings, and what its model writes.

In: a run folder, of a run that goes on or is over. Out: a `Run`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragon.checkpoint import WEIGHTS_FILE, read_config
from dragon.engine import Engine
from dragon.errors import DataError, TokenizerError
from dragon.tokenizer import load_tokenizer
from dragon.tokenizer.template import end_ids

METRICS_FILE, SETTINGS_FILE = "metrics.jsonl", "config.json"
SAMPLE_TOKENS = 60
PROMPTS = ("The", "In the", "What is")


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        name: of its folder.
        lines: of metrics.jsonl, in order.
        settings: values by section.
        samples: prompts and what the best checkpoint goes on to write; empty for a reader.
    """

    name: str
    lines: list[dict[str, float]]
    settings: dict[str, dict[str, Any]]
    samples: list[tuple[str, str]]

    def series(self, name: str) -> list[tuple[float, float]]:
        """(step, value) of one figure, wherever it was measured."""
        return [(line["step"], line[name]) for line in self.lines if name in line]


def read_run(folder: Path, prompts: tuple[str, ...] = PROMPTS) -> Run:
    """Read a run.

    Args:
        folder: with metrics.jsonl.
        prompts: texts to go on from; none for no samples.

    Raises:
        DataError: if the folder holds no run, or its log is malformed.
    """
    path = folder / METRICS_FILE
    if not path.is_file():
        raise DataError(f"{folder} holds no run: it has no {METRICS_FILE}.", "Name a run's folder.")
    lines = [line for line in _lines(path) if "step" in line]
    if not lines:
        raise DataError(f"{path} has no step yet.", "Wait for the first one.")
    try:
        settings = json.loads((folder / SETTINGS_FILE).read_text("utf-8"))
        settings = {name: dict(values) for name, values in settings.items() if values}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{folder / SETTINGS_FILE} cannot be read: {error}.") from None
    return Run(folder.resolve().name, lines, settings, _samples(folder, prompts))


def _lines(path: Path) -> list[dict[str, float]]:
    found = []
    text = path.read_text("utf-8", "replace").splitlines()
    for number, line in enumerate(text, 1):
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError):
            if number == len(text):  # a run that goes on is writing it
                break
            raise DataError(f"{path}:{number} is no line of metrics.") from None
    return found


def _samples(folder: Path, prompts: tuple[str, ...]) -> list[tuple[str, str]]:
    model = folder / ("best" if (folder / "best").is_dir() else "last")
    if not prompts or not (model / WEIGHTS_FILE).is_file():
        return []
    config = read_config(model)
    if config.attention == "bidirectional" or config.is_reader:
        return []
    try:
        tokenizer = load_tokenizer(model)
    except TokenizerError:
        return []
    engine, ends = Engine.open(model), end_ids(model, tokenizer)
    found = []
    for prompt in prompts:
        ids = tokenizer.encode_prompt(prompt)[: config.max_position_embeddings - 1]
        if ids:
            room = min(SAMPLE_TOKENS, config.max_position_embeddings - len(ids))
            out = engine.generate(ids, max_tokens=room, temperature=0.8, seed=0, stop_ids=ends)
            found.append((prompt, tokenizer.decode([*ids, *out]).removeprefix(prompt)))
    return found
