"""Small random models of every family that we open, made and saved by `transformers`."""

from pathlib import Path
from typing import Any

# Names of classes, so that importing this file does not import PyTorch.
SMALL = {
    "vocab_size": 97,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
    "rope_theta": 500.0,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
QWEN_WINDOW = {"use_sliding_window": True, "sliding_window": 9, "max_window_layers": 0}
GPT2 = {"vocab_size": 97, "n_embd": 48, "n_layer": 3, "n_head": 6, "n_positions": 128}

FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("GPT2", GPT2),
    "gpt2-relu-untied": (
        "GPT2",
        {**GPT2, "n_inner": 50, "activation_function": "relu", "tie_word_embeddings": False},
    ),
    "llama": ("Llama", SMALL),
    "llama-tied-biased": (
        "Llama",
        {**SMALL, "tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
    ),
    "llama-own-head": ("Llama", {**SMALL, "head_dim": 12}),
    "llama-linear": (
        "Llama",
        {**SMALL, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e4}},
    ),
    "llama3": ("Llama", {**SMALL, "rope_parameters": LLAMA3}),
    "llama-dynamic": (
        "Llama",
        {**SMALL, "rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}},
    ),
    "mistral": ("Mistral", {**SMALL, "sliding_window": 7}),
    "mistral-whole": ("Mistral", {**SMALL, "sliding_window": None}),
    "qwen2": ("Qwen2", SMALL),
    "qwen2-window": ("Qwen2", {**SMALL, **QWEN_WINDOW}),
    "qwen2-yarn": ("Qwen2", {**SMALL, "rope_parameters": {**YARN, "rope_theta": 1e4}}),
    "qwen3": ("Qwen3", {**SMALL, "head_dim": 12}),
    "qwen3-tied-biased": (
        "Qwen3",
        {**SMALL, "head_dim": 10, "attention_bias": True, "tie_word_embeddings": True},
    ),
}


def make(name: str, seed: int = 0) -> Any:
    """A model of `transformers`, its values large enough that every part of it is felt."""
    import torch
    import transformers

    family, values = FAMILIES[name]
    kind = getattr(transformers, f"{family}{'LMHeadModel' if family == 'GPT2' else 'ForCausalLM'}")
    ends = {"eos_token_id": None, "bos_token_id": None}
    torch.manual_seed(seed)
    model = kind(getattr(transformers, f"{family}Config")(**values, **ends)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.15 * torch.randn_like(parameter))
    return model


def save(model: Any, folder: Path, **options: Any) -> Path:
    model.save_pretrained(folder, **options)
    return folder


def logits(model: Any, ids: Any) -> Any:
    import torch

    with torch.no_grad():
        return model(torch.as_tensor(ids)[None].long()).logits[0].float().numpy()


def greedy(model: Any, prompt: list[int], count: int) -> list[int]:
    """The `count` most probable tokens, one by one, without generate's own settings."""
    import torch

    ids, cache = torch.tensor([prompt]), None
    tokens: list[int] = []
    with torch.no_grad():
        for _ in range(count):
            out = model(ids, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            tokens.append(int(out.logits[0, -1].argmax()))
            ids = torch.tensor([[tokens[-1]]])
    return tokens
