"""Every variant of `ModelConfig`, drawn: what its fields of few values can be."""

from hypothesis import strategies as st

VARIANTS: dict[str, st.SearchStrategy[object]] = {
    "position": st.sampled_from(["rope", "learned", "sinusoidal"]),
    "norm": st.sampled_from(["rmsnorm", "layernorm"]),
    "norm_placement": st.sampled_from(["pre", "post"]),
    "activation": st.sampled_from(["swiglu", "gelu", "relu"]),
    "attention": st.sampled_from(["causal", "bidirectional", "prefix"]),
    "attention_bias": st.booleans(),
    "mlp_bias": st.booleans(),
    "tie_word_embeddings": st.booleans(),
    "pointer_head": st.booleans(),
}
