"""The families of models that other libraries know, and the config.json of each.

In: a `ModelConfig`. Out: the family that computes exactly what it says, and its JSON object, as
`transformers` reads it. The way back is `dragon.config.foreign`.
"""

from typing import Any

from dragon.config.model import ModelConfig

Values = dict[str, Any]

ARCHITECTURES = {
    "gpt2": "GPT2LMHeadModel",
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
GPT2_NAMES = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
    "norm_eps": "layer_norm_epsilon",
}
GPT2_ACTIVATIONS = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu_fast": "gelu_tanh",
    "gelu": "gelu",
    "relu": "relu",
}


def to_hugging_face(config: ModelConfig) -> Values | None:
    """The config.json of the family that computes what `config` says; None if there is none.

    Extra mouths (reader features, the pointer head) are not looked at: the body is.
    """
    family = family_of(config)
    if family is None:
        return None
    fields = _gpt2_fields(config) if family == "gpt2" else _llama_fields(config, family)
    return {
        "architectures": [ARCHITECTURES[family]],
        "model_type": family,
        "vocab_size": config.vocab_size,
        "tie_word_embeddings": config.tie_word_embeddings,
        **fields,
    }


def family_of(config: ModelConfig) -> str | None:
    """Which family computes exactly what this configuration says; None if none does."""
    c = config
    body = (c.position, c.norm, c.norm_placement)
    if body == ("learned", "layernorm", "pre"):
        whole = c.num_key_value_heads == c.num_attention_heads
        own_heads = c.head_dim * c.num_attention_heads != c.hidden_size
        plain = whole and not (own_heads or c.qk_norm or c.sliding_window)
        biased = c.attention_bias and c.mlp_bias and c.activation != "swiglu"
        return "gpt2" if plain and biased else None
    if body != ("rope", "rmsnorm", "pre") or c.activation != "swiglu":
        return None
    only_qkv = c.qkv_bias and not c.attention_bias
    if c.qk_norm:
        return None if only_qkv or c.mlp_bias else "qwen3"
    if only_qkv:
        return None if c.mlp_bias else "qwen2"
    if c.sliding_window:
        return None if c.attention_bias or c.mlp_bias else "mistral"
    return "llama"


def _gpt2_fields(config: ModelConfig) -> Values:
    named = {name: getattr(config, ours) for ours, name in GPT2_NAMES.items()}
    activations = {ours: name for name, ours in reversed(GPT2_ACTIVATIONS.items())}
    return named | {
        "n_inner": config.intermediate_size,
        "activation_function": activations[config.activation],
    }


def _llama_fields(config: ModelConfig, family: str) -> Values:
    same = (
        "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads "
        "head_dim max_position_embeddings rope_theta"
    )
    fields: Values = {name: getattr(config, name) for name in same.split()}
    fields |= {"hidden_act": "silu", "rms_norm_eps": config.norm_eps}
    if config.rope_scaling != "none":
        fields["rope_scaling"] = _rope_fields(config)
    if family in ("llama", "qwen3"):
        fields["attention_bias"] = config.attention_bias
    if family == "llama":
        return fields | {"mlp_bias": config.mlp_bias}
    fields["sliding_window"] = config.sliding_window or None
    if family != "mistral":
        fields |= {"use_sliding_window": bool(config.sliding_window), "max_window_layers": 0}
    return fields


def _rope_fields(config: ModelConfig) -> Values:
    fields: Values = {"rope_type": config.rope_scaling, "factor": config.rope_factor}
    if config.rope_scaling != "linear":
        fields["original_max_position_embeddings"] = config.rope_original_positions
    if config.rope_scaling == "llama3":
        fields["low_freq_factor"] = config.rope_low_freq_factor
        fields["high_freq_factor"] = config.rope_high_freq_factor
    return fields
