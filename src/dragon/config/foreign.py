"""Other people's config.json: Hugging Face's fields become those of `ModelConfig`.

In: the JSON object of a GPT-2, Llama, Mistral, Qwen2 or Qwen3 model. Out: values for `ModelConfig`.
What a family does and our body does not is refused by its name, never left out.
"""

from collections.abc import Callable
from typing import Any

from dragon.config.families import GPT2_ACTIVATIONS, GPT2_NAMES
from dragon.errors import CheckpointError

Values = dict[str, Any]

# What a family's class in `transformers` assumes where the file is silent.
DEFAULTS: dict[str, Values] = {
    "gpt2": {"n_positions": 1024, "layer_norm_epsilon": 1e-5, "tie_word_embeddings": True},
    "llama": {"max_position_embeddings": 2048},
    "mistral": {
        "max_position_embeddings": 131072,
        "num_key_value_heads": 8,
        "sliding_window": 4096,
    },
    "qwen2": {"max_position_embeddings": 32768, "num_key_value_heads": 32},
    "qwen3": {"max_position_embeddings": 32768, "num_key_value_heads": 32, "head_dim": 128},
}
REQUIRED = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
)
# Settings that change what a model computes, and the only value of each that we compute.
FIXED: dict[str, Any] = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "partial_rotary_factor": 1.0,
    "quantization_config": None,
}


def from_hugging_face(values: Values) -> Values:
    """Values for `ModelConfig` from another library's config.json.

    Raises:
        CheckpointError: for an architecture or a setting that the engine does not compute.
    """
    family = values.get("model_type")
    if not isinstance(family, str) or family not in DEFAULTS:
        raise CheckpointError(
            f"config.json: model_type {family!r} is not supported.",
            f"Supported: {', '.join(DEFAULTS)}.",
        )
    for name, only in FIXED.items():
        if values.get(name, only) not in (only, None):
            raise CheckpointError(
                f"config.json: {name} is {values[name]!r}, which is not supported.",
                "Give a model without it.",
            )
    return _READERS[family](DEFAULTS[family] | values)


def _read_llama(values: Values) -> Values:
    return _llama_like(values) | _given(values, "attention_bias", "mlp_bias")


def _read_mistral(values: Values) -> Values:
    return _llama_like(values) | {"sliding_window": _window(values.get("sliding_window"), values)}


def _read_qwen2(values: Values) -> Values:
    return _llama_like(values) | {"qkv_bias": True, "sliding_window": _qwen_window(values)}


def _read_qwen3(values: Values) -> Values:
    own = {"qk_norm": True, "sliding_window": _qwen_window(values)}
    return _llama_like(values) | own | _given(values, "attention_bias")


def _read_gpt2(values: Values) -> Values:
    # `transformers` 5 writes some of them under their common names.
    values = {ours: values[name] for ours, name in GPT2_NAMES.items() if name in values} | values
    _require(values)
    activation = values.get("activation_function", "gelu_new")
    if activation not in GPT2_ACTIVATIONS:
        raise CheckpointError(
            f"config.json: activation_function {activation!r} is not supported.",
            f"Supported: {', '.join(GPT2_ACTIVATIONS)}.",
        )
    inner = values.get("n_inner")
    return {
        **_given(values, *REQUIRED, "norm_eps", "tie_word_embeddings"),
        "intermediate_size": _times_four(values["hidden_size"]) if inner is None else inner,
        "num_key_value_heads": values["num_attention_heads"],
        "position": "learned",
        "norm": "layernorm",
        "activation": GPT2_ACTIVATIONS[activation],
        "attention_bias": True,
        "mlp_bias": True,
    }


_READERS: dict[str, Callable[[Values], Values]] = {
    "gpt2": _read_gpt2,
    "llama": _read_llama,
    "mistral": _read_mistral,
    "qwen2": _read_qwen2,
    "qwen3": _read_qwen3,
}


