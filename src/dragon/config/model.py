"""What the network is: its shape, with the field names of Hugging Face's config.json."""

from dataclasses import dataclass
from typing import Literal

from dragon.config.checks import check_at_least, check_divides, check_types
from dragon.errors import ConfigError

Norm = Literal["rmsnorm", "layernorm"]
NormPlacement = Literal["pre", "post"]
Activation = Literal["swiglu", "gelu", "gelu_tanh", "relu"]
Position = Literal["rope", "learned", "sinusoidal"]
Attention = Literal["causal", "bidirectional", "prefix"]
SIZES = (
    "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads "
    "num_key_value_heads max_position_embeddings"
)
LARGEST = 2**31 - 1  # what the kernels count in
RopeScaling = Literal["none", "linear", "llama3", "yarn"]
ReaderHead = Literal["linear", "recurrent"]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The shape of a decoder-only transformer and of its two mouths.

    Attributes:
        vocab_size: number of token ids, V.
        hidden_size: width of the residual stream, C.
        intermediate_size: width inside the MLP.
        num_hidden_layers: number of blocks, L.
        num_attention_heads: query heads, H; divides hidden_size where head_dim is left to it.
        num_key_value_heads: key/value heads; divides H (grouped-query attention, arXiv:2305.13245).
        head_dim: size of one attention head, D; 0 becomes C / H.
        max_position_embeddings: longest sequence in tokens.
        position: rotary (arXiv:2104.09864), learned or sinusoidal (arXiv:1706.03762) positions.
        rope_theta: base of the rotary frequencies.
        rope_scaling: how the frequencies are stretched for longer texts (see `dragon.rotary`).
        rope_factor: how many times longer.
        rope_low_freq_factor, rope_high_freq_factor: of llama3, wavelengths between which it blends.
        rope_original_positions: of llama3 and yarn, the context before it was stretched.
        norm, norm_placement, norm_eps: which norm, and before or after each sublayer.
        activation: of the MLP; swiglu (arXiv:2002.05202) has a gate matrix, the others none;
            gelu_tanh is GPT-2's approximation (`gelu_new`).
        attention: who sees whom while reading: causal, everything, or a bidirectional prefix.
        sliding_window: tokens that a row looks back on, itself included; 0 is all of them.
        qk_norm: RMSNorm of every query and key head before the rotation (Qwen3).
        attention_bias, mlp_bias: biases of the projections.
        qkv_bias: biases of queries, keys and values only (Qwen2).
        tie_word_embeddings: the output matrix is the embedding matrix.
        pointer_head: a copy distribution over the tokens already read, mixed by a gate
            (See et al. 2017, arXiv:1704.04368).
        reader_features: sizes of the feature vocabularies that the reader adds to the token
            embeddings (see `dragon.tokenizer.reading`); empty for a plain language model.
        reader_head: what scores the spans of a reader: one `linear` map of the states, or
            `recurrent` layers over them (see `dragon.model.recurrent_head`), below which there may
            be no block at all.
        reader_context: a recurrent layer reads the token embeddings from both ends first, and what
            it makes of them is added to them (see `dragon.model.context`); only a reader has it.
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
    reader_head: ReaderHead = "linear"
    reader_context: bool = False
    head_dim: int = 0
    rope_scaling: RopeScaling = "none"
    rope_factor: float = 1.0
    rope_low_freq_factor: float = 1.0
    rope_high_freq_factor: float = 4.0
    rope_original_positions: int = 0
    sliding_window: int = 0
    qk_norm: bool = False
    qkv_bias: bool = False

    def __post_init__(self) -> None:
        check_types(self, "model")
        least = 0 if self.reader_head == "recurrent" else 1
        check_at_least(self, "model", least, "num_hidden_layers")
        check_at_least(self, "model", 1, SIZES.replace("num_hidden_layers ", ""))
        self._check_sizes()
        check_at_least(self, "model", 0, "head_dim rope_original_positions sliding_window")
        for name in ("rope_theta", "norm_eps", "rope_low_freq_factor"):
            if getattr(self, name) <= 0:
                raise ConfigError(
                    f"model.{name} is {getattr(self, name)}.", "It must be greater than 0."
                )
        if any(size < 1 for size in self.reader_features):
            raise ConfigError(
                f"model.reader_features is {list(self.reader_features)}.",
                "Each size must be at least 1.",
            )
        check_divides(self, "model", "num_key_value_heads", "num_attention_heads")
        self._check_heads()
        self._check_reader_head()
        self._check_rope_scaling()
        self._check_window()

    def _check_sizes(self) -> None:
        for name in SIZES.split():
            if getattr(self, name) > LARGEST:
                raise ConfigError(
                    f"model.{name} is {getattr(self, name)}.", f"It must be at most {LARGEST}."
                )

    def _check_heads(self) -> None:
        # The name in a message: what was given, or what it follows from.
        name = "head_dim" if self.head_dim else "hidden_size / num_attention_heads"
        if not self.head_dim:
            check_divides(self, "model", "num_attention_heads", "hidden_size")
            object.__setattr__(self, "head_dim", self.hidden_size // self.num_attention_heads)
        if self.position == "rope" and self.head_dim % 2:
            raise ConfigError(
                f"model.{name} is {self.head_dim}.", "Rotary positions need an even head size."
            )

    def _check_reader_head(self) -> None:
        if self.reader_head == "recurrent" and (not self.is_reader or self.hidden_size % 2):
            raise ConfigError(
                "model.reader_head is recurrent.",
                f"It needs model.reader_features and an even model.hidden_size, not "
                f"{list(self.reader_features)} and {self.hidden_size}.",
            )
        if self.reader_context and not self.is_reader:
            raise ConfigError("model.reader_context is true.", "It needs model.reader_features.")

    def _check_window(self) -> None:
        if self.sliding_window and self.attention != "causal":
            raise ConfigError(
                f"model.sliding_window is {self.sliding_window} and model.attention is "
                f"{self.attention}.",
                "A window needs causal attention.",
            )
        if self.sliding_window and (self.is_reader or self.pointer_head):
            raise ConfigError(
                f"model.sliding_window is {self.sliding_window} in a model with reader_features "
                "or pointer_head.",
                "These look at the whole text: set it to 0.",
            )

    def _check_rope_scaling(self) -> None:
        if self.rope_scaling == "none":
            return
        if self.position != "rope":
            raise ConfigError(
                f"model.rope_scaling is {self.rope_scaling} and model.position is {self.position}.",
                "Only rotary positions can be scaled.",
            )
        if self.rope_factor < 1:
            raise ConfigError(f"model.rope_factor is {self.rope_factor}.", "It must be 1 or more.")
        if self.rope_scaling != "linear" and not self.rope_original_positions:
            raise ConfigError(
                "model.rope_original_positions is 0.", f"{self.rope_scaling} needs 1 or more."
            )
        if self.rope_high_freq_factor <= self.rope_low_freq_factor:
            raise ConfigError(
                f"model.rope_high_freq_factor is {self.rope_high_freq_factor}.",
                f"It must be above rope_low_freq_factor, {self.rope_low_freq_factor}.",
            )

    @property
    def is_reader(self) -> bool:
        """True where the checkpoint carries a span scorer."""
        return bool(self.reader_features)
