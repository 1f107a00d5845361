"""How a model is trained."""

from dataclasses import dataclass
from typing import Literal

from dragon.config.checks import check_at_least, check_share, check_types
from dragon.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        objective: `language` predicts the next token of a language set; `reader` finds the answers
            of a reading set; `instruct` predicts the assistant's words in conversations.
        data: folder made by `dragon data prepare`; empty to prepare it from the section `data` of
            the same file (see `DataConfig`). For `instruct` a file or folder of conversations (see
            `dragon.train.conversations`).
        validation: another data folder whose val split is used (`instruct`: other conversations);
            empty for the same one.
        tokenizer: folder with tokenizer.json, copied into every checkpoint; empty for the one that
            the data folder holds, or for `instruct` that of `init`.
        init: model to start from, ours or another library's, float or quantised; empty for random
            values.
        embeddings: start the token embeddings from `random` values or from the `cooccurrence` of
            tokens in the data (see `dragon.train.embeddings`).
        steps: optimiser steps.
        epochs: how often all of the data is seen, in place of `steps`; 0 to count steps.
        batch_tokens: tokens of one forward pass, padding included.
        sequence_length: tokens of a `language` window and at most of a conversation; 0 for
            model.max_position_embeddings.
        accumulate: forward passes a step.
        learning_rate, min_learning_rate: peak and end of the schedule.
        warmup_steps: linear rise; a cosine falls from there to the last step.
        weight_decay, beta1, beta2, clip: AdamW (arXiv:1711.05101) and the gradient's largest norm.
        dropout: of embeddings and sublayer outputs.
        mask_share, mask_weight: the reader also predicts this share of text tokens, masked, with
            this weight of the loss (BERT, arXiv:1810.04805).
        eval_every, eval_batches, save_every: in steps; a checkpoint is saved before each
            evaluation.
        seed: of weights, order and dropout.
        precision: `auto` takes bf16 where the processor or accelerator computes in it.
        compile: use torch.compile; slower to start, faster to run.
        threads: of PyTorch on the processor, 0 for its default.
    """

    objective: Literal["language", "reader", "instruct"] = "language"
    data: str = ""
    validation: str = ""
    tokenizer: str = ""
    init: str = ""
    embeddings: Literal["random", "cooccurrence"] = "random"
    steps: int = 1000
    epochs: float = 0.0
    batch_tokens: int = 8192
    sequence_length: int = 0
    accumulate: int = 1
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    warmup_steps: int = 100
    weight_decay: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.98
    clip: float = 1.0
    dropout: float = 0.0
    mask_share: float = 0.0
    mask_weight: float = 0.3
    eval_every: int = 500
    eval_batches: int = 20
    save_every: int = 500
    seed: int = 0
    precision: Literal["auto", "f32", "bf16"] = "auto"
    compile: bool = False
    threads: int = 0

    def __post_init__(self) -> None:
        check_types(self, "train")
        check_at_least(
            self, "train", 1, "steps batch_tokens accumulate eval_every eval_batches save_every"
        )
        check_at_least(self, "train", 0, "warmup_steps threads seed weight_decay mask_weight")
        check_at_least(self, "train", 0, "epochs sequence_length")
        check_share(self, "train", "dropout mask_share beta1 beta2")
        if self.clip <= 0:
            raise ConfigError(f"train.clip is {self.clip}.", "It must be greater than 0.")
        if not 0 < self.min_learning_rate <= self.learning_rate:
            raise ConfigError(
                f"train.min_learning_rate is {self.min_learning_rate}.",
                f"It must be above 0 and at most train.learning_rate ({self.learning_rate}).",
            )
