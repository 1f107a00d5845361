"""Typed, frozen and validated configurations; TOML files and `key=value` overrides become one.

In: a TOML file and command-line overrides. Out: a `ModelConfig`, which says what the network is, with
the field names of Hugging Face's `config.json`.
"""

import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from dragon.errors import ConfigError

Norm = Literal["rmsnorm", "layernorm"]
NormPlacement = Literal["pre", "post"]
Activation = Literal["swiglu", "gelu", "relu"]
Position = Literal["rope", "learned", "sinusoidal"]
Attention = Literal["causal", "bidirectional", "prefix"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The shape of a decoder-only transformer and of its two mouths.

    Attributes:
        vocab_size: number of token ids, V.
        hidden_size: width of the residual stream, C.
        intermediate_size: width inside the MLP.
        num_hidden_layers: number of blocks, L.
        num_attention_heads: query heads, H; divides hidden_size.
        num_key_value_heads: key/value heads; divides H (grouped-query attention, arXiv:2305.13245).
        max_position_embeddings: longest sequence in tokens.
        position: rotary (arXiv:2104.09864), learned or sinusoidal (arXiv:1706.03762) positions.
        rope_theta: base of the rotary frequencies.
        norm, norm_placement, norm_eps: which norm, and before or after each sublayer.
        activation: of the MLP; swiglu (arXiv:2002.05202) has a gate matrix, the others none.
        attention: who sees whom while reading: causal, everything, or a bidirectional prefix.
        attention_bias, mlp_bias: biases of the projections.
        tie_word_embeddings: the output matrix is the embedding matrix.
        pointer_head: a copy distribution over the tokens already read, mixed by a gate
            (See et al. 2017, arXiv:1704.04368).
        reader_features: sizes of the feature vocabularies that the reader adds to the token
            embeddings (see `dragon.tokenizer.reading`); empty for a plain language model.
    """

    vocab_size: int = 16384
    hidden_size: int = 256
    intermediate_size: int = 704
    num_hidden_layers: int = 6
    num_attention_heads: int = 8
    num_key_value_heads: int = 8
    max_position_embeddings: int = 512
    position: Position = "rope"
    rope_theta: float = 10000.0
    norm: Norm = "rmsnorm"
    norm_placement: NormPlacement = "pre"
    norm_eps: float = 1e-5
    activation: Activation = "swiglu"
    attention: Attention = "causal"
    attention_bias: bool = False
    mlp_bias: bool = False
    tie_word_embeddings: bool = True
    pointer_head: bool = False
    reader_features: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_types(self, "model")
        for name in (
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "num_key_value_heads",
            "max_position_embeddings",
            "rope_theta",
            "norm_eps",
        ):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"model.{name} is {getattr(self, name)}.", "It must be greater than 0."
                )
        check_divides(self, "num_attention_heads", "hidden_size")
        check_divides(self, "num_key_value_heads", "num_attention_heads")
        if self.position == "rope" and self.head_dim % 2:
            raise ConfigError(
                f"hidden_size / num_attention_heads is {self.head_dim}.",
                "Rotary positions need an even head size.",
            )

    @property
    def head_dim(self) -> int:
        """Size of one attention head, D = C / H."""
        return self.hidden_size // self.num_attention_heads

    @property
    def is_reader(self) -> bool:
        """True where the checkpoint carries a span scorer."""
        return bool(self.reader_features)


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        objective: `language` predicts the next token of a language set; `reader` finds the answers of
            a reading set.
        data: folder made by `dragon data prepare`.
        validation: another data folder whose val split is used; empty for the same one.
        tokenizer: folder with tokenizer.json, copied into every checkpoint.
        init: checkpoint folder to start from; empty for random values.
        embeddings: start the token embeddings from `random` values or from the `cooccurrence` of
            tokens in the data (see `dragon.train.embeddings`).
        steps: optimiser steps.
        batch_tokens: tokens of one forward pass, padding included.
        accumulate: forward passes a step.
        learning_rate, min_learning_rate: peak and end of the schedule.
        warmup_steps: linear rise; a cosine falls from there to the last step.
        weight_decay, beta1, beta2, clip: AdamW (arXiv:1711.05101) and the gradient's largest norm.
        dropout: of embeddings and sublayer outputs.
        mask_share, mask_weight: the reader also predicts this share of text tokens, masked, with
            this weight of the loss (BERT, arXiv:1810.04805).
        eval_every, eval_batches, save_every: in steps; a checkpoint is saved before each evaluation.
        seed: of weights, order and dropout.
        precision: `auto` takes bf16 where the processor or accelerator computes in it.
        compile: use torch.compile; slower to start, faster to run.
        threads: of PyTorch on the processor, 0 for its default.
    """

    objective: Literal["language", "reader"] = "language"
    data: str = ""
    validation: str = ""
    tokenizer: str = ""
    init: str = ""
    embeddings: Literal["random", "cooccurrence"] = "random"
    steps: int = 1000
    batch_tokens: int = 8192
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
        for name in (
            "steps",
            "batch_tokens",
            "accumulate",
            "eval_every",
            "eval_batches",
            "save_every",
        ):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"train.{name} is {getattr(self, name)}.", "It must be at least 1."
                )
        for name in ("dropout", "mask_share", "mask_weight", "weight_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(
                    f"train.{name} is {getattr(self, name)}.", "It must be at least 0 and under 1."
                )
        if not 0 < self.min_learning_rate <= self.learning_rate:
            raise ConfigError(
                f"train.min_learning_rate is {self.min_learning_rate}.",
                f"It must be above 0 and at most learning_rate ({self.learning_rate}).",
            )


