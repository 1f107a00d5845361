"""The forget objective: language on text with its names exchanged, until facts are gone.

In: a language set whose entities are randomised, a model that knows facts, and the facts. Out: the
losses of running text; at every evaluation the share of facts that are still known, and whether
that is few enough. What a fact's prompt makes the model write is compared with the answer, token by
token; how much of its grammar is kept, the validation loss says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from dragon.config import ModelConfig, TrainConfig
from dragon.data.sources import read_rows, source_files
from dragon.errors import DataError
from dragon.model.transformer import Transformer
from dragon.tokenizer import load_tokenizer
from dragon.train.checks import tokenizer_folder
from dragon.train.language import LanguageObjective


@dataclass(frozen=True, slots=True)
class Fact:
    """A prompt and the answer that goes on from it: token ids."""

    prompt: list[int]
    answer: list[int]


class ForgetObjective(LanguageObjective):
    """Next-token prediction with a look at some facts."""

    def __init__(self, model: ModelConfig, train: TrainConfig) -> None:
        super().__init__(model, train)
        self.facts = read_facts(Path(train.facts), train, model.max_position_embeddings)

    def figures(self, model: Transformer) -> dict[str, float]:
        """`facts_known`, the share answered word for word, and `facts_nats` per answer token."""
        device = next(model.parameters()).device
        known, nats, tokens = 0, 0.0, 0
        for fact in self.facts:
            ids = torch.tensor([fact.prompt + fact.answer], device=device)
            answer = ids[0, len(fact.prompt) :]
            logits = model(ids[:, :-1])[0, len(fact.prompt) - 1 :].float()
            known += bool((logits.argmax(-1) == answer).all())
            nats += float(torch.nn.functional.cross_entropy(logits, answer, reduction="sum"))
            tokens += len(answer)
        return {"facts_known": known / len(self.facts), "facts_nats": nats / tokens}

    def is_done(self, figures: dict[str, float]) -> bool:
        """Whether few enough facts are left."""
        return figures.get("facts_known", 1.0) <= self.config.facts_left

    def notes(self) -> Iterator[str]:
        """How many facts there are."""
        yield f"{len(self.facts)} facts to forget, until {self.config.facts_left:.0%} are known"


def read_facts(path: Path, train: TrainConfig, most: int) -> list[Fact]:
    """The facts of a file, as token ids.

    Args:
        path: rows with `prompt` (or `question`) and `answer`.
        train: names the tokenizer.
        most: tokens that the model reads.

    Raises:
        DataError: naming file and row of the first one that is malformed or too long.
    """
    tokenizer = load_tokenizer(tokenizer_folder(train))
    facts = []
    for file in source_files([path]):
        for number, row in enumerate(read_rows(file), 1):
            prompt, answer = row.get("prompt", row.get("question")), row.get("answer")
            if not (isinstance(prompt, str) and isinstance(answer, str) and answer.strip()):
                raise DataError(f"{file}, row {number} is no fact.", "Give it prompt and answer.")
            ids = tokenizer.encode(prompt.rstrip()), tokenizer.encode(f" {answer.strip()}")
            if not ids[0] or len(ids[0]) + len(ids[1]) > most:
                raise DataError(
                    f"{file}, row {number} has {len(ids[0])} + {len(ids[1])} tokens.",
                    f"A fact takes at least 1 + 1 and at most {most} together.",
                )
            facts.append(Fact(*ids))
    if not facts:
        raise DataError(f"{path} holds no facts.", "Give rows with prompt and answer.")
    return facts
