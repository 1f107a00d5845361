"""How a model is trained."""

from dataclasses import dataclass
from typing import Literal

from dragon.config.checks import check_at_least, check_share, check_types
from dragon.errors import ConfigError

ObjectiveName = Literal[
    "language", "reader", "instruct", "masked", "context", "forget", "embedder", "distill"
]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        objective: `language` predicts the next token of a language set; `reader` finds the answers
            of a reading set; `instruct` predicts the assistant's words in conversations; `masked`
            fills gaps in a language set; `context` teaches a reader's context layer the neighbours
            of every word of it; `forget` is `language` until facts are gone; `embedder`
            puts texts that belong together close; `distill` follows a teacher on either kind of
            set.
        data: folder made by `dragon data prepare`; empty to prepare it from the section `data` of
            the same file (see `DataConfig`). For `instruct` and `embedder` a file or folder of
            conversations or pairs (see `dragon.train.conversations`, `dragon.train.embedder`).
        validation: another data folder whose val split is used (`instruct`: other conversations);
            empty for the same one.
        tokenizer: folder with tokenizer.json, copied into every checkpoint; empty for the one that
            the data folder holds, or for `instruct` that of `init`.
        init: model to start from, ours or another library's, float or quantised; empty for random
            values.
        embeddings: start the token embeddings from `random` values or from the `cooccurrence` of
            tokens in the data (see `dragon.train.embeddings`).
        keep: names of tensors, or how they begin, that stay as `init` made them.
        steps: optimiser steps.
        epochs: how often all of the data is seen, in place of `steps`; 0 to count steps.
        batch_tokens: tokens of one forward pass, padding included.
        sequence_length: tokens of a `language` window and at most of a conversation; 0 for
            model.max_position_embeddings.
        accumulate: forward passes a step.
        learning_rate, min_learning_rate: peak and end of the schedule.
        warmup_steps: linear rise; a cosine falls from there to the last step.
        weight_decay, beta1, beta2, clip: AdamW (arXiv:1711.05101) and the gradient's largest norm.
        ema: decay of a moving average of the weights, which is what is evaluated and saved; 0 is
            the last step's weights themselves.
        dropout: of embeddings and sublayer outputs.
        optimizer: `muon` moves the matrices of the blocks by orthogonalised momentum (Jordan et
            al. 2024, https://kellerjordan.github.io/posts/muon) and all else as `adamw` does.
        schedule: how the rate falls after the warm-up: as a `cosine`, in a line (`linear`), or not
            until the last `decay_share` of the steps and then in a line (`wsd`, arXiv:2404.06395).
        mask_share, mask_weight: the reader also predicts this share of text tokens, masked, with
            this weight of the loss (BERT, arXiv:1810.04805); `masked` predicts this share, 0 being
            0.15.
        teachers, teacher_shares, temperature, teacher_weight: of `distill` (arXiv:1503.02531): the
            models to follow, what each counts in the mean of their log probabilities (empty:
            alike), how much both distributions are softened, and the share of the divergence
            beside the loss of the data.
        similarity_scale: of `embedder`, what a cosine is multiplied by.
        facts, facts_left: of `forget`, a file of rows with `prompt` and `answer`, and the share
            still known at which the run is over.
        patience: evaluations without a lower loss after which the run is over; 0 for none.
        spike: the run stops where the mean loss of 8 steps is this many times the median of the 64
            before; 0 for never.
        eval_every, eval_batches, save_every: in steps; a checkpoint is saved before each
            evaluation.
        seed: of weights, order and dropout.
        precision: `auto` takes bf16 where the processor or accelerator computes in it; fp16 is for
            accelerators, with a scaled loss.
        activation_checkpointing: keep only the states between blocks and work out the rest again:
            less memory, a third more work.
        parallel: of a run under torchrun: every process holds the whole model (`ddp`) or a part of
            it (`fsdp`); `accumulate` counts the passes of all processes.
        tensorboard: write RUN/tensorboard beside metrics.jsonl.
        compile: use torch.compile; slower to start, faster to run.
        threads: of PyTorch on the processor, 0 for its default.
    """

    objective: ObjectiveName = "language"
    data: str = ""
    validation: str = ""
    tokenizer: str = ""
    init: str = ""
    embeddings: Literal["random", "cooccurrence"] = "random"
    keep: tuple[str, ...] = ()
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
    ema: float = 0.0
    dropout: float = 0.0
    optimizer: Literal["adamw", "muon"] = "adamw"
    schedule: Literal["cosine", "wsd", "linear"] = "cosine"
    decay_share: float = 0.2
    mask_share: float = 0.0
    mask_weight: float = 0.3
    teachers: tuple[str, ...] = ()
    teacher_shares: tuple[float, ...] = ()
    temperature: float = 2.0
    teacher_weight: float = 0.5
    similarity_scale: float = 20.0
    facts: str = ""
    facts_left: float = 0.0
    patience: int = 0
    spike: float = 3.0
    eval_every: int = 500
    eval_batches: int = 20
    save_every: int = 500
    seed: int = 0
    precision: Literal["auto", "f32", "bf16", "fp16"] = "auto"
    activation_checkpointing: bool = False
    parallel: Literal["ddp", "fsdp"] = "ddp"
    compile: bool = False
    threads: int = 0
    tensorboard: bool = False

    def __post_init__(self) -> None:
        check_types(self, "train")
        check_at_least(
            self, "train", 1, "steps batch_tokens accumulate eval_every eval_batches save_every"
        )
        check_at_least(self, "train", 0, "warmup_steps threads seed weight_decay mask_weight")
        check_at_least(self, "train", 0, "epochs sequence_length patience")
        check_share(self, "train", "ema dropout mask_share beta1 beta2 facts_left")
        for name in ("clip", "temperature", "similarity_scale"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"train.{name} is {getattr(self, name)}.", "It must be greater than 0."
                )
        for name in ("teacher_weight", "decay_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"train.{name} is {getattr(self, name)}.", "It must be 0 to 1.")
        if self.teacher_shares and (
            len(self.teacher_shares) != len(self.teachers) or min(self.teacher_shares) <= 0
        ):
            raise ConfigError(
                f"train.teacher_shares is {list(self.teacher_shares)}.",
                "Give one number above 0 for each of train.teachers, or none.",
            )
        if self.spike and self.spike <= 1:
            raise ConfigError(f"train.spike is {self.spike}.", "It must be above 1, or 0 for none.")
        if not 0 < self.min_learning_rate <= self.learning_rate:
            raise ConfigError(
                f"train.min_learning_rate is {self.min_learning_rate}.",
                f"It must be above 0 and at most train.learning_rate ({self.learning_rate}).",
            )
