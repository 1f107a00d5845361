"""Every variant of `ModelConfig`, drawn: what its fields of few values can be."""

from hypothesis import strategies as st

VARIANTS: dict[str, st.SearchStrategy[object]] = {
    "position": st.sampled_from(["rope", "learned", "sinusoidal"]),
    "norm": st.sampled_from(["rmsnorm", "layernorm"]),
    "norm_placement": st.sampled_from(["pre", "post"]),
    "activation": st.sampled_from(["swiglu", "gelu", "gelu_tanh", "relu"]),
    "attention": st.sampled_from(["causal", "bidirectional", "prefix"]),
    "attention_bias": st.booleans(),
    "qkv_bias": st.booleans(),
    "qk_norm": st.booleans(),
    "head_dim": st.sampled_from([0, 0, 2, 6, 10]),
    "sliding_window": st.sampled_from([0, 0, 1, 3, 12]),
    "rope_scaling": st.sampled_from(["none", "linear", "llama3", "yarn"]),
    "rope_factor": st.sampled_from([1.0, 2.0, 8.0]),
    "rope_original_positions": st.sampled_from([4, 16]),
    "mlp_bias": st.booleans(),
    "tie_word_embeddings": st.booleans(),
    "pointer_head": st.booleans(),
    "reader_context": st.booleans(),
    "reader_head": st.sampled_from(["linear", "recurrent"]),
}


def fitting(values: dict[str, object]) -> dict[str, object]:
    """What a configuration allows only together with another value, left out elsewhere."""
    if not values["reader_features"]:
        values = values | {"reader_head": "linear", "reader_context": False}
    if values["reader_head"] != "recurrent":
        values = values | {"num_hidden_layers": max(1, int(str(values["num_hidden_layers"])))}
    if values["position"] != "rope":
        values = values | {"rope_scaling": "none"}
    whole = values["reader_features"] or values["pointer_head"]
    if values["attention"] != "causal" or whole:
        values = values | {"sliding_window": 0}
    return values
