"""What the network is: its shape, with the field names of Hugging Face's config.json."""

from dataclasses import dataclass
from typing import Literal

from dragon.config.checks import check_at_least, check_divides, check_types
from dragon.errors import ConfigError

Norm = Literal["rmsnorm", "layernorm"]
NormPlacement = Literal["pre", "post"]
Activation = Literal["swiglu", "gelu", "relu"]
Position = Literal["rope", "learned", "sinusoidal"]
Attention = Literal["causal", "bidirectional", "prefix"]


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
        check_at_least(
            self,
            "model",
            1,
            "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
            "num_key_value_heads max_position_embeddings",
        )
        for name in ("rope_theta", "norm_eps"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"model.{name} is {getattr(self, name)}.", "It must be greater than 0."
                )
        if any(size < 1 for size in self.reader_features):
            raise ConfigError(
                f"model.reader_features is {list(self.reader_features)}.",
                "Each size must be at least 1.",
            )
        check_divides(self, "model", "num_attention_heads", "hidden_size")
        check_divides(self, "model", "num_key_value_heads", "num_attention_heads")
        if self.position == "rope" and self.head_dim % 2:
            raise ConfigError(
                f"model.hidden_size / num_attention_heads is {self.head_dim}.",
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