def _llama_like(values: Values) -> Values:
    _require(values, "intermediate_size")
    activation = values.get("hidden_act", "silu")
    if activation not in ("silu", "swish"):
        raise CheckpointError(
            f"config.json: hidden_act {activation!r} is not supported.", "Supported: silu."
        )
    tied = values.get("tie_word_embeddings")
    return {
        **_given(values, *REQUIRED, "intermediate_size"),
        "num_key_value_heads": values["num_attention_heads"],
        **_given(values, "num_key_value_heads", "head_dim"),
        "norm_eps": values.get("rms_norm_eps", 1e-6),
        "tie_word_embeddings": False if tied is None else tied,
        **_rope(values, values["max_position_embeddings"]),
    }


def _rope(values: Values, positions: Any) -> Values:
    """Rotary settings: a table of their own, or fields beside the others in older files."""
    given = values.get("rope_parameters") or values.get("rope_scaling") or {}
    if not isinstance(given, dict):
        raise CheckpointError(f"config.json: rope_scaling is {given!r}.", "It must be an object.")
    kind = given.get("rope_type", given.get("type", "default"))
    theta = given.get("rope_theta", values.get("rope_theta"))
    base = {} if theta is None else {"rope_theta": theta}
    # Dynamic scaling is none within the context, and beyond it nothing is read.
    if kind in ("default", "dynamic"):
        return base
    if kind not in ("linear", "llama3", "yarn"):
        raise CheckpointError(
            f"config.json: rope_type {kind!r} is not supported.",
            "Supported: default, dynamic, linear, llama3, yarn.",
        )
    scaling = base | {"rope_scaling": kind, "rope_factor": given.get("factor")}
    if kind == "llama3":
        scaling["rope_low_freq_factor"] = given.get("low_freq_factor")
        scaling["rope_high_freq_factor"] = given.get("high_freq_factor")
    if kind != "linear":
        scaling["rope_original_positions"] = given.get(
            "original_max_position_embeddings", positions
        )
    return scaling | (_yarn(given, scaling, positions) if kind == "yarn" else {})


def _yarn(given: Values, scaling: Values, positions: Any) -> Values:
    only: Values = {"beta_fast": 32, "beta_slow": 1, "truncate": True}
    only |= dict.fromkeys(("attention_factor", "mscale", "mscale_all_dim", "partial_rotary_factor"))
    for name, value in given.items():
        if name in only and value not in (only[name], None):
            raise CheckpointError(
                f"config.json: rope_scaling.{name} is {value!r}, which is not supported.",
                f"Supported: {only[name]}.",
            )
    factor, original = scaling["rope_factor"], scaling["rope_original_positions"]
    if (
        positions != original
        or not isinstance(factor, (int, float))
        or not isinstance(original, int)
    ):
        return {}
    # The file still gives the length before stretching (Qwen's way of switching YaRN on).
    return {"max_position_embeddings": int(factor * original)}


def _window(window: Any, values: Values) -> Any:
    """Tokens of the sliding window; 0 where there is none or the whole context fits into it."""
    if window is None:
        return 0
    positions = values.get("max_position_embeddings")
    both = isinstance(window, int) and isinstance(positions, int)
    return 0 if both and window >= positions else window


def _qwen_window(values: Values) -> Any:
    layers, first = values["num_hidden_layers"], values.get("max_window_layers", 28)
    kinds = values.get("layer_types")
    if not values.get("use_sliding_window"):
        return 0
    if isinstance(kinds, list):
        sliding = kinds.count("sliding_attention")
    else:
        known = isinstance(layers, int) and isinstance(first, int)
        sliding = max(layers - first, 0) if known else 0
    if not sliding:
        return 0
    if sliding != layers:
        raise CheckpointError(
            "config.json: some layers have a sliding window and others none, "
            "which is not supported.",
            "Set use_sliding_window to false for texts that are shorter than the window.",
        )
    return _window(values.get("sliding_window", 4096), values)


def _require(values: Values, *also: str) -> None:
    for name in (*REQUIRED, *also):
        if values.get(name) is None:
            raise CheckpointError(f"config.json has no {name}.", "The model folder is incomplete.")


def _given(values: Values, *names: str) -> Values:
    return {name: values[name] for name in names if values.get(name) is not None}


def _times_four(width: Any) -> Any:
    return 4 * width if isinstance(width, int) else width