def check_divides(config: Any, divisor: str, number: str) -> None:
    """Raise ConfigError unless field `divisor` divides field `number`."""
    d, n = getattr(config, divisor), getattr(config, number)
    if n % d:
        raise ConfigError(
            f"{number} is {n} and {divisor} is {d}.", f"{divisor} must divide {number}."
        )


def check_types(config: Any, section: str) -> None:
    """Raise ConfigError for a field whose value is not of its declared type."""
    for name, hint in get_type_hints(type(config)).items():
        value = getattr(config, name)
        if not _fits(value, hint):
            raise ConfigError(f"{section}.{name} is {value!r}.", f"Expected {_say(hint)}.")


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(v, get_args(hint)[0]) for v in value)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


def _say(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    return getattr(hint, "__name__", str(hint))


def from_dict(cls: type[T], values: dict[str, Any], section: str) -> T:
    """Build a configuration dataclass from a TOML table, naming any unknown key.

    Raises:
        ConfigError: for an unknown key or a value that does not fit.
    """
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in known:
            raise ConfigError(
                f"{section}.{key} is not a setting.", f"Known: {', '.join(sorted(known))}."
            )
    return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def read_toml(path: Path, overrides: list[str] | None = None) -> dict[str, dict[str, Any]]:
    """Read a TOML file of sections and apply `section.key=value` overrides.

    Args:
        path: the TOML file.
        overrides: strings as given to `--set`, the value in TOML syntax or a bare word.

    Returns:
        The sections as nested dictionaries.

    Raises:
        ConfigError: for a missing or malformed file or override.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".toml") as f:
    ...     _ = f.write("[train]\\nsteps = 3\\n"); f.flush()
    ...     read_toml(Path(f.name), ["train.steps=5", "train.objective=reader"])
    {'train': {'steps': 5, 'objective': 'reader'}}
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"No configuration at {path}.", "Give --config one of configs/*.toml."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} is not readable TOML: {error}.") from None
    for override in overrides or []:
        key, equals, value = override.partition("=")
        section, dot, name = key.partition(".")
        if not (equals and dot and name):
            raise ConfigError(f"--set {override!r} is not understood.", "Use section.key=value.")
        table.setdefault(section, {})[name] = _parse_value(value)
    return table


def _parse_value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def with_changes(config: T, **changes: Any) -> T:
    """A copy of a frozen configuration with some fields replaced and validated again."""
    return replace(config, **changes)  # type: ignore[type-var]
